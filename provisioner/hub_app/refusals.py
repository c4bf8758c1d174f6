"""Refusals of the Dev Hub, as errors that name the right or the setting that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from provisioner.errors import ErrorKind, SalesforceError, UsageError
from provisioner.hub_app.rights import ADMINISTRATOR
from provisioner.salesforce.whole_deploy import LONGEST_DEPLOY, problems

if TYPE_CHECKING:
    from provisioner.salesforce.metadata import DeployStatus

_NOT_ENABLED = "not available for deploy for this organization"
_TAKEN = "consumer key is already taken"
_NOT_A_HUB = ("scratchorginfo", "activescratchorg")

EXTERNAL_CLIENT_APPS = (
    "enable External Client Apps in the Dev Hub: Setup, External Client App Settings"
)


@contextmanager
def named() -> Iterator[None]:
    """Raise UsageError in place of a refusal, because it concerns the set-up of the Dev Hub."""
    try:
        yield
    except SalesforceError as error:
        if error.is_unreachable or error.kind is ErrorKind.TRANSIENT:
            raise
        hint = error.hint or f"{ADMINISTRATOR}; {EXTERNAL_CLIENT_APPS}"
        raise UsageError(error.message, code="hub_refused", hint=hint) from None


def require_success(status: DeployStatus) -> None:
    """Raise UsageError, with every problem, unless the deploy has succeeded."""
    if not status.is_done:
        raise UsageError(
            f"the deploy {status.id} on the Dev Hub has not finished after "
            f"{LONGEST_DEPLOY / 60:.0f} minutes",
            code="deploy",
            hint="see Setup > Deployment Status on the Dev Hub; when it is finished, run the "
            "command again",
        )
    if status.is_success:
        return
    text = problems(status)
    if _TAKEN in text.lower():
        raise UsageError(
            f"the consumer key of pool.yaml is that of another app:\n{text}",
            code="consumer_key_taken",
            hint="remove consumer_key from dev_hub: Salesforce then generates a key, which this "
            "command prints",
        )
    raise UsageError(
        f"the Dev Hub refused the deploy; nothing was changed:\n{text}",
        code="deploy",
        hint=_hint(text.lower()),
    )


def _hint(text: str) -> str:
    if any(name in text for name in _NOT_A_HUB):
        return "enable Dev Hub in Setup: an org that is not a Dev Hub has no scratch orgs"
    if _NOT_ENABLED in text:
        return EXTERNAL_CLIENT_APPS
    return ADMINISTRATOR
