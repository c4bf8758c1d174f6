"""Orgs that refuse requests or cannot be reached: one query asks the Dev Hub about all of them.

HTTP 420 comes from a deleted org, and also from an active one in maintenance or not ready yet
(docs/reference/http.md). A host name that does not resolve may be a fault of this network. So no
org is deleted because of such an answer: the step is retried, and the org counts as gone when the
Dev Hub says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.builder.crashes import guarded
from provisioner.errors import ErrorKind, ProvisionerError
from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.ledger.base import Org

JOB = "unreachable orgs"
COLLECTING = 1.0  # seconds in which further orgs join one query
_CODES = frozenset({"org_gone", "unreachable"})


def may_be_gone(error: ProvisionerError) -> bool:
    """Whether a deleted org gives this error; an active one may give it, too."""
    return error.code in _CODES or error.kind is ErrorKind.GONE


class UnreachableOrgs:
    """Which orgs may be gone, and which of them the Dev Hub says are."""

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self._unknown: set[str] = set()
        self._gone: set[str] = set()
        context.scheduler.register(JOB, guarded(context.reporter, self._ask, lambda _error: None))

    def add(self, org: Org) -> None:
        """Ask the Dev Hub about this org soon, together with others."""
        with self._context.lock:
            self._unknown.add(org.username)
        self._context.scheduler.wake(JOB, self._context.wait(COLLECTING))

    def is_gone(self, org: Org) -> bool:
        """Whether the Dev Hub has said so."""
        with self._context.lock:
            return org.username in self._gone

    def _ask(self) -> None:
        """One query for all. Without an answer they count as existing; they may be added again."""
        with self._context.lock:
            names, self._unknown = self._unknown, set()
        try:
            gone = self._context.connections.hub.gone(names)
        except ProvisionerError as error:
            self._context.reporter.warn(
                f"{quantity(len(names), 'org')} refused requests or could not be reached, and the "
                f"Dev Hub did not answer whether they are deleted: {error.message}"
            )
            return
        with self._context.lock:
            self._gone |= gone
