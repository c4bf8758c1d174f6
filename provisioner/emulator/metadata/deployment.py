"""One deploy: queued, running, done; and the result for which clients poll."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from provisioner.emulator.ids import to_15
from provisioner.emulator.metadata.apex_tests import ApexTests
from provisioner.emulator.metadata.apply import Result, apply_packages
from provisioner.emulator.metadata.archive import Archive, ArchiveProblem
from provisioner.emulator.metadata.comparison import Package, read_packages
from provisioner.emulator.metadata.deploy_tests import run_tests
from provisioner.emulator.metadata.options import DeployOptions
from provisioner.emulator.objects.values import format_datetime

if TYPE_CHECKING:
    from provisioner.emulator.clock import Progression
    from provisioner.emulator.org import EmulatedOrg

STATES = ("Pending", "InProgress", "Finalizing", "Done")
ALREADY_IN_PROCESS = (
    "The changes you requested require Salesforce to temporarily lock your organization's "
    "administration setup. However, the administration setup has already been locked by another "
    "change. Please wait for the previous action to finish, then try again."
)
"""The message for a deploy during an install (docs/reference/deploys.md#the-setup-lock)."""


@dataclass
class Deployment:
    """A deploy request of an org. All its changes are made together, at its end."""

    id: str
    org: EmulatedOrg
    user_id: str
    options: DeployOptions
    zip_bytes: bytes
    created: datetime
    progression: Progression | None = None  # None while it waits for the setup lock
    ends: datetime | None = None
    started: datetime | None = None
    completed: datetime | None = None
    result: Result | None = None
    tests: ApexTests = field(default_factory=ApexTests)
    error_code: str = ""
    error_message: str = ""
    canceled_by: str = ""
    is_canceling: bool = False
    validation_id: str = ""  # of the validated deploy that this one repeats without tests
    validated_zip: bytes = b""  # of a validation that may be deployed
    total: int = 0  # components
    files: int = 0
    zip_size: int = field(init=False)
    _archive: Archive | None = None
    _packages: list[Package] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.zip_size = len(self.zip_bytes)

    @property
    def is_settled(self) -> bool:
        """Whether it has ended, even if clients have not polled its last state yet."""
        return self.completed is not None

    def start(self) -> None:
        """Start it under the setup lock: read the zip, and start its progression."""
        self.started = self.org.world.now()
        self.progression = self.org.world.progression("deploy", STATES, of=self.org.username)
        seconds = 0.0 if self.progression.instant else sum(self.progression.durations)
        self.ends = self.started + timedelta(seconds=seconds)
        try:
            self._archive = Archive(self.zip_bytes)
            self.files, options = len(self._archive), self.options
            self._packages = read_packages(
                self._archive,
                single=options.single_package,
                allow_missing=options.allow_missing_files,
            )
        except ArchiveProblem as problem:
            self.error_code, self.error_message = problem.code, problem.message
        self.total = sum(len(package.chosen) for package in self._packages)

    def finish(self) -> None:
        """Apply it when its duration is over, unless it was cancelled or cannot be read."""
        if self._archive is not None and not self.error_code and not self.is_canceling:
            self._apply(self._archive)
        self._close()

    def refuse(self, code: str, message: str) -> None:
        """Fail it before it has started."""
        self.started = self.org.world.now()
        self.error_code, self.error_message = code, message
        self._close()

    def cancel(self, user_id: str) -> None:
        """Cancel it: at once while it waits, else at its end; it makes no changes then."""
        if self.is_settled:
            return
        self.canceled_by, self.is_canceling = user_id, True
        if self.progression is None:
            self._close()

    def _apply(self, archive: Archive) -> None:
        self.result = apply_packages(
            self.org,
            archive,
            self._packages,
            self.options,
            self.user_id,
            accept=self._pass_tests,
        )

    def _pass_tests(self) -> bool:
        chosen = (one for package in self._packages for one in package.chosen)
        deployed = frozenset((one.type, one.full_name.lower()) for one in chosen)
        self.tests = run_tests(self.org, self.options, deployed)
        return not self.tests.failures

    def _close(self) -> None:
        self.completed = self.org.world.now()
        if self._is_validation():
            self.validated_zip = self.zip_bytes
        if self._archive is not None:
            self._archive.close()
        self._archive, self._packages, self.zip_bytes = None, [], b""

    def _is_validation(self) -> bool:
        """Whether it has validated its components, with tests that passed."""
        is_checked = self.options.check_only and self.options.test_level not in ("", "NoTestRun")
        return is_checked and self.result is not None and self._final() == "Succeeded"

    # --- what clients see -------------------------------------------------------------------

    @property
    def is_deployed(self) -> bool:
        """Whether it has changed the org, even if clients have not polled its last state yet."""
        return self.is_settled and self._final().startswith("Succeeded")

    def poll(self) -> str:
        """The current status; advances by at most one."""
        if self.is_settled and (self.progression is None or self.error_code):
            return self._final()
        if self.progression is None:
            return "Pending"
        state = self.progression.poll()
        if state == "Done":
            return self._final() if self.is_settled else "Finalizing"
        return "Canceling" if self.is_canceling else state

    def _final(self) -> str:
        if self.is_canceling:
            return "Canceled"
        if self.result is None or self.tests.failures:
            return "Failed"
        if not self.result.failures:
            return "Succeeded"
        return "Failed" if self.result.is_rolled_back else "SucceededPartial"

    def to_json(self, *, with_details: bool) -> dict[str, Any]:
        """The deploy result (docs/reference/deploys.md#result); this is a poll."""
        status = self.poll()
        is_done = status in ("Succeeded", "SucceededPartial", "Failed", "Canceled")
        result = self.result if is_done and self.result else Result()
        name = self._user_name(self.user_id)
        body: dict[str, Any] = {
            "checkOnly": self.options.check_only,
            "completedDate": _moment(self.completed if is_done else None),
            "createdBy": to_15(self.user_id),
            "createdByName": name,
            "createdDate": _moment(self.created),
            "details": self._details(result) if with_details else None,
            "done": is_done,
            "errorMessage": self._error() if is_done else None,
            "errorStatusCode": (self.error_code or None) if is_done else None,
            "id": self.id,
            "ignoreWarnings": self.options.ignore_warnings,
            "lastModifiedDate": _moment(self.completed or self.started or self.created),
            "numberComponentErrors": len([one for one in result.failures if one.component_type]),
            "numberComponentsDeployed": self._deployed(status, result),
            "numberComponentsTotal": 0 if status == "Pending" else self._total(result),
            "numberFiles": self.files,
            "numberTestErrors": len(self.tests.failures) if is_done else 0,
            "numberTestsCompleted": self.tests.count if is_done else 0,
            "numberTestsTotal": self.tests.count if is_done else 0,
            "rollbackOnError": self.options.rollback_on_error,
            "runTestsEnabled": self.options.test_level not in ("", "NoTestRun"),
            "startDate": _moment(self.started if status != "Pending" else None),
            "stateDetail": "Processing Type: " if status == "InProgress" else None,
            "status": status,
            "success": status in ("Succeeded", "SucceededPartial"),
            "zipSize": self.zip_size,
        }
        if self.canceled_by:
            body["canceledBy"] = self.canceled_by
            body["canceledByName"] = self._user_name(self.canceled_by)
        return body

    def _error(self) -> str | None:
        return f"{self.error_code}: {self.error_message}" if self.error_code else None

    def _total(self, result: Result) -> int:
        return max(self.total, len(result.components))

    def _deployed(self, status: str, result: Result) -> int:
        """How many are done: while it runs, in proportion to the elapsed time."""
        if result.outcomes or self.started is None or self.ends is None:
            return len([one for one in result.components if one.success])
        if status == "Finalizing":
            return self.total
        whole = (self.ends - self.started).total_seconds()
        elapsed = (self.org.world.now() - self.started).total_seconds()
        share = min(elapsed / whole, 1.0) if whole and status == "InProgress" else 0.0
        return int(self.total * share)

    def _details(self, result: Result) -> dict[str, Any]:
        moment = _moment(self.completed or self.created) or ""
        return {
            "allComponentMessages": [],
            "componentFailures": [one.to_json(moment) for one in result.failures],
            "componentSuccesses": [one.to_json(moment) for one in result.outcomes if one.success],
            "retrieveResult": None,
            "runTestResult": self.tests.to_json(),
        }

    def _user_name(self, user_id: str) -> str:
        row = self.org.store.peek("User", user_id)
        return str(row["Name"]) if row else ""


def _moment(moment: datetime | None) -> str | None:
    """A time as deploy results have it: `2026-11-24T21:13:09.000Z`."""
    return None if moment is None else format_datetime(moment).replace("+0000", "Z")
