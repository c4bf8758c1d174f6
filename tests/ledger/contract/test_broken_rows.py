"""A row that cannot be read blocks no other, is reported, and is repaired by the next build."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from provisioner.ledger.base import Claim, Ledger, Org, State
from provisioner.ledger.broken import BrokenRowError
from tests.ledger.breaking import break_row, break_waiters
from tests.ledger.world import NOW, World, add_available, run

HOUR = timedelta(hours=1)
BROKEN, SOUND = "broken@acme.example", "sound@acme.example"

BREAKS: dict[str, tuple[str, Any, str]] = {
    "a word for a date": (
        "proven_at",
        "yesterday",
        "proven_at must be a time with a zone (got 'yesterday')",
    ),
    "a date without a zone": (
        "created_at",
        "2026-11-24T02:00:00",
        "created_at must be a time with a zone (got",
    ),
    "no date at all": ("lease_until", "", "lease_until must be a time with a zone (got '')"),
    "half a document": ("users", '[{"persona"', "users has an invalid value (got '[{\"persona\"')"),
    "another document": ("users", '"agent"', "users must be a list of users (got '\"agent\"')"),
    "a deep document": ("users", "[" * 9000, "users has an invalid value (got '[[["),
    "an unknown state": (
        "state",
        "vanished",
        "state must be a state that this version knows (got 'vanished')",
    ),
    "a count that cannot rise": (
        "fence",
        2**31 - 1,
        "fence must be a whole number from 0 to 2147483646 (got 2147483647)",
    ),
    "a pool without a name": ("pool", "", "pool must "),
}


@pytest.fixture(params=BREAKS.values(), ids=list(BREAKS))
def why(request: pytest.FixtureRequest, world: World, ledger: Ledger) -> str:
    """A ledger with a broken row before a sound one; what is wrong with it."""
    add_available(ledger, BROKEN, life=20 * HOUR)
    add_available(ledger, SOUND, life=30 * HOUR)
    column, value, expected = request.param
    break_row(world, BROKEN, column, value)
    return str(expected)


def test_a_claim_skips_a_broken_row_and_records_it(ledger: Ledger, why: str) -> None:
    org = ledger.claim(Claim("ann"), now=NOW)
    assert org is not None
    assert org.username == SOUND
    assert ledger.claim(Claim("bob"), now=NOW) is None
    assert [row.username for row in ledger.orgs()] == [SOUND]
    [broken] = ledger.broken()
    assert broken.username == BROKEN
    assert why in broken.why
    assert "the next `provisioner build` repairs it" in str(broken)


def test_the_error_for_a_broken_row_names_the_column(ledger: Ledger, why: str) -> None:
    assert ledger.claim(Claim("ann", username=BROKEN), now=NOW) is None
    with pytest.raises(BrokenRowError) as caught:
        ledger.get(BROKEN)
    assert (caught.value.code, caught.value.exit_code) == ("ledger_corrupt", 2)
    assert why in caught.value.message
    assert BROKEN in caught.value.message


def test_a_build_sets_it_aside_neither_offered_nor_deleted(ledger: Ledger, why: str) -> None:
    with ledger.builder_lock(run("run-9"), wait=False):
        assert [row.username for row in ledger.repair(ledger.orgs(states=State))] == [BROKEN]
        assert ledger.repair(ledger.orgs(states=State)) == []
        assert ledger.adopt("run-9") == []
    assert ledger.broken() == []
    org = ledger.get(BROKEN)
    assert org is not None
    assert (org.state, org.kept) == (State.FAILED, True)
    assert why in org.error
    assert ledger.events(username=BROKEN)[-1].to_state == "failed"
    assert ledger.move(org, State.DELETED) is not None


def test_who_holds_it_keeps_it(world: World, ledger: Ledger) -> None:
    add_available(ledger, BROKEN)
    held = ledger.claim(Claim("ann", lease_until=NOW + HOUR, idempotency_key="job-1"), now=NOW)
    assert held is not None
    break_row(world, BROKEN, "proven_at", "yesterday")
    with ledger.builder_lock(run(), wait=False):
        assert len(ledger.repair(ledger.orgs())) == 1
    org = ledger.get(BROKEN)
    assert org is not None
    assert (org.state, org.owner, org.lease_until) == (State.CLAIMED, "ann", NOW + HOUR)
    assert (org.proven_at, org.kept) == (None, False)
    assert ledger.claim(Claim("ann", idempotency_key="job-1"), now=NOW) == org
    assert ledger.move(org, State.RELEASED) is not None


def test_a_key_whose_row_is_broken_gets_no_second_org(world: World, ledger: Ledger) -> None:
    add_available(ledger, BROKEN)
    add_available(ledger, SOUND, life=48 * HOUR)
    claim = Claim("ann", idempotency_key="job-1")
    assert ledger.claim(claim, now=NOW) is not None
    break_row(world, BROKEN, "lease_until", "tomorrow")
    with pytest.raises(
        BrokenRowError, match=r"lease_until must be a time with a zone \(got 'tomorrow'\)"
    ):
        ledger.claim(claim, now=NOW)
    assert [org.username for org in ledger.orgs(states=[State.AVAILABLE])] == [SOUND]


def test_many_in_a_row_are_passed_over(world: World, ledger: Ledger) -> None:
    for number in range(6):
        add_available(ledger, f"broken-{number}@acme.example", life=20 * HOUR)
        break_row(world, f"broken-{number}@acme.example", "users", "{")
    add_available(ledger, SOUND, life=30 * HOUR)
    org = ledger.claim(Claim("ann"), now=NOW)
    assert org is not None
    assert org.username == SOUND
    assert len(ledger.broken()) == 6


def test_who_waits_is_not_blocked_either(world: World, ledger: Ledger) -> None:
    add_available(ledger, BROKEN, life=20 * HOUR)
    break_row(world, BROKEN, "users", "{")
    waiting = Claim("ann", waiter="place-1")
    assert ledger.claim(waiting, now=NOW) is None
    add_available(ledger, SOUND, life=30 * HOUR)
    assert ledger.claim(Claim("bob"), now=NOW) is None
    org = ledger.claim(waiting, now=NOW)
    assert org is not None
    assert org.username == SOUND


def test_a_place_in_the_queue_that_cannot_be_read_is_skipped(world: World, ledger: Ledger) -> None:
    assert ledger.claim(Claim("ann", waiter="place-1"), now=NOW) is None
    add_available(ledger, SOUND)
    break_waiters(world)
    assert ledger.waiters() == []
    org = ledger.claim(Claim("bob"), now=NOW)
    assert org is not None
    assert org.username == SOUND


def test_a_broken_unfinished_row_is_repaired_too(world: World, ledger: Ledger) -> None:
    ledger.add(Org(BROKEN, "morning", builder_id="run-1"))
    ledger.add(Org(SOUND, "morning", builder_id="run-1"))
    break_row(world, BROKEN, "created_at", "today")
    with ledger.builder_lock(run("run-2"), wait=False):
        ledger.repair(ledger.orgs())
        assert [org.username for org in ledger.adopt("run-2")] == [SOUND]
