"""Which sign-ups may be sent now: a canary goes first, and one cause of failure stops them all.

Sign-ups are scarce. The first org of a *new* fingerprint goes through its steps alone when more
than three are to be built, or when orgs that wait in the pool must make room; if it fails by
content or configuration, the others would, too. And when the same cause fails several orgs in a row
during the night, nothing more is sent.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable

from provisioner.errors import ErrorKind
from provisioner.ledger.base import Org
from provisioner.plan import Creation

CANARY_FROM = 4  # orgs of one fingerprint to build
IN_A_ROW = 3  # orgs that fail by the same cause, and none that succeeds between them
REPEATS = frozenset({ErrorKind.CONTENT, ErrorKind.CONFIGURATION})
"""Kinds of failure that every org of the same fingerprint meets."""

_PARTICULARS = re.compile(r"\S+@\S+|\b[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\b|\d+")


class CircuitBreaker:
    """Lets creations through, holds them back, or drops them. Safe to use from several threads."""

    def __init__(self, proven: Collection[str], has_canary: Callable[[str], bool]) -> None:
        """`proven` are the fingerprints that have been available once; `has_canary` asks a pool."""
        self._proven = set(proven)
        self._has_canary = has_canary
        self._held: dict[str, list[Creation]] = {}  # behind the canary of their fingerprint
        self._guarded: frozenset[str] = frozenset()  # pools whose orgs make room for new ones
        self._bad: set[str] = set()  # fingerprints whose canary failed as all would
        self._last_cause = ""
        self._repeats = 0
        self._lock = threading.RLock()
        self.is_closed = False
        self.dropped = 0
        self.reason = ""  # why creations were dropped, for people

    def guard(self, pools: Iterable[str]) -> None:
        """These pools have orgs that must make room: a canary goes ahead of any new content."""
        self._guarded = frozenset(pools)

    def is_proven(self, creation: Creation) -> bool:
        """Whether an org of this content has been available once."""
        return creation.fingerprint in self._proven

    def still_allowed(self, creations: Iterable[Creation]) -> list[Creation]:
        """Of creations that were let through before, those that may still be sent; drop others."""
        wanted = list(creations)
        with self._lock:
            allowed = [c for c in wanted if not (self.is_closed or c.fingerprint in self._bad)]
            self.dropped += len(wanted) - len(allowed)
        return allowed

    def admit(self, creations: Iterable[Creation]) -> list[Creation]:
        """Those that may be sent now; the others are held behind their canary, or dropped."""
        wanted = list(creations)
        with self._lock:
            if self.is_closed:
                self.dropped += len(wanted)
                return []
            admitted = []
            for creation in wanted:
                same = sum(other.fingerprint == creation.fingerprint for other in wanted)
                if creation.fingerprint in self._held:
                    self._held[creation.fingerprint].append(creation)
                    continue
                admitted.append(creation)
                if same >= self._canary_from(creation.pool) and self._is_new(creation):
                    self._held[creation.fingerprint] = []
            return admitted

    def available(self, org: Org) -> list[Creation]:
        """An org was proven: what waited for it may be sent."""
        with self._lock:
            self._last_cause, self._repeats = "", 0
            self._proven.add(org.fingerprint)
            self._bad.discard(org.fingerprint)
            return self._held.pop(org.fingerprint, [])

    def failed(self, org: Org, kind: ErrorKind, reason: str, undecided: int = 0) -> list[Creation]:
        """An org failed: perhaps all others are stopped, perhaps the next one goes ahead.

        A cause that may pass stops them only when more orgs met it than are `undecided` yet.
        """
        first_line = reason.partition("\n")[0]
        with self._lock:
            if org.fingerprint in self._held:
                return self._canary_failed(org, kind, first_line)
            cause = _PARTICULARS.sub("…", first_line)
            self._repeats = self._repeats + 1 if cause == self._last_cause else 1
            self._last_cause = cause
            evidence = IN_A_ROW if kind in REPEATS else max(IN_A_ROW, undecided + 1)
            if self._repeats >= evidence and not self.is_closed:
                self._close(
                    f"{self._repeats} orgs in a row failed for the same reason: {first_line}"
                )
            return []

    @property
    def waiting(self) -> int:
        """How many creations are held behind a canary."""
        with self._lock:
            return sum(map(len, self._held.values()))

    def close(self, reason: str) -> None:
        """Drop whatever is not sent yet, for a reason that is no failure of an org."""
        with self._lock:
            if not self.is_closed:
                self._close(reason)

    def _canary_from(self, pool: str) -> int:
        return 2 if pool in self._guarded else CANARY_FROM

    def _is_new(self, creation: Creation) -> bool:
        has_canary = creation.pool in self._guarded or self._has_canary(creation.pool)
        return has_canary and not self.is_proven(creation)

    def _canary_failed(self, org: Org, kind: ErrorKind, reason: str) -> list[Creation]:
        held = self._held[org.fingerprint]
        if kind in REPEATS:
            del self._held[org.fingerprint]
            self._bad.add(org.fingerprint)
            self.dropped += len(held)
            self.reason = f"the canary org of pool {org.pool} failed ({reason}){_cancelled(held)}"
            return []
        return self.instead(org.fingerprint)

    def instead(self, fingerprint: str) -> list[Creation]:
        """A canary is lost, and nothing is known of what would become of the others.

        The next goes ahead; when there is none, the fingerprint has no canary any more.
        """
        with self._lock:
            held = self._held.get(fingerprint, [])
            if held:
                return [held.pop(0)]
            self._held.pop(fingerprint, None)
            return []

    def _close(self, reason: str) -> None:
        self.is_closed = True
        self.reason = reason
        self.dropped += self.waiting
        self._held.clear()


def _cancelled(held: Collection[Creation]) -> str:
    if not held:
        return ""
    what = "sign-up was" if len(held) == 1 else f"{len(held)} sign-ups were"
    return f"; the other {what} cancelled"
