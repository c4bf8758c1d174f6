"""Stops sign-ups when failures show that further ones would fail as well.

Sign-ups are scarce. The first org of a *new* fingerprint is a canary if more than three are to be
built, or if available orgs must make room for them: the others wait until it is available. If it
fails because of content or configuration, the others are not sent. And when several orgs in a row
fail for the same reason, no further sign-up is sent at all.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Sequence

from provisioner.errors import ErrorKind
from provisioner.ledger.base import Org
from provisioner.ledger.past_orgs import Built
from provisioner.plan import Creation

CANARY_FROM = 4  # orgs of one new fingerprint from which the first one is a canary
IN_A_ROW = 3  # orgs that fail for the same reason, without one that succeeds between them
REPEATS = frozenset({ErrorKind.CONTENT, ErrorKind.CONFIGURATION})
"""Kinds of failure that every org of the same fingerprint has."""

_PARTICULARS = re.compile(r"\S+@\S+|\b[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\b|\d+")


def content_of(org: Org | Creation | Built) -> str:
    """What orgs have in common: the fingerprint, and the snapshot that they are signed up from."""
    return f"{org.fingerprint} {org.snapshot}".rstrip()


class CircuitBreaker:
    """Lets creations through, holds them back, or drops them. Safe to use from several threads."""

    def __init__(self, verified: Collection[str], has_canary: Callable[[str], bool]) -> None:
        """`verified` fingerprints were available once; `has_canary` is asked for each pool."""
        self._verified = set(verified)
        self._has_canary = has_canary
        self._held: dict[str, list[Creation]] = {}  # behind the canary of their fingerprint
        self._guarded: frozenset[str] = frozenset()  # pools whose orgs must make room for new ones
        self._bad: set[str] = set()  # fingerprints whose canary has failed
        self._last_cause = ""
        self._repeats = 0
        self._lock = threading.RLock()
        self.is_tripped = False
        self.dropped = 0
        self.reason = ""  # why creations were dropped, in words

    def guard(self, pools: Iterable[str]) -> None:
        """These pools have orgs that must make room: a canary goes first whatever their number."""
        self._guarded = frozenset(pools)

    def is_verified(self, creation: Creation) -> bool:
        """Whether an org of this content has been available once."""
        return content_of(creation) in self._verified

    def still_allowed(self, creations: Iterable[Creation]) -> list[Creation]:
        """Of creations that were let through before, those that may still be sent; drop others."""
        wanted = list(creations)
        with self._lock:
            allowed = [c for c in wanted if not (self.is_tripped or content_of(c) in self._bad)]
            self.dropped += len(wanted) - len(allowed)
        return allowed

    def admit(self, creations: Iterable[Creation]) -> list[Creation]:
        """Those that may be sent now; the others are held behind their canary, or dropped."""
        wanted = list(creations)
        with self._lock:
            if self.is_tripped:
                self.dropped += len(wanted)
                return []
            admitted = []
            for creation in wanted:
                same = sum(content_of(other) == content_of(creation) for other in wanted)
                if content_of(creation) in self._held:
                    self._held[content_of(creation)].append(creation)
                    continue
                admitted.append(creation)
                if same >= self._canary_from(creation) and self._is_new(creation):
                    self._held[content_of(creation)] = []
            return admitted

    def available(self, org: Org) -> list[Creation]:
        """An org is available: the creations that waited for it may be sent."""
        with self._lock:
            self._last_cause = ""
            self._verified.add(content_of(org))
            self._bad.discard(content_of(org))
            return self._held.pop(content_of(org), [])

    def failed(self, org: Org, kind: ErrorKind, reason: str, undecided: int = 0) -> list[Creation]:
        """An org failed: stop the others if that shows that they would fail; else the next canary.

        A transient cause stops them only when it has failed more orgs than are `undecided` yet.
        """
        first_line = reason.partition("\n")[0]
        with self._lock:
            if content_of(org) in self._held:
                return self._canary_failed(org, kind, first_line)
            cause = _PARTICULARS.sub("…", first_line)
            self._repeats = self._repeats + 1 if cause == self._last_cause else 1
            self._last_cause = cause
            evidence = IN_A_ROW if kind in REPEATS else max(IN_A_ROW, undecided + 1)
            if self._repeats >= evidence and not self.is_tripped:
                self._trip(
                    f"{self._repeats} orgs in a row failed for the same reason: {first_line}"
                )
            return []

    @property
    def waiting(self) -> int:
        """How many creations are held behind a canary."""
        return len(self.held)

    @property
    def held(self) -> list[Creation]:
        """The creations that are held behind a canary."""
        with self._lock:
            return [creation for held in self._held.values() for creation in held]

    def trip(self, reason: str) -> None:
        """Drop what is not sent yet, for another reason than failures of orgs."""
        with self._lock:
            if not self.is_tripped:
                self._trip(reason)

    def _canary_from(self, creation: Creation) -> int:
        is_early = creation.pool in self._guarded or bool(creation.snapshot)
        return 2 if is_early else CANARY_FROM

    def _is_new(self, creation: Creation) -> bool:
        has_canary = creation.pool in self._guarded or self._has_canary(creation.pool)
        return (has_canary or bool(creation.snapshot)) and not self.is_verified(creation)

    def _canary_failed(self, org: Org, kind: ErrorKind, reason: str) -> list[Creation]:
        held = self._held[content_of(org)]
        if kind in REPEATS:
            del self._held[content_of(org)]
            self._bad.add(content_of(org))
            self.dropped += len(held)
            self.reason = f"the canary org of pool {org.pool} failed ({reason}){_cancelled(held)}"
            return []
        return self.instead(content_of(org))

    def follow(self, creations: Sequence[Creation]) -> None:
        """An org of this content is in progress already: it is the canary of these."""
        with self._lock:
            first = creations[0]
            if len(creations) + 1 >= self._canary_from(first) and self._is_new(first):
                self._held.setdefault(content_of(first), [])

    def release(self, org: Org) -> list[Creation]:
        """The creations that are held behind this canary, which says nothing about them."""
        with self._lock:
            return self._held.pop(content_of(org), [])

    def instead(self, content: str) -> list[Creation]:
        """A canary was lost, which says nothing about the others.

        The next one is the canary; if there is none, the content has no canary any more.
        """
        with self._lock:
            held = self._held.get(content)
            if held:
                return [held.pop(0)]
            self._held.pop(content, None)
            return []

    def _trip(self, reason: str) -> None:
        self.is_tripped = True
        self.reason = reason
        self.dropped += self.waiting
        self._held.clear()


def _cancelled(held: Collection[Creation]) -> str:
    if not held:
        return ""
    what = "sign-up was" if len(held) == 1 else f"{len(held)} sign-ups were"
    return f"; the other {what} cancelled"
