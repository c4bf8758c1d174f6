"""`install_package`: one package version, installed in the org."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from provisioner.declare.options import option
from provisioner.declare.secret import Secret
from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.error_kinds import PACKAGE_RETRIES, says_any
from provisioner.salesforce.packages import (
    REQUEST,
    InstallRequest,
    InstallStatus,
    escaped,
    install_status,
    is_installed,
    request_install,
)
from provisioner.salesforce.redaction import redact
from provisioner.steps.base import (
    Done,
    Outcome,
    Pending,
    StartAgain,
    StepContext,
    StepFailed,
)
from provisioner.steps.remote_request import RemoteRequest, RequestState, read_request

FIRST_POLL = 2.0  # seconds; small packages need 30 to 120 (docs/reference/durations.md)
NEXT_POLL = 5.0
_KEY_ERRORS = ("install_key", "installation key", "installationkey", "password")


@dataclass(frozen=True, kw_only=True)
class InstallPackage:
    """Installs a package version.

    Safe to run twice: a version that is installed is not requested. When the answer to a request
    was lost, a second request for the same version changes nothing.
    """

    kind: ClassVar[str] = "install_package"

    version: str = option(
        "the package version",
        pattern=r"04t([A-Za-z0-9]{12}|[A-Za-z0-9]{15})",
        expects="a package version id, 04t with 15 or 18 characters (names and aliases of "
        "packages are not supported yet)",
        example="04t5Y000000AbCdQAK",
    )
    installation_key: Secret | None = option(
        "the installation key of a protected version", default=None, example="${BILLING_KEY}"
    )
    security_type: Literal["none", "full"] = option(
        "who may use it: administrators only (none), or every profile (full)", default="none"
    )
    name_conflict: Literal["block", "rename"] = option(
        "what happens to components whose names are taken: refuse, or rename them",
        default="block",
    )

    def start(self, context: StepContext) -> Outcome:
        """Request the install, unless this version is installed."""
        if is_installed(context.org, self.version):
            return Done(f"{self.version} is already installed")
        try:
            request_id = request_install(context.org, self._request())
        except SalesforceError as error:
            error.message = self._without_key(error.message)  # a refusal may quote the request
            error.args = (error.message,)
            raise
        return Pending(RemoteRequest(request_id), wait=FIRST_POLL)

    def poll(self, context: StepContext, state: RequestState) -> Outcome:
        """The status of the install. Raises StepFailed with Salesforce's errors."""
        if isinstance(state, StartAgain):
            return self.start(context)
        status = install_status(context.org, state.id)
        if status.status == "SUCCESS":
            return Done(f"installed {self.version}")
        if status.status != "ERROR":
            return Pending(state, note=status.status, wait=NEXT_POLL)
        raise self._failure(context, status)

    def read_state(self, text: str) -> RequestState:
        """The id of the install request. Any other text starts the step again, which is safe."""
        return read_request(text, REQUEST)

    def inputs(self, directory: Path) -> Iterable[bytes]:  # noqa: ARG002 - the contract
        """The version and how it is installed; not the key."""
        yield self.version[:15].encode()
        yield f"{self.security_type} {self.name_conflict}".encode()

    def _request(self) -> InstallRequest:
        return InstallRequest(
            version=self.version,
            installation_key=self.installation_key.reveal() if self.installation_key else "",
            security_type=self.security_type,
            name_conflict="Block" if self.name_conflict == "block" else "RenameMetadata",
        )

    def _failure(self, context: StepContext, status: InstallStatus) -> StepFailed:
        """Transient when the version is not available yet or the org is busy."""
        if says_any(status.error, PACKAGE_RETRIES):
            context.remember(StartAgain())
            kind, hint = ErrorKind.TRANSIENT, ""
        elif says_any(status.error, _KEY_ERRORS):
            kind, hint = ErrorKind.CONFIGURATION, "check installation_key"
        else:
            kind, hint = ErrorKind.CONTENT, ""
        text = self._without_key(status.error)
        return StepFailed(f"{self.version} was not installed: {text}", kind=kind, hint=hint)

    def _without_key(self, text: str) -> str:
        """`text` without the installation key, plain or escaped."""
        key = self.installation_key.reveal() if self.installation_key else ""
        return redact(text, [escaped(key), key])
