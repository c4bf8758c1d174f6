"""The sign-ins that were ended before their cookie: it is then refused by all servers of a ledger.

The ledger has an event for each sign-out. Servers read those of today and yesterday now and then;
no cookie is older.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from provisioner.errors import LedgerError

if TYPE_CHECKING:
    from provisioner.access.context import AccessContext
    from provisioner.server.cookies import SignedIn

EVERY = 10.0  # seconds between two readings
EVERY_ON_HUB = 300.0  # … where each one is a request to the Dev Hub
_MARK = "sign-in "


class EndedSignIns:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._here: set[str] = set()  # that a reading may not show yet
        self._read: frozenset[str] = frozenset()
        self._read_at = float("-inf")
        self._lock = Lock()

    def end(self, context: AccessContext, signed_in: SignedIn) -> None:
        """End a sign-in. Raises LedgerError when other servers may not get to know it."""
        name = _digest(signed_in)
        with self._lock:
            self._here.add(name)
        run = _run(context.ledger.now())
        context.record(signed_in.person, "sign-out", why=f"{_MARK}{name}", run=run)

    def has(self, signed_in: SignedIn) -> bool:
        """Whether a sign-in has been ended, as far as this server knows."""
        name = _digest(signed_in)
        return name in self._here or name in self._read

    def refresh(self, context: AccessContext) -> None:
        """Read what other servers have ended, if the last reading was long ago."""
        every = EVERY_ON_HUB if context.config.ledger.startswith("devhub") else EVERY
        with self._lock:
            if time.monotonic() - self._read_at < every:
                return
            self._read_at = time.monotonic()
        with suppress(LedgerError):  # the request itself will need the ledger, and fail
            now = context.ledger.now()
            events = [
                event
                for day in (now, now - timedelta(days=1))
                for event in context.ledger.events(run=_run(day))
            ]
            self._read = frozenset(event.note.rpartition(_MARK)[2] for event in events)
            with self._lock:
                self._here -= self._read


def _digest(signed_in: SignedIn) -> str:
    return hashlib.sha256(signed_in.id.encode()).hexdigest()[:16]


def _run(day: datetime) -> str:
    return f"sign-outs-{day:%Y-%m-%d}"
