"""Every ledger gives an available org to one claim, the one with the least life left first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioner.ledger.base import Claim, Ledger, Org, State
from tests.ledger.world import NOW, add_available, moved

HOUR = timedelta(hours=1)


def claimed(ledger: Ledger, claim: Claim) -> Org:
    """A claim that must succeed."""
    org = ledger.claim(claim, now=NOW)
    assert org is not None
    return org


def test_a_claim_takes_the_org_that_expires_soonest(ledger: Ledger) -> None:
    add_available(ledger, "late@acme.example", life=48 * HOUR)
    add_available(ledger, "soon@acme.example", life=20 * HOUR)
    add_available(ledger, "later@acme.example", life=72 * HOUR)
    names = [claimed(ledger, Claim("ann")).username.partition("@")[0] for _ in range(3)]
    assert names == ["soon", "late", "later"]
    assert ledger.claim(Claim("ann"), now=NOW) is None


def test_a_claim_leaves_orgs_that_expire_too_soon(ledger: Ledger) -> None:
    add_available(ledger, "soon@acme.example", life=20 * HOUR)
    add_available(ledger, "late@acme.example", life=48 * HOUR)
    wanted = Claim("ann", usable_until=NOW + 21 * HOUR)
    assert claimed(ledger, wanted).username == "late@acme.example"
    assert ledger.claim(wanted, now=NOW) is None


def test_an_org_that_lives_exactly_long_enough_is_taken(ledger: Ledger) -> None:
    add_available(ledger, "a@acme.example", life=20 * HOUR)
    assert claimed(ledger, Claim("ann", usable_until=NOW + 20 * HOUR)).fence == 1


def test_an_org_past_its_life_is_never_given(ledger: Ledger) -> None:
    org = add_available(ledger, "a@acme.example", life=HOUR)
    assert ledger.claim(Claim("ann"), now=NOW + HOUR) is None
    assert ledger.claim(Claim("ann", username=org.username), now=NOW + 2 * HOUR) is None


def test_a_claim_records_who_what_for_and_until_when(ledger: Ledger) -> None:
    org = add_available(ledger, "a@acme.example")
    claim = Claim(
        "ann", purpose="demo", lease_until=NOW + 8 * HOUR, idempotency_key="job-1", pool="morning"
    )
    result = claimed(ledger, claim)
    assert result == ledger.get(org.username)
    assert (result.state, result.owner, result.purpose) == (State.CLAIMED, "ann", "demo")
    assert (result.lease_until, result.idempotency_key) == (NOW + 8 * HOUR, "job-1")
    assert (result.fence, result.version) == (1, org.version + 1)


def test_a_claim_of_a_pool_takes_none_of_another(ledger: Ledger) -> None:
    add_available(ledger, "a@acme.example", pool="evening")
    assert ledger.claim(Claim("ann", pool="morning"), now=NOW) is None
    assert claimed(ledger, Claim("ann", pool="evening")).pool == "evening"


@pytest.mark.parametrize("pool", ["' OR ''='", "%", "morning'--"])
def test_a_pool_is_never_read_as_sql(ledger: Ledger, pool: str) -> None:
    add_available(ledger, "a@acme.example")
    assert ledger.claim(Claim("ann", pool=pool), now=NOW) is None


def test_a_claim_by_name_takes_that_org_and_no_other(ledger: Ledger) -> None:
    add_available(ledger, "a@acme.example", life=HOUR)
    add_available(ledger, "b@acme.example")
    assert claimed(ledger, Claim("ann", username="B@acme.example")).username == "b@acme.example"
    assert ledger.claim(Claim("bob", username="b@acme.example"), now=NOW) is None


@pytest.mark.parametrize("state", [State.INTENDED, State.SIGNING_UP, State.BUILDING])
def test_what_is_not_proven_yet_is_never_given(ledger: Ledger, state: State) -> None:
    org = Org("a@acme.example", "morning", expires_at=NOW + 48 * HOUR)
    ledger.add(org)
    if state is not State.INTENDED:
        moved(ledger, org, state)
    assert ledger.claim(Claim("ann"), now=NOW) is None


def test_the_same_key_gives_the_same_org_and_changes_nothing(ledger: Ledger) -> None:
    add_available(ledger, "a@acme.example")
    add_available(ledger, "b@acme.example")
    claim = Claim("ann", idempotency_key="job-1", lease_until=NOW + HOUR)
    first = claimed(ledger, claim)
    assert claimed(ledger, claim) == first
    assert claimed(ledger, Claim("ann", idempotency_key="job-2")).username != first.username
    assert len(ledger.orgs(states=[State.CLAIMED])) == 2


def test_the_same_key_extends_the_lease_and_never_shortens_it(ledger: Ledger) -> None:
    add_available(ledger, "a@acme.example")
    claimed(ledger, Claim("ann", idempotency_key="job-1", lease_until=NOW + 2 * HOUR))
    shorter = claimed(ledger, Claim("ann", idempotency_key="job-1", lease_until=NOW + HOUR))
    assert shorter.lease_until == NOW + 2 * HOUR
    longer = claimed(ledger, Claim("ann", idempotency_key="job-1", lease_until=NOW + 3 * HOUR))
    assert longer.lease_until == NOW + 3 * HOUR
    assert (longer.fence, ledger.get(longer.username)) == (1, longer)


def test_a_key_is_free_again_once_its_org_was_given_back(ledger: Ledger) -> None:
    add_available(ledger, "a@acme.example")
    add_available(ledger, "b@acme.example", life=48 * HOUR)
    claim = Claim("ann", idempotency_key="job-1")
    moved(ledger, claimed(ledger, claim), State.RELEASED)
    assert claimed(ledger, claim).username == "b@acme.example"


def test_a_key_does_not_hold_an_org_past_its_life(ledger: Ledger) -> None:
    add_available(ledger, "a@acme.example", life=HOUR)
    add_available(ledger, "b@acme.example", life=48 * HOUR)
    claim = Claim("ann", idempotency_key="job-1")
    assert claimed(ledger, claim).username == "a@acme.example"
    later = ledger.claim(claim, now=NOW + 2 * HOUR)
    assert later is not None
    assert later.username == "b@acme.example"


def test_claims_without_a_key_are_never_taken_for_repeats(ledger: Ledger) -> None:
    add_available(ledger, "a@acme.example")
    add_available(ledger, "b@acme.example")
    assert claimed(ledger, Claim("ann")).username != claimed(ledger, Claim("ann")).username


def test_the_fence_rises_with_each_claim_of_an_org(ledger: Ledger) -> None:
    add_available(ledger, "a@acme.example")
    for fence in (1, 2, 3):
        org = claimed(ledger, Claim("ann"))
        assert org.fence == fence
        moved(ledger, org, State.AVAILABLE, owner="")


def test_no_lease_outlasts_the_org(ledger: Ledger) -> None:
    org = add_available(ledger, "a@acme.example", life=20 * HOUR)
    wanted = Claim("ann", idempotency_key="job-1", lease_until=NOW + 40 * HOUR)
    assert claimed(ledger, wanted).lease_until == org.expires_at
    assert claimed(ledger, wanted).lease_until == org.expires_at
