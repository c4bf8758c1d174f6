"""Sign-ups on a Dev Hub that is its own ledger: counted in memory, for one build at a time.

The rows that earlier builds have left count as well: all that this process reads or writes is
noted here. Rows that consumers change meanwhile are counted as they were read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from provisioner.ledger.base import Org, State
from provisioner.ledger.hub_counts import (
    APART,
    COUNTED,
    UNCOUNTED,
    Caps,
    Counts,
    Figures,
    Left,
    Reading,
    Shortage,
    left,
    shortage,
)

_PENDING = frozenset({State.INTENDED, State.SIGNING_UP})
_APART = frozenset({State.CLAIMED, State.RELEASED, State.FAILED, State.EXPIRED})


class HubCounts:
    """Rows and figures of one process. Safe to use from several threads."""

    def __init__(self, read: Callable[[], object]) -> None:
        """`read` reads all rows that are not deleted, and has them noted."""
        self._read = read
        self._lock = threading.RLock()
        self._is_complete = False
        self._figures = Figures()
        self._rows: dict[str, Org] = {}
        self._counted: dict[str, int] = {}  # by username, in the order of the rows

    def note(self, orgs: Iterable[Org], *, is_all: bool = False) -> None:
        """Rows as they are now; `is_all` when no row is missing but those of deleted orgs."""
        with self._lock:
            for org in orgs:
                known = self._rows.get(org.username)
                if known is None or known.version <= org.version:
                    self._rows[org.username] = org
                    is_history = org.state is State.DELETED
                    self._counted.setdefault(org.username, COUNTED if is_history else UNCOUNTED)
            self._is_complete |= is_all

    def forget(self, username: str) -> None:
        """A row was not inserted."""
        with self._lock:
            self._rows.pop(username, None)
            self._counted.pop(username, None)

    def intend(self, org: Org, caps: Caps) -> Shortage | None:
        """Count a row that is about to be inserted, unless a limit forbids it."""
        self._complete()
        with self._lock:
            found = shortage(self._figures, self._counts(caps), caps)
            if found is None:
                self.note([org])
            return found

    def start_reading(self, hub: str) -> Reading:
        """See `Ledger.start_reading`."""
        self._complete()
        with self._lock:
            begun = self._figures.begun + 1
            self._figures = replace(self._figures, begun=begun)
            unconfirmed = [o.username for o in self._rows.values() if _is_unconfirmed(o)]
            return Reading(hub, begun, len(self._counted), tuple(unconfirmed))

    def record_reading(
        self, reading: Reading, *, daily: int, active: int, known: Collection[str]
    ) -> None:
        """See `Ledger.record_reading`."""
        with self._lock:
            if reading.number <= self._figures.stored:
                return
            for username in list(self._counted)[: reading.last]:
                is_apart = self._rows[username].state in _APART
                self._counted[username] = APART if is_apart else COUNTED
            for username in set(reading.unconfirmed).difference(known):
                self._counted[username] = UNCOUNTED
            slots = sum(self._occupies(name, (COUNTED,)) for name in self._rows)
            self._figures = Figures(
                begun=self._figures.begun,
                stored=reading.number,
                daily=daily,
                active=active,
                slots=slots,
                last=reading.last,
            )

    def left(self) -> Left:
        """See `Ledger.left`."""
        self._complete()
        with self._lock:
            return left(self._figures, self._counts(Caps(0)))

    def _complete(self) -> None:
        if not self._is_complete:
            self._read()

    def _counts(self, caps: Caps) -> Counts:
        names = list(self._counted)
        sent = [n for n in names if self._counted[n] == UNCOUNTED and _may_be_sent(self._rows[n])]
        before = set(names[: self._figures.last])
        since = caps.since
        return Counts(
            pending=sum(
                org.state in _PENDING
                and (since is None or org.step_since is None or org.step_since >= since)
                for org in self._rows.values()
            ),
            own=0,
            spent=len(sent),
            occupied=sum(self._occupies(name, (UNCOUNTED, COUNTED)) for name in names),
            held=0,
            held_elsewhere=0,
            uncertain=len(before.intersection(sent)),
            freed=sum(
                self._counted[name] == APART and self._rows[name].state is State.DELETED
                for name in names
            ),
        )

    def _occupies(self, name: str, counted: Collection[int]) -> bool:
        return self._counted[name] in counted and self._rows[name].state is not State.DELETED


def _may_be_sent(org: Org) -> bool:
    return org.state is not State.DELETED or bool(org.signup_id)


def _is_unconfirmed(org: Org) -> bool:
    return org.state is not State.DELETED and not org.signup_id
