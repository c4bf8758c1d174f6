"""Retries the first requests of a build when the Dev Hub is temporarily unavailable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from provisioner import retry
from provisioner.declare.duration import format_duration
from provisioner.errors import ErrorKind, LoginError, SalesforceError
from provisioner.retry import BUILD_START, repeated

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext

T = TypeVar("T")

_TRANSIENT_LOGINS = frozenset({"unreachable", "server_error", "org_gone"})
"""Refused hub logins that are retried. An app that is not approved does not approve itself."""


def retried(context: BuildContext, what: str, action: Callable[[], T]) -> T:
    """The result of `action`, retried after transient failures. Raises its last error.

    `what` is what `action` reads, for the warning about each failure.
    """
    waits = [context.wait(wait) for wait in BUILD_START.waits]
    with repeated(set()):
        for number, wait in enumerate(waits):
            try:
                return action()
            except (SalesforceError, LoginError) as error:
                if not _is_transient(error):
                    raise
                context.reporter.warn(_warning(what, error, waits[number:]))
            retry.sleep(wait)
        return action()


def _warning(what: str, error: SalesforceError | LoginError, waits: list[float]) -> str:
    """What failed, when it is tried again, and until when; `waits` are those that are left."""
    first_line = error.message.partition("\n")[0]
    following, last = (format_duration(timedelta(seconds=round(s))) for s in (waits[0], sum(waits)))
    return (
        f"{what} could not be read: {first_line}; next attempt in {following}, "
        f"last attempt in about {last}"
    )


def _is_transient(error: SalesforceError | LoginError) -> bool:
    if isinstance(error, LoginError):
        return error.code in _TRANSIENT_LOGINS
    return error.kind is ErrorKind.TRANSIENT
