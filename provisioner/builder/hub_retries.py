"""Waits for a Dev Hub that is out of order for a moment when a build starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from provisioner import retry
from provisioner.errors import ErrorKind, LoginError, SalesforceError
from provisioner.retry import BUILD_START, repeated

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext

T = TypeVar("T")

_TRANSIENT_LOGINS = frozenset({"unreachable", "server_error", "org_gone"})
"""Refused hub logins that are retried. An app that is not approved does not approve itself."""


def retried(context: BuildContext, what: str, action: Callable[[], T]) -> T:
    """The result of `action`, retried after transient failures. Raises its last error."""
    with repeated(set()):
        for wait in BUILD_START.waits:
            try:
                return action()
            except (SalesforceError, LoginError) as error:
                if not _is_transient(error):
                    raise
                first_line = error.message.partition("\n")[0]
                context.reporter.warn(f"{what}: {first_line}; retrying")
            retry.sleep(context.wait(wait))
        return action()


def _is_transient(error: SalesforceError | LoginError) -> bool:
    if isinstance(error, LoginError):
        return error.code in _TRANSIENT_LOGINS
    return error.kind is ErrorKind.TRANSIENT
