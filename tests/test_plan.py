"""A plan compares what is wanted with what is there; it never spends what is kept for people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from provisioner.config.model import Definition, DevHub, Pool, PoolFile
from provisioner.config.portion import Portion
from provisioner.config.team import Team
from provisioner.declare.secret import Secret
from provisioner.ledger.base import Org, State
from provisioner.plan import Allowance, PoolPlan, plan_pools

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
PLENTY = Allowance(daily=100, active=100)
FINGERPRINTS = {("morning", "a.json"): "fa", ("morning", "b.json"): "fb", ("other", "a.json"): "fa"}


def pool(size: int, **changes: object) -> Pool:
    base = Pool(name="morning", size=size, definitions=(Definition(file=Path("a.json")),))
    return replace(base, **changes)  # type: ignore[arg-type]


def org(number: int, state: State, **changes: object) -> Org:
    base = Org(
        f"morning-{number}@hub.example",
        "morning",
        state,
        definition="a.json",
        fingerprint="fa",
        available_at=NOW - timedelta(hours=1),
        expires_at=NOW + timedelta(days=2),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def plan(wanted: Pool, rows: list[Org], allowance: Allowance = PLENTY) -> PoolPlan:
    return plan_all([wanted], rows, allowance)[0]


def plan_all(wanted: list[Pool], rows: list[Org], allowance: Allowance) -> list[PoolPlan]:
    hub = DevHub(username="hub@acme.example", consumer_key="key", private_key=Secret("pem"))
    pools = {each.name: each for each in wanted}
    config = PoolFile(path=Path("pool.yaml"), dev_hub=hub, pools=pools)
    return plan_pools(config, list(pools), rows, FINGERPRINTS, allowance, NOW)


def test_an_empty_pool_is_built_to_its_size() -> None:
    assert len(plan(pool(3), []).create) == 3


def test_a_full_pool_wants_nothing() -> None:
    made = plan(pool(2), [org(1, State.AVAILABLE), org(2, State.AVAILABLE)])
    assert (made.create, made.remove, made.retire, made.missing) == ((), (), (), 0)


def test_claimed_orgs_are_replaced_and_never_touched() -> None:
    made = plan(pool(2), [org(1, State.CLAIMED, fingerprint="old"), org(2, State.AVAILABLE)])
    assert len(made.create) == 1
    assert made.remove == made.retire == ()


def test_unfinished_orgs_are_resumed_instead_of_signed_up_again() -> None:
    rows = [org(1, State.INTENDED), org(2, State.SIGNING_UP), org(3, State.BUILDING)]
    made = plan(pool(4), rows)
    assert len(made.resume) == 3
    assert len(made.create) == 1


def test_unfinished_orgs_of_another_fingerprint_are_ended() -> None:
    made = plan(pool(1), [org(1, State.BUILDING, fingerprint="old")])
    assert len(made.create) == len(made.remove) == 1
    assert "changed" in made.remove[0].reason


def test_failed_released_and_expired_orgs_are_ended_but_kept_ones_stay() -> None:
    rows = [
        org(1, State.FAILED, error="deploy_source: bad"),
        org(2, State.RELEASED),
        org(3, State.AVAILABLE, expires_at=NOW),
        org(4, State.FAILED, kept=True),
    ]
    made = plan(pool(0), rows)
    assert [removal.org.username[:9] for removal in made.remove] == [
        "morning-1",
        "morning-2",
        "morning-3",
    ]
    assert made.remove[0].reason == "deploy_source: bad"


def test_an_expired_claim_belongs_to_its_owner_until_reaped() -> None:
    assert plan(pool(0), [org(1, State.CLAIMED, expires_at=NOW)]).remove == ()


def test_stale_orgs_do_not_count_and_retire_only_when_their_successors_are_planned() -> None:
    rows = [org(1, State.AVAILABLE, fingerprint="old"), org(2, State.AVAILABLE)]
    made = plan(pool(2), rows)
    assert len(made.create) == len(made.retire) == 1
    none_left = plan(pool(2), rows, Allowance(daily=0, active=0))
    assert (none_left.create, none_left.retire) == ((), ())


def test_where_the_hub_has_no_room_for_both_no_stale_org_ends_before_the_build_needs_it() -> None:
    rows = [org(n, State.AVAILABLE, fingerprint="old") for n in range(3)]
    made = plan(pool(3), rows, Allowance(daily=9, active=1))
    assert (len(made.create), len(made.remove), len(made.retire)) == (3, 0, 3)
    assert (made.slots, made.is_short_of_room, made.limit) == (1, True, "")


def test_where_the_maximum_leaves_no_room_stale_orgs_make_it() -> None:
    rows = [org(n, State.AVAILABLE, fingerprint="old") for n in range(3)]
    made = plan(pool(3, maximum=4), rows)
    assert (len(made.create), made.slots, made.missing) == (3, 1, 0)


def test_an_allowance_that_is_overdrawn_lets_orgs_be_replaced_and_none_be_added() -> None:
    rows = [org(n, State.AVAILABLE, fingerprint="old") for n in range(2)]
    made = plan(pool(3), rows, Allowance(daily=9, active=-2))
    assert (len(made.create), made.slots, len(made.retire)) == (2, 0, 2)
    assert made.limit == "active_limit"


def test_how_many_may_be_missing_is_a_part_of_the_pool() -> None:
    assert plan(pool(30), []).swap == 3
    assert plan(pool(3), []).swap == 1
    assert plan(pool(3, swap=Portion(2)), []).swap == 2


def test_slots_that_a_renewal_has_freed_are_not_given_to_an_earlier_pool() -> None:
    early = replace(pool(5), name="morning")
    late = replace(pool(3), name="other")
    rows = [org(n, State.AVAILABLE, fingerprint="old", pool="other") for n in range(2)]
    first, second = plan_all([early, late], rows, Allowance(daily=9, active=1))
    assert (len(first.create), second.slots, len(second.create)) == (0, 1, 3)


def test_an_org_with_too_little_life_or_past_refresh_after_is_stale() -> None:
    short = org(1, State.AVAILABLE, expires_at=NOW + timedelta(hours=11))
    old = org(2, State.AVAILABLE, available_at=NOW - timedelta(hours=21))
    made = plan(pool(2, refresh_after=timedelta(hours=20)), [short, old])
    assert len(made.create) == len(made.retire) == 2


def test_the_allowance_binds_and_the_reason_names_the_limit() -> None:
    made = plan(pool(5), [], Allowance(daily=3, active=40))
    assert len(made.create) == 3
    assert made.missing == 2
    assert made.limit == "daily_limit"
    assert "daily scratch org limit leaves 3" in made.not_more_because


def test_a_negative_allowance_creates_nothing() -> None:
    made = plan(pool(5), [], Allowance(daily=10, active=-2))
    assert made.create == ()
    assert made.limit == "active_limit"


def test_the_maximum_counts_claims_and_is_no_failure() -> None:
    rows = [org(n, State.CLAIMED) for n in range(3)]
    made = plan(pool(3, maximum=4), rows)
    assert len(made.create) == 1
    assert made.limit == ""
    assert "maximum of 4" in made.not_more_because


def test_definitions_are_shared_out_by_weight_over_all_orgs_present() -> None:
    two = (Definition(file=Path("a.json"), weight=4), Definition(file=Path("b.json")))
    fresh = [creation.definition for creation in plan(pool(10, definitions=two), []).create]
    assert fresh.count("a.json") == 8
    present = [org(n, State.AVAILABLE) for n in range(4)]
    topped_up = plan(pool(5, definitions=two), present).create
    assert [creation.definition for creation in topped_up] == ["b.json"]


def test_borrowed_orgs_are_called_back_where_the_maximum_leaves_the_team_no_other_room() -> None:
    teams = {"payments": Team(share=2, lend=True)}
    wanted = pool(2, maximum=3, teams=teams)
    rows = [
        org(n, State.CLAIMED, owner="bob", lender="payments" if n < 3 else "") for n in (1, 2, 3)
    ]

    made = plan(wanted, rows)

    assert [r.reason for r in made.remove] == ["called back for payments"] * 2
    assert (len(made.claimed), len(made.create), made.missing) == (1, 2, 0)


def test_borrowed_orgs_stay_where_the_build_makes_enough_others() -> None:
    wanted = pool(2, maximum=10, teams={"payments": Team(share=2, lend=True)})

    made = plan(wanted, [org(1, State.CLAIMED, owner="bob", lender="payments")])

    assert (made.remove, len(made.create)) == ((), 2)
