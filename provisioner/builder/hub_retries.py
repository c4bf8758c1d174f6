"""Waits for a Dev Hub that is out of order for a moment when the night begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from provisioner import retry
from provisioner.errors import ErrorKind, LoginError, SalesforceError
from provisioner.retry import BUILD_START, repeated

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext

T = TypeVar("T")

_PASSING_LOGINS = frozenset({"unreachable", "server_error", "org_gone"})
"""Refusals of a hub login that are worth a wait. An app that is not approved stays so."""


def retried(context: BuildContext, what: str, action: Callable[[], T]) -> T:
    """The result of `action`, tried again while it fails in passing. Raises its last error."""
    with repeated(set()):
        for wait in BUILD_START.waits:
            try:
                return action()
            except (SalesforceError, LoginError) as error:
                if not _passes(error):
                    raise
                first_line = error.message.partition("\n")[0]
                context.say(f"{what}: {first_line}; retrying", is_warning=True)
            retry.sleep(context.wait(wait))
        return action()


def _passes(error: SalesforceError | LoginError) -> bool:
    if isinstance(error, LoginError):
        return error.code in _PASSING_LOGINS
    return error.kind is ErrorKind.TRANSIENT
