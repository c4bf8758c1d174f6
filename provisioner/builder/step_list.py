"""The steps of an org in order: settings of its definition, steps of pool.yaml, verification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.builder.fingerprint import is_marker
from provisioner.builder.snapshot_names import lower_steps, marker
from provisioner.config.certificate import app_certificate
from provisioner.steps import login_app
from provisioner.steps.base import Step
from provisioner.steps.compare_contents import CompareContents
from provisioner.steps.login_app import LoginApp
from provisioner.steps.settings import Settings
from provisioner.steps.snapshot import LONGEST
from provisioner.steps.verification import Verification

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile, StepEntry
    from provisioner.ledger.base import Org

# Source: docs/reference/durations.md
DEFAULT_TIMEOUT = 7200.0  # seconds; installs have taken hours on bad days


@dataclass(frozen=True)
class ListedStep:
    """A step and its name in reports; `timeout` in seconds."""

    name: str
    step: Step
    timeout: float = DEFAULT_TIMEOUT
    retry: int = 0  # failures that are not transient, before the step has failed for good
    continues_on_error: bool = False

    @property
    def takes_real_time(self) -> bool:
        """Whether the step works on this machine: its time-out is that of the clock on the wall."""
        return bool(getattr(self.step, "takes_real_time", False))


class StepLists:
    """Lists the steps of orgs, once for each pool and definition. Safe to use from threads."""

    def __init__(self, config: PoolFile) -> None:
        self._config = config
        self._known: dict[tuple[str, str, bool], list[ListedStep]] = {}
        self._login_app: ListedStep | None = None

    def of(self, org: Org) -> list[ListedStep]:
        """All steps of an org, from the settings of its definition to the verification."""
        key = (org.pool, org.definition, bool(org.snapshot))
        found = self._known.get(key)
        return found if found is not None else self._known.setdefault(key, self._listed(org))

    def login_app(self) -> ListedStep:
        """The step before all others of an org that has no consumer key of its own yet."""
        if self._login_app is None:
            app = self._config.consumer_app
            step = LoginApp(app_certificate(app), self._config.dev_hub.username)
            self._login_app = ListedStep(step.kind, step, login_app.TIMEOUT)
        return self._login_app

    def _listed(self, org: Org) -> list[ListedStep]:
        own = [
            ListedStep(
                entry.title,
                entry.step,
                entry.timeout.total_seconds() if entry.timeout else _timeout(entry),
                entry.retry,
                # Without a snapshot, an org is as good: it is built in full.
                entry.continue_on_error or is_marker(entry),
            )
            for entry in self._entries(org)
        ]
        first: list[Step] = [Settings(), *([CompareContents()] if org.snapshot else [])]
        last = Verification()
        before = [ListedStep(step.kind, step) for step in first]
        return [*before, *own, ListedStep(last.kind, last)]

    def _entries(self, org: Org) -> Sequence[StepEntry]:
        """All steps; in an org from a snapshot only those below the marker."""
        pool = self._config.pools[org.pool]
        if org.snapshot and marker(pool) is not None:
            return lower_steps(pool, org.definition)
        return pool.steps_of(org.definition)


def _timeout(entry: StepEntry) -> float:
    return LONGEST if is_marker(entry) else DEFAULT_TIMEOUT
