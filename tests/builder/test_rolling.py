"""A change of content, or age, never empties a pool: old orgs go as others take their place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioner.emulator.world import Limits
from provisioner.ledger import open_ledger
from provisioner.ledger.base import State
from provisioner.report.build import build_text
from tests.builder.night import Night

pytestmark = pytest.mark.slow

STEPS = "- run_apex: { file: scripts/setup.apex }\n"
BROKEN = f"{STEPS}- assign_permission_sets: [Vist_Planner]\n"
SIZE = 10

Make = Callable[..., Night]


def full(make_night: Make, size: int = SIZE, *, free: int = 0, pool: str = "") -> Night:
    """A full pool on a Dev Hub that has room for `free` orgs more."""
    night = make_night(limits=Limits(active=size + free, daily=500))
    night.write_pool(size=size, steps=STEPS, pool=pool)
    assert night.build().exit_code == 0
    return night


def fresh(night: Night) -> int:
    """Available orgs of today's content."""
    rows = night.orgs(State.AVAILABLE)
    newest = max(rows, key=lambda row: row.available_at or row.created_at or night.world.now())
    return sum(row.fingerprint == newest.fingerprint for row in rows)


@pytest.mark.parametrize("pool", ["", "canary: false\n", "swap: 50%\n"])
@pytest.mark.parametrize(("size", "free"), [(10, 2), (10, 0), (3, 0), (3, 1), (1, 0)])
def test_a_mistake_in_the_content_costs_at_most_the_org_that_the_canary_needs(
    make_night: Make, size: int, free: int, pool: str
) -> None:
    night = full(make_night, size, free=free, pool=pool)
    night.write_pool(size=size, steps=BROKEN, pool=pool)
    result = night.build()
    assert result.exit_code == 6
    expected = size if free else size - 1
    assert len(night.orgs(State.AVAILABLE)) == expected
    swapped = [r for r in result.deleted if r.reason.startswith("to make room for a new org")]
    assert len(swapped) == size - expected
    assert night.build().exit_code == 6
    assert len(night.orgs(State.AVAILABLE)) == expected, "the next night takes no other"
    if expected < size:
        text = (
            f"deleted: {swapped[0].org.username}: to make room for a new org: pool.yaml, or a file"
        )
        assert text in "\n".join(build_text(result))


@pytest.mark.parametrize(("free", "swap", "least"), [(0, 1, 9), (0, 3, 7), (2, 1, 9), (12, 1, 10)])
def test_a_pool_is_renewed_in_batches(make_night: Make, free: int, swap: int, least: int) -> None:
    night = full(make_night, free=free)
    night.write_pool(
        size=SIZE, steps=f"{STEPS}- assign_permission_sets: []\n", pool=f"swap: {swap}"
    )
    night.write_pool(size=SIZE, steps=STEPS + STEPS, pool=f"swap: {swap}\n")
    result = night.build()
    assert (result.exit_code, len(result.built), fresh(night)) == (0, SIZE, SIZE)
    assert night.fewest_available(SIZE) >= least
    assert len(result.deleted) == SIZE == len(night.active())


def test_orgs_that_are_too_old_are_renewed_in_batches_too(make_night: Make) -> None:
    night = full(make_night, pool="refresh_after: 20h\n")
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    for row in ledger.orgs():
        assert row.available_at is not None
        old = row.available_at.replace(year=row.available_at.year - 1)
        assert ledger.change(row, available_at=old) is not None
    ledger.close()
    result = night.build()
    assert (result.exit_code, len(result.built), len(result.deleted)) == (0, SIZE, SIZE)
    assert night.fewest_available(SIZE) == SIZE - 1
    assert "refresh_after" in result.deleted[0].reason


def test_no_pool_takes_the_room_that_another_has_made(make_night: Make) -> None:
    night = make_night(limits=Limits(active=8, daily=500))
    two_pools(night, first=4, second=4, steps=STEPS)
    assert night.build(pools=("first", "second")).exit_code == 0
    two_pools(night, first=6, second=4, steps=STEPS + STEPS)
    result = night.build(pools=("first", "second"))
    assert result.exit_code == 4
    counts = {p: sum(o.pool == p for o in night.orgs(State.AVAILABLE)) for p in ("first", "second")}
    assert counts == {"first": 4, "second": 4}


def two_pools(night: Night, *, first: int, second: int, steps: str) -> None:
    """pool.yaml with two pools of the same content."""
    night.write_pool(size=first, steps=steps)
    path = night.folder / "pool.yaml"
    head, _, pool = path.read_text("utf-8").partition("  sample:\n")
    other = pool.replace(f"size: {first}", f"size: {second}")
    path.write_text(f"{head}  first:\n{pool}  second:\n{other}", encoding="utf-8")


def test_of_two_definitions_only_the_one_that_works_is_renewed(make_night: Make) -> None:
    night = make_night(limits=Limits(active=8, daily=500))
    other = "definitions: [config/project-scratch-def.json, config/other.json]"

    def write(edition: str, name: str) -> None:
        night.write_json("config/other.json", {"edition": edition, "orgName": name})
        night.write_pool(size=8, steps=STEPS)
        path = night.folder / "pool.yaml"
        text = path.read_text("utf-8")
        changed = text.replace("definitions: [config/project-scratch-def.json]", other)
        path.write_text(changed, encoding="utf-8")

    write("Developer", "One")
    assert night.build().exit_code == 0
    write("Nonsense", "Two")
    night.write_json("config/project-scratch-def.json", {"edition": "Developer", "orgName": "New"})
    night.build()
    rows = night.orgs(State.AVAILABLE)
    assert len(rows) >= 7
    assert sum(row.definition == "config/other.json" for row in rows) >= 3


def test_one_org_at_a_time_makes_room_for_the_canaries_of_two_definitions(
    make_night: Make,
) -> None:
    night = make_night(limits=Limits(active=8, daily=500))
    night.write_json("config/other.json", {"edition": "Developer", "orgName": "Other"})

    def write(steps: str) -> None:
        night.write_pool(size=8, steps=steps, pool="swap: 50%\n")
        path = night.folder / "pool.yaml"
        text = path.read_text("utf-8")
        both = "[config/project-scratch-def.json, config/other.json]"
        path.write_text(text.replace("[config/project-scratch-def.json]", both), encoding="utf-8")

    write(STEPS)
    assert night.build().exit_code == 0
    write(BROKEN)
    assert night.build().exit_code == 6
    assert len(night.orgs(State.AVAILABLE)) == 7


@pytest.mark.parametrize(
    ("when", "then"),
    [
        ({"route": "tooling.executeAnonymous"}, {"do": "reset", "at": "after"}),
        ({"operation": "signup"}, {"do": "error", "error": "C-9999"}),
    ],
)
def test_an_org_that_is_lost_leaves_its_slot_to_the_one_that_replaces_it(
    make_night: Make, when: dict[str, str], then: dict[str, str]
) -> None:
    night = full(make_night, size=4)
    night.write_pool(size=4, steps=STEPS + STEPS)
    night.fault({**when, "nth": [1, 4]}, then, times=2)
    result = night.build()
    assert (result.exit_code, len(result.failed), fresh(night)) == (0, 2, 4)
    assert night.fewest_available(4) == 3


def test_a_claim_during_the_renewal_is_left_alone(make_night: Make) -> None:
    night = full(make_night, size=4)
    config = night.config()
    night.write_pool(size=4, steps=STEPS + STEPS)
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    row = ledger.orgs(states=[State.AVAILABLE])[0]
    assert ledger.move(row, State.CLAIMED, owner="ann") is not None
    ledger.close()
    result = night.build()
    assert row.username in night.active()
    assert row.username not in {r.org.username for r in result.deleted}
    assert len(night.orgs(State.AVAILABLE)) == 3
    assert result.exit_code == 4
