"""One package install in one org: its request, its status, and what its errors mean."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.error_kinds import NOT_AVAILABLE_YET, PACKAGE_RETRIES, says_any
from provisioner.salesforce.packages import (
    InstallRequest,
    InstallStatus,
    escaped,
    install_in_progress,
    install_status,
    request_install,
)
from provisioner.salesforce.redaction import redact
from provisioner.steps.base import UNAVAILABLE, StartAgain, StepContext, StepFailed
from provisioner.steps.remote_request import RemoteRequest

FIRST_POLL = 2.0  # seconds; small packages need 30 to 120 (docs/reference/durations.md)
LEFT = "versions after an install"
"""What an install leaves for the step that follows at once: the ids that are installed now."""

_KEY_ERRORS = ("install_key", "installation key", "installationkey", "password")


@dataclass(frozen=True)
class PackageInstall:
    """What is installed and how; `key_hint` says where pool.yaml has the installation key."""

    title: str
    request: InstallRequest
    key_hint: str

    def send(self, context: StepContext) -> RemoteRequest:
        """Request the install. A refusal may quote the request; the key is removed from it."""
        try:
            return RemoteRequest(request_install(context.org, self.request))
        except SalesforceError as error:
            error.message = self._without_key(error.message)
            error.args = (error.message,)
            if says_any(f"{error.error_code} {error.message}", NOT_AVAILABLE_YET):
                context.remember(StartAgain())  # from now on the timeout of the step counts
                error.code = UNAVAILABLE
            raise

    def sent(self, context: StepContext) -> RemoteRequest | None:
        """The request that a killed build sent, or whose answer was lost, while it runs."""
        found = install_in_progress(context.org, self.request.version)
        return RemoteRequest(found) if found else None

    def status(self, context: StepContext, request_id: str) -> str:
        """The status of the install; "" when it is complete. Raises StepFailed when it failed."""
        status = install_status(context.org, request_id)
        if status.status == "ERROR":
            raise self._failure(context, status)
        return "" if status.status == "SUCCESS" else status.status

    def _failure(self, context: StepContext, status: InstallStatus) -> StepFailed:
        """Transient when the version is not available yet or the org is busy."""
        if says_any(status.error, PACKAGE_RETRIES):
            context.remember(StartAgain())
            kind, hint = ErrorKind.TRANSIENT, ""
        elif says_any(status.error, _KEY_ERRORS):
            kind, hint = ErrorKind.CONFIGURATION, self.key_hint
        else:
            kind, hint = ErrorKind.CONTENT, ""
        text = self._without_key(status.error)
        failure = StepFailed(f"{self.title} was not installed: {text}", kind=kind, hint=hint)
        if says_any(status.error, NOT_AVAILABLE_YET):
            failure.code = UNAVAILABLE
        return failure

    def _without_key(self, text: str) -> str:
        """`text` without the installation key, plain or escaped."""
        key = self.request.installation_key
        return redact(text, [escaped(key), key])
