"""Builds of different pools at the same time keep the limits of their Dev Hub together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from provisioner.builder.context import Options
from provisioner.builder.preview import preview
from provisioner.builder.result import BuildResult
from provisioner.builder.room import Room
from provisioner.builder.run import build
from provisioner.builder.shared_limits import SharedLimits
from provisioner.emulator.world import Limits
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Org, State
from provisioner.ledger.hub_counts import Caps, Shortage
from provisioner.ledger.sqlite.ledger import SqliteLedger
from tests.builder.night import TIME_SCALE, Night, Watcher
from tests.builder.prepared import sign_up

pytestmark = pytest.mark.slow

OTHER = """
  other:
    size: {size}
    duration_days: 2
    definitions: [config/project-scratch-def.json]
"""


def two_pools(night: Night, size: int, top: str) -> None:
    """The pools `sample` and `other`."""
    night.write_pool(size=size, steps="", top=top, pool="replacements: 0\n")
    path = night.folder / "pool.yaml"
    path.write_text(path.read_text("utf-8") + OTHER.format(size=size), encoding="utf-8")


def built(night: Night, pool: str, seed: int = 1) -> tuple[BuildResult, Watcher]:
    """A build of one pool, with a ledger of its own."""
    config, watcher = night.config(), Watcher()
    with closing(open_ledger(config.ledger, config.directory, config.dev_hub)) as ledger:
        options = Options(time_scale=TIME_SCALE, seed=seed)
        return build(config, [pool], ledger, watcher, options), watcher


def built_at_once(night: Night, pools: Sequence[str]) -> list[tuple[BuildResult, Watcher]]:
    """A build of each pool, all at the same time."""
    together = Barrier(len(pools))

    def one(pool: str, seed: int) -> tuple[BuildResult, Watcher]:
        together.wait()
        return built(night, pool, seed)

    with ThreadPoolExecutor() as threads:
        return list(threads.map(one, pools, range(len(pools))))


@pytest.mark.parametrize("kind", ["daily", "active"])
def test_an_allowance_that_is_too_small_for_both_is_used_up_and_not_overrun(
    make_night: Callable[..., Night], kind: str
) -> None:
    night = make_night(limits=Limits(**{"active": 40, "daily": 80, kind: 9}))
    two_pools(night, 5, f"limits: {{ keep_{kind}: 2 }}")
    results = built_at_once(night, ["sample", "other"])
    assert len(night.orgs(State.AVAILABLE)) == len(night.hub_rows("ScratchOrgInfo")) == 7
    short = [r for r, _ in results if r.exit_code]
    assert {r.exit_code for r in short} == {4}
    for result, watcher in results:
        error = result.error()
        if error:
            assert error.code == f"{kind}_limit"
            assert f"{kind} scratch org limit leaves" in error.message
            assert any(f"{kind} scratch org limit leaves" in text for text in watcher.messages)
    assert sum(len(r.built) for r, _ in results) == 7


def test_sign_ups_in_progress_are_bounded_for_both_together(night: Night) -> None:
    two_pools(night, 4, "limits: { concurrent_signups: 3 }")
    results = built_at_once(night, ["sample", "other"])
    assert [r.exit_code for r, _ in results] == [0, 0]
    config, pending, most = night.config(), 0, 0
    with closing(open_ledger(config.ledger, config.directory, config.dev_hub)) as ledger:
        for event in ledger.events():
            pending += (event.to_state == "intended") - (event.to_state == "building")
            most = max(most, pending)
    assert most == 3


def test_another_build_does_not_get_the_slot_of_an_org_that_made_room(
    make_night: Callable[..., Night], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It plans and ends while the slot is free."""
    night = make_night(limits=Limits(active=3, daily=80))
    two_pools(night, 3, "")
    assert built(night, "sample")[0].exit_code == 0
    path = night.folder / "config/project-scratch-def.json"
    path.write_text(path.read_text("utf-8").replace('"orgName": "', '"orgName": "New '), "utf-8")
    give = Room.give
    others: list[BuildResult] = []

    def given(room: Room, pool: str, username: str) -> None:
        if not others:
            others.append(built(night, "other")[0])
        give(room, pool, username)

    monkeypatch.setattr(Room, "give", given)
    assert built(night, "sample")[0].exit_code == 0
    (other,) = others
    assert (other.exit_code, len(other.built), other.limit) == (4, 0, "active_limit")
    assert [org.pool for org in night.orgs(State.AVAILABLE)] == ["sample"] * 3


def test_a_build_alone_always_finds_the_place_of_its_own_sign_up_that_has_ended(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row is changed before the next one is tried."""
    night.write_pool(size=6, steps="", top="limits: { concurrent_signups: 2 }")
    refused: list[Shortage] = []

    def waits(_shared: SharedLimits, shortage: Shortage) -> bool:
        refused.append(shortage)
        return True

    monkeypatch.setattr(SharedLimits, "refused", waits)
    night.fault({"operation": "signup"}, {"do": "error", "error": "C-9999"})
    assert built(night, "sample")[0].exit_code == 0
    assert refused == []


def test_while_other_builds_have_all_places_one_sign_up_is_tried_now_and_then(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one for each org, and none of them sends a request to the Dev Hub."""
    night.login_app("replicated")
    night.write_pool(
        size=8, steps="", top="limits: { concurrent_signups: 4 }", pool="canary: false\n"
    )
    config, orgs = night.config(), [f"{number}@x.example" for number in range(4)]
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    intend, running, together = SqliteLedger.intend, [0], list[int]()

    def counted(one: SqliteLedger, org: Org, caps: Caps) -> Shortage | None:
        running[0] += 1
        together.append(running[0])
        if len(together) == 10:
            assert night.requests("sobjects.create") == 0
            for username in orgs:
                ledger.move(Org(username, "noon"), State.FAILED)
        try:
            return intend(one, org, caps)
        finally:
            running[0] -= 1

    monkeypatch.setattr(SqliteLedger, "intend", counted)
    with closing(ledger):
        for username in orgs:
            ledger.add(Org(username, "noon"))
        assert built(night, "sample")[0].exit_code == 0
    assert together[7:10] == [1] * 3, "the first four are tried at once"


def test_a_plan_subtracts_the_sign_ups_of_other_builds_that_the_dev_hub_has_not_received(
    make_night: Callable[..., Night],
) -> None:
    night = make_night(limits=Limits(active=40, daily=3))
    two_pools(night, 3, "")
    config = night.config()
    theirs = Org("other-1@acme.example", "other", definition="config/project-scratch-def.json")
    with closing(open_ledger(config.ledger, config.directory, config.dev_hub)) as ledger:
        ledger.add(theirs)
        for _ in range(2):
            planned = preview(config, ["sample"], ledger, pytest.fail).plans[0]
            assert (len(planned.create), planned.limit) == (2, "daily_limit")
            sign_up(night.world, theirs, "")  # now it is in the figures of the Dev Hub
