"""What a build, `reap` and `retry` leave to another build that holds a pool."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from provisioner.builder.retry_plan import retriable
from provisioner.builder.run import new_run
from provisioner.errors import UsageError
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Ledger, Org, State
from provisioner.upkeep.deletion import mark_for_deletion
from tests.builder.night import Night
from tests.builder.prepared import put
from tests.builder.test_broken_rows import break_row
from tests.proof import here

EVENING = """
  evening: { size: 1, duration_days: 2, definitions: [config/project-scratch-def.json] }
"""
FORMER = "former"  # pool.yaml no longer has it


@pytest.fixture
def ledger(night: Night) -> Iterator[Ledger]:
    """The ledger of the other build, in a night with the pools `sample` and `evening`."""
    night.write_pool(size=1, steps="")
    with (night.folder / "pool.yaml").open("a", encoding="utf-8") as file:
        file.write(EVENING)
    config = night.config()
    with closing(open_ledger(config.ledger, config.directory)) as opened:
        yield opened


def held(stack: ExitStack, ledger: Ledger, *pools: str) -> None:
    """Another build holds these pools."""
    stack.enter_context(ledger.builder_lock(new_run(), pools=pools, wait=False))


def by_pool(night: Night) -> dict[str, list[Org]]:
    """All rows but those of `sample`."""
    rows = [org for org in night.orgs(*State) if org.pool != "sample"]
    return {pool: [org for org in rows if org.pool == pool] for pool in {o.pool for o in rows}}


def test_a_build_adopts_fails_and_deletes_nothing_in_pools_of_other_builds(
    night: Night, ledger: Ledger
) -> None:
    kinds = ["intended", "signing up", "building", "failed", "released", "orphan"]
    for pool in ("evening", FORMER):
        for number, kind in enumerate(kinds):
            put(night, ledger, number, "of last week", pool, kind)
    before = by_pool(night)
    with ExitStack() as stack:
        held(stack, ledger, "evening", FORMER)
        assert night.build().exit_code == 0
        assert by_pool(night) == before
        sent = {org.username for rows in before.values() for org in rows if org.signup_id}
        assert sent <= {*night.active()}


def test_a_late_org_is_deleted_by_a_build_of_its_pool_and_by_any_if_the_pool_is_removed(
    night: Night, ledger: Ledger
) -> None:
    for pool in ("evening", FORMER):
        put(night, ledger, 1, "of last week", pool, "orphan")
    assert night.build().exit_code == 0
    assert "evening-1@acme.example" in night.active()
    assert f"{FORMER}-1@acme.example" not in night.active()
    assert night.build(pools=["evening"]).exit_code == 0
    assert "evening-1@acme.example" not in night.active()


def test_reap_leaves_unfinished_orgs_of_a_removed_pool_to_the_build_that_holds_it(
    night: Night, ledger: Ledger
) -> None:
    """An earlier pool.yaml, on another host, still has the pool."""
    put(night, ledger, 1, "", FORMER, "building")
    put(night, ledger, 2, "", FORMER, "fresh")
    with ExitStack() as stack:
        held(stack, ledger, FORMER)
        reaped = here.run(night, "reap", "--removed-pool", FORMER)
        assert reaped.code == 6
        why = f"not deleted: a build holds the pool {FORMER}; run `provisioner reap` again later"
        assert why in reaped.out
        assert night.active() == ["former-1@acme.example"]
    assert here.run(night, "reap", "--removed-pool", FORMER).code == 0
    assert night.active() == []


@pytest.mark.parametrize(
    ("pool", "is_repaired"), [("evening", False), (FORMER, False), ("gone", True)]
)
def test_a_build_repairs_the_rows_of_its_pools_and_of_pools_that_nobody_builds(
    night: Night, ledger: Ledger, pool: str, is_repaired: bool
) -> None:
    put(night, ledger, 1, "", pool, "building")
    (row,) = night.orgs()
    break_row(night, row, "step", "two")
    with ExitStack() as stack:
        held(stack, ledger, "evening", FORMER)
        night.build()
    said = "\n".join(night.watcher.messages)
    assert (f"{row.username}: repaired its broken row" in said) is is_repaired
    assert (f"{row.username}: its row in the ledger is broken" in said) is not is_repaired
    assert [org.username for org in night.orgs(State.FAILED)] == [row.username] * is_repaired
    if pool == "evening":
        night.build(pools=["evening"])
        assert [org.username for org in night.orgs(State.FAILED)] == [row.username]


def test_of_a_retry_and_a_deletion_of_a_kept_org_only_one_happens(
    night: Night, ledger: Ledger
) -> None:
    for number in (1, 2):
        put(night, ledger, number, "", "sample", "kept")
    first, second = night.orgs(State.FAILED)
    assert ledger.move(first, State.BUILDING, builder_id="of the retry", kept=False)
    assert mark_for_deletion(ledger, first, "old", now=ledger.now()) is None
    marked = mark_for_deletion(ledger, second, "old", now=ledger.now())
    assert marked is not None
    assert (marked.state, marked.kept) == (State.FAILED, False)
    assert ledger.move(second, State.BUILDING, builder_id="of the retry", kept=False) is None
    with pytest.raises(UsageError, match="it was not kept, and will be deleted"):
        retriable(ledger, night.config(), second.username)
