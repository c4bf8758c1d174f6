"""While the ledger is away, requests are refused at once: they would wait for it in turn."""

from __future__ import annotations

import time

from provisioner.errors import LedgerError

PAUSE = 3.0  # seconds from a failure to the next request that tries
RETRY_SECONDS = 1.0  # in which a request repeats what failed; a build has half a minute


class Away:
    """Whether the ledger was not reached a moment ago. Safe to use from several threads."""

    def __init__(self) -> None:
        self._until = float("-inf")
        self._error = LedgerError("")

    def note(self, error: LedgerError) -> None:
        """The ledger was not reached."""
        self._error, self._until = error, time.monotonic() + PAUSE

    def require_ledger(self) -> None:
        """Raises LedgerError for a moment after it was not reached."""
        if time.monotonic() < self._until:
            error = self._error
            raise LedgerError(error.message, code=error.code, hint=error.hint)
