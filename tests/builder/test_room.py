"""How many orgs of a pool are missing is never underestimated, whatever happens meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from provisioner.builder import room as room_module
from provisioner.builder.context import BuildContext
from provisioner.builder.progress import BuildProgress
from provisioner.builder.room import Room
from provisioner.builder.signup_queue import DISPATCH
from provisioner.ledger.base import Org, State
from provisioner.plan import Allowance, Creation, PoolPlan, Removal

NEW = Creation("p", "d", "new")
SIZE = 4


def row(name: str, state: State = State.AVAILABLE, **fields: Any) -> Org:
    return Org(name, "p", state, definition="d", fingerprint="old", org_id=f"00D{name}", **fields)


class Rows:
    """A ledger of rows; `during` happens while they are read, before or after the snapshot."""

    def __init__(self, *rows: Org) -> None:
        self.rows = {each.username: each for each in rows}
        self.held: list[str] = []
        self.released: list[str] = []
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None

    def hold(self, orgs: Iterable[Org], _until: datetime) -> None:
        """The slots of these orgs are kept for their pool."""
        self.held += [each.username for each in orgs]

    def release_slots(self, pools: Iterable[str]) -> None:
        """They are kept no longer."""
        self.released += pools

    def orgs(self, *, pool: str, states: Iterable[State]) -> list[Org]:
        """The rows in these states."""
        wanted = set(states)
        if State.AVAILABLE not in wanted:
            return [each for each in self.rows.values() if each.state in wanted]
        self.before()
        found = [each for each in self.rows.values() if each.state in wanted]
        self.after()
        return found


class Pool:
    """A full pool of outdated orgs on a Dev Hub without room, of which `swap` may be missing."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *,
        swap: int = 1,
        resume: tuple[Org, ...] = (),
        definitions: str = "d" * SIZE,
        create: tuple[Creation, ...] = (NEW,) * SIZE,
        slots: int = 0,
        allowance: int = 0,
    ) -> None:
        old = (replace(row(f"old{n}"), definition=letter) for n, letter in enumerate(definitions))
        self.ledger = Rows(*old, *resume)
        self.deleted: list[str] = []
        self.jobs: list[Callable[[], Any]] = []
        self.wakes: list[str] = []
        self.warnings: list[str] = []
        retire = tuple(Removal(each, "outdated") for each in self.ledger.rows.values())
        plan = PoolPlan("p", SIZE, (), resume, create, (), retire, slots=slots, swap=swap)
        progress = BuildProgress()
        left = Allowance(daily=allowance, active=allowance)
        progress.allow(left, left)
        parts = SimpleNamespace(
            progress=progress,
            lock=progress.lock,
            now=lambda: datetime.now(UTC),
            ledger=self.ledger,
            reporter=SimpleNamespace(warn=self.warnings.append),
            circuit_breaker=SimpleNamespace(is_verified=lambda _creation: True),
            scheduler=SimpleNamespace(
                wake=self.wakes.append,
                add=lambda _key, job: self.jobs.append(job),
                is_stopping=False,
            ),
        )
        monkeypatch.setattr(room_module, "delete", self._delete)
        self.scheduler = parts.scheduler
        self.room = Room(cast(BuildContext, parts), [plan])

    def _delete(self, _context: object, removals: Iterable[Removal]) -> list[Org]:
        found = [removal.org for removal in removals]
        for org in found:
            del self.ledger.rows[org.username]
            self.deleted.append(org.username)
        return found

    def make_room(self, wanted: int = SIZE, creation: Creation = NEW) -> int:
        """How many orgs are deleted for so many that wait."""
        before = len(self.deleted)
        self.room.request([creation] * wanted)
        for job in self.jobs:
            job()
        self.jobs.clear()
        return len(self.deleted) - before


def test_as_many_are_deleted_as_may_be_missing_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(monkeypatch, swap=2)
    assert pool.make_room() == 2
    assert pool.make_room() == 0, "two slots are free"
    assert pool.room.take("p", "new1")
    assert pool.room.take("p", "new2")
    assert not pool.room.take("p", "new3")
    assert pool.make_room(2) == 0, "two orgs are pending"
    pool.ledger.rows["new1"] = row("new1")
    pool.room.keep("p", "new1")
    assert pool.make_room(2) == 1, "one of them is available"


def test_the_slots_of_orgs_that_make_room_are_kept_for_the_pool(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also those of new orgs that fail, in such a pool."""
    pool = Pool(monkeypatch, swap=2)
    pool.room.hold([row("other")])
    pool.room.release()
    assert (pool.ledger.held, pool.ledger.released) == ([], [])
    pool.make_room()
    pool.room.hold([row("failed")])
    pool.room.release()
    assert pool.ledger.held == [*pool.deleted, "failed"]
    assert pool.ledger.released == ["p"]


def test_no_org_is_deleted_for_one_that_has_a_free_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(monkeypatch, swap=3)
    assert pool.make_room(1) == 1
    assert pool.make_room(1) == 0


def test_sign_ups_are_dispatched_again_when_all_that_could_make_room_were_claimed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next search reads the ledger again, though no slot has changed."""
    pool = Pool(monkeypatch, swap=1)
    monkeypatch.setattr(room_module, "delete", lambda *_: [])
    assert pool.make_room() == 0
    assert pool.wakes == [DISPATCH]
    monkeypatch.setattr(room_module, "delete", pool._delete)
    assert pool.make_room() == 1


def test_the_ledger_is_not_read_again_before_something_has_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = Pool(monkeypatch, swap=1, resume=(row("left", State.BUILDING),))
    assert pool.make_room() == 0
    pool.room.request([NEW])
    assert pool.jobs == []
    pool.room.keep("p", "left")
    pool.room.request([NEW])
    assert len(pool.jobs) == 1


def test_a_build_that_stops_deletes_no_outdated_org(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(monkeypatch)
    pool.scheduler.is_stopping = True
    assert available_after(pool, "dddd") == "dddd"


def test_an_org_that_an_earlier_build_left_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(monkeypatch, swap=2, resume=(row("left", State.BUILDING),))
    assert pool.make_room() == 1


def test_an_org_that_cannot_be_deleted_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(monkeypatch, swap=2)
    pool.ledger.rows["failed"] = row("failed", State.FAILED, kept=False)
    monkeypatch.setattr(room_module, "delete", lambda *_: [])
    pool.make_room()
    monkeypatch.setattr(room_module, "delete", pool._delete)
    pool.room._pools["p"].searched = None
    pool.ledger.rows["failed"] = row("failed", State.FAILED, kept=True)
    assert pool.make_room() == 2, "one that is kept for people is not"


def test_slots_of_the_dev_hub_that_no_pool_was_promised_serve_a_pool_that_needs_no_deletion(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = Pool(monkeypatch, create=(NEW,), slots=1, allowance=3)
    assert [pool.room.take("p", f"new{n}") for n in range(4)] == [True, True, True, False]


def test_slots_that_are_short_leave_none_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(monkeypatch, create=(), allowance=-1)
    assert not pool.room.take("p", "new")


def test_a_slot_that_another_build_has_taken_is_not_free_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = Pool(monkeypatch, create=(NEW,), slots=1, allowance=1)
    assert pool.room.take("p", "new1")
    pool.room.put_back("p", "new1")
    assert pool.room.take("p", "new2")
    pool.room.lose("p", "new2")
    assert not pool.room.take("p", "new3")
    assert pool.make_room(1) == 1, "an outdated org makes room, as if none had been promised"


def test_slots_that_no_pool_was_promised_are_not_for_a_pool_whose_orgs_must_make_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not Pool(monkeypatch, allowance=3).room.take("p", "new")


def test_an_org_of_the_definition_of_the_new_one_makes_room_if_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = Pool(monkeypatch, definitions="dded", swap=SIZE)
    pool.make_room(3, Creation("p", "e", "new"))
    assert pool.deleted == ["old2", "old0", "old1"]


def available_after(pool: Pool, fresh: str) -> str:
    """The definitions of the outdated orgs that are left when there are these fresh ones, too."""
    for number, letter in enumerate(fresh):
        name = f"new{number}"
        pool.ledger.rows[name] = replace(row(name), definition=letter)
    pool.room.retire()
    rows = pool.ledger.rows.values()
    return "".join(each.definition for each in rows if each.username.startswith("old"))


@pytest.mark.parametrize(
    ("fresh", "left"),
    [("", "eddd"), ("d", "edd"), ("dd", "ed"), ("ee", "dd"), ("ddd", "e"), ("dddd", "")],
)
def test_at_the_end_as_many_outdated_orgs_are_deleted_as_new_ones_have_replaced(
    monkeypatch: pytest.MonkeyPatch, fresh: str, left: str
) -> None:
    """Those of the definition with most orgs first."""
    assert available_after(Pool(monkeypatch, definitions="eddd"), fresh) == left


def test_a_pool_with_more_orgs_than_its_size_keeps_outdated_ones_that_nothing_has_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert available_after(Pool(monkeypatch, definitions="ddddd"), "") == "ddddd"
    assert available_after(Pool(monkeypatch, definitions="ddddd"), "d") == "dddd"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_slot_that_is_taken_while_rows_are_read_counts(
    monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Its row is committed after the ledger was read, or before."""
    pool = Pool(monkeypatch, swap=1)
    assert pool.make_room() == 1

    def taken() -> None:
        if pool.room.take("p", "new"):
            pool.ledger.rows["new"] = row("new", State.INTENDED)

    setattr(pool.ledger, moment, taken)
    assert pool.make_room(SIZE - 1) == 0


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_slot_that_becomes_free_while_rows_are_read_counts(
    monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Its row is deleted before its slot is free: between them, it counts as taken."""
    pool = Pool(monkeypatch, swap=1)
    assert pool.make_room() == 1
    assert pool.room.take("p", "new")
    pool.ledger.rows["new"] = row("new", State.BUILDING)
    given = threading.Event()

    def freed() -> None:
        pool.ledger.rows.pop("new", None)
        if moment == "after":
            pool.room.give("p", "new")
            given.set()

    setattr(pool.ledger, moment, freed)
    assert pool.make_room(SIZE - 1) == 0
    if not given.is_set():
        pool.room.give("p", "new")
    assert pool.make_room(SIZE - 1) == 0
