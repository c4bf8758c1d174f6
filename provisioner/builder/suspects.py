"""Orgs that answer as if they were gone: the Dev Hub is asked about all of them at once.

HTTP 420 comes from a deleted org, and from an active one in maintenance or not ready yet
(docs/reference/http.md); a name that does not resolve may be a fault of this network. So nothing
is discarded on such an answer: the org is tried again, and counts as gone when the Dev Hub says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.builder.crashes import guarded
from provisioner.errors import ErrorKind, ProvisionerError

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.ledger.base import Org

JOB = "suspects"
GATHERING = 1.0  # seconds in which further suspects join one question
_AS_IF_GONE = frozenset({"org_gone", "unreachable"})


def looks_gone(error: ProvisionerError) -> bool:
    """Whether a deleted org would answer so; an active one may, too."""
    return error.code in _AS_IF_GONE or error.kind is ErrorKind.GONE


class Suspects:
    """Which orgs are in doubt, and which of them the Dev Hub says are gone."""

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self._in_doubt: set[str] = set()
        self._gone: set[str] = set()

    def add(self, org: Org) -> None:
        """Ask the Dev Hub about this org soon, together with others."""
        with self._context.lock:
            is_first = not self._in_doubt
            self._in_doubt.add(org.username)
        if is_first:
            job = guarded(self._context, self._ask, lambda _error: None)
            self._context.scheduler.add(JOB, job, self._context.wait(GATHERING))

    def is_gone(self, org: Org) -> bool:
        """Whether the Dev Hub has said so."""
        return org.username in self._gone

    def _ask(self) -> None:
        """One question for all; without an answer they stay alive, and are asked about again."""
        with self._context.lock:
            names, self._in_doubt = self._in_doubt, set()
        try:
            gone = self._context.connections.hub.gone(names)
        except ProvisionerError as error:
            self._context.say(
                f"{len(names)} orgs refuse requests or cannot be reached, and the Dev Hub did not "
                f"answer whether they are deleted: {error.message}",
                is_warning=True,
            )
            return
        with self._context.lock:
            self._gone |= gone
