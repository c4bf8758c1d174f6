"""Whoever claims gets an org of their own, or reads why not and what to do."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from provisioner.claim.rules import claim
from provisioner.config.unknown_pool import unknown_pool
from provisioner.errors import ClaimError, NoOrgError, ProvisionerError, UsageError
from provisioner.ledger.base import Ledger, State

from .conftest import add

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def refused(ledger: Ledger, **wanted: object) -> ProvisionerError:
    """The error of a claim by ann that must fail."""
    with pytest.raises(ProvisionerError) as caught:
        claim(ledger, owner="ann", **wanted)  # type: ignore[arg-type]
    return caught.value


def test_the_org_that_expires_soonest_but_not_within_12_hours_is_claimed(
    ledger: Ledger,
) -> None:
    for name, hours in (("old", 11), ("fit", 13), ("new", 40)):
        add(ledger, name, life=hours * HOUR)
    assert claim(ledger, owner="ann").username == "fit@acme.example"


def test_a_claim_may_accept_an_org_that_expires_sooner(ledger: Ledger) -> None:
    add(ledger, "old", life=3 * HOUR)
    assert claim(ledger, owner="ann", min_life=2 * HOUR).username == "old@acme.example"


def test_an_org_claimed_by_name_may_be_short_of_life(ledger: Ledger) -> None:
    org = add(ledger, "old", life=HOUR)
    assert claim(ledger, owner="ann", username=org.username).owner == "ann"


def test_a_claim_holds_owner_purpose_and_lease(ledger: Ledger) -> None:
    add(ledger, "a")
    before = datetime.now(UTC)
    org = claim(ledger, owner="ann", purpose="demo", lease=8 * HOUR)
    assert (org.owner, org.purpose, org.fence) == ("ann", "demo", 1)
    add(ledger, "b")
    assert claim(ledger, owner="ann").purpose == ""
    assert org.lease_until is not None
    assert before + 8 * HOUR <= org.lease_until <= datetime.now(UTC) + 8 * HOUR


def test_without_an_available_org_the_error_counts_the_states_and_names_the_build(
    ledger: Ledger,
) -> None:
    add(ledger, "a", State.BUILDING)
    add(ledger, "b", State.SIGNING_UP)
    add(ledger, "c", State.BUILDING, State.AVAILABLE, State.CLAIMED)
    add(ledger, "d", State.FAILED)
    add(ledger, "e", pool="evening")
    error = refused(ledger, pool="morning", pools=["morning"])
    assert isinstance(error, NoOrgError)
    assert (error.exit_code, error.code) == (3, "no_org_available")
    assert error.message == (
        "no scratch org is available in the pool morning: 2 building, 1 claimed, 1 failed"
    )
    assert error.hint == (
        "create orgs: provisioner build morning; or pass --wait 10m to wait for one"
    )


def test_an_empty_ledger_is_named_as_the_reason(ledger: Ledger) -> None:
    error = refused(ledger)
    assert error.message == "no scratch org is available in any pool: there are no orgs"
    assert error.hint == "create orgs: provisioner build; or pass --wait 10m to wait for one"


def test_orgs_that_expire_too_soon_are_named_as_the_reason(ledger: Ledger) -> None:
    at = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    add(ledger, "a", expires_at=at + 3 * HOUR)
    error = refused(ledger, now=lambda: at)
    assert error.code == "no_org_available"
    assert error.message == (
        "no scratch org in any pool has 12h left before it expires: 1 available, the last "
        "expires at 2026-11-24 05:00 UTC"
    )
    assert error.hint == "pass --min-life 3h or less, or create new orgs: provisioner build"


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        (timedelta(days=1, hours=23, minutes=59, seconds=45), "1d23h"),
        (timedelta(hours=1), "1h"),
        (timedelta(minutes=59, seconds=59), "59m"),
        (timedelta(seconds=59), "0s"),
    ],
)
def test_the_proposed_minimum_life_is_rounded_down(
    ledger: Ledger, left: timedelta, shown: str
) -> None:
    at = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    add(ledger, "a", expires_at=at + left)
    error = refused(ledger, now=lambda: at, min_life=timedelta(days=3))
    assert error.hint.startswith(f"pass --min-life {shown} or less, or ")


def test_an_unknown_username_is_answered_with_near_ones(ledger: Ledger) -> None:
    add(ledger, "morning-7f3k")
    error = refused(ledger, username="morning-7f3x@acme.example")
    assert isinstance(error, NoOrgError)
    assert (error.exit_code, error.code) == (3, "unknown_username")
    assert error.message == "the ledger has no scratch org morning-7f3x@acme.example"
    assert error.hint == "did you mean morning-7f3k@acme.example?"


@pytest.mark.parametrize(
    "username", ["' OR username LIKE '%", "x') OR (1=1", "\\", "%", "a'b@acme.example", 'x"@y']
)
def test_a_username_with_metacharacters_is_just_unknown(ledger: Ledger, username: str) -> None:
    add(ledger, "a")
    assert refused(ledger, username=username).code == "unknown_username"
    assert len(ledger.orgs(states=[State.AVAILABLE])) == 1


def test_a_username_with_a_quote_can_be_claimed_when_it_exists(ledger: Ledger) -> None:
    add(ledger, "o'hara")
    assert claim(ledger, owner="ann", username="O'Hara@acme.example").fence == 1


def test_an_org_of_another_is_refused_with_who_why_and_until_when(ledger: Ledger) -> None:
    org = add(ledger, "a")
    until = datetime(2099, 1, 2, 3, 4, tzinfo=UTC)
    ledger.move(org, State.CLAIMED, owner="bob", purpose="demo", lease_until=until)
    error = refused(ledger, username=org.username)
    assert isinstance(error, ClaimError)
    assert (error.exit_code, error.code) == (7, "claimed")
    assert error.message == "a@acme.example is claimed by bob for demo until 2099-01-02 03:04 UTC"
    assert error.hint == "claim another org: provisioner claim --pool morning"


def test_a_claim_without_an_end_is_refused_with_who(ledger: Ledger) -> None:
    org = add(ledger, "a", expires_at=None)
    claim(ledger, owner="bob", username=org.username)
    assert refused(ledger, username=org.username).message == "a@acme.example is claimed by bob"


def test_times_are_given_in_utc_wherever_the_machine_is(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = add(ledger, "a")
    claim(ledger, owner="bob", username=org.username)
    assert org.expires_at is not None
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        message = refused(ledger, username=org.username).message
    finally:
        monkeypatch.undo()
        time.tzset()
    assert message.endswith(f"until {org.expires_at:%Y-%m-%d %H:%M} UTC")


def test_a_claim_of_an_own_org_is_refused_with_how_to_log_in(ledger: Ledger) -> None:
    org = add(ledger, "a")
    claim(ledger, owner="Ann", username=org.username)
    error = refused(ledger, username=org.username)
    assert error.code == "claimed"
    assert error.hint == "you have already claimed it; log in: provisioner login a@acme.example"


@pytest.mark.parametrize(
    ("states", "code", "text"),
    [
        ([State.SIGNING_UP], "no_org_available", "is not available yet (state: signing up)"),
        ([State.BUILDING], "no_org_available", "is not available yet (state: building)"),
        ([State.FAILED], "org_gone", "is failed: step 2 failed"),
        ([State.EXPIRED, State.DELETED], "org_gone", "is deleted: step 2 failed"),
    ],
)
def test_an_org_in_another_state_is_refused_with_its_state(
    ledger: Ledger, states: list[State], code: str, text: str
) -> None:
    error = "" if State.BUILDING in states or State.SIGNING_UP in states else "step 2 failed"
    org = add(ledger, "a", *states, error=error)
    refusal = refused(ledger, username=org.username)
    assert isinstance(refusal, NoOrgError)
    assert (refusal.code, refusal.message) == (code, f"a@acme.example {text}")
    is_gone = code == "org_gone"
    assert refusal.hint == (
        "claim another org: provisioner claim --pool morning"
        if is_gone
        else "pass --wait 10m to wait for it"
    )


def test_an_available_org_past_its_expiry_is_reported_as_expired(ledger: Ledger) -> None:
    at = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    org = add(ledger, "a", expires_at=at)
    error = refused(ledger, username=org.username, now=lambda: at)
    assert error.message == "a@acme.example is expired"
    error = refused(ledger, now=lambda: at)
    assert error.message == "no scratch org is available in any pool: 1 expired"


def test_a_name_of_another_pool_is_refused(ledger: Ledger) -> None:
    org = add(ledger, "a")
    error = refused(ledger, username=org.username, pool="evening", pools=["evening"])
    assert error.message == "a@acme.example is in the pool morning, not in evening"
    assert (error.exit_code, error.code) == (3, "unknown_username")


def test_a_named_org_that_expires_too_soon_is_refused(ledger: Ledger) -> None:
    at = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    org = add(ledger, "a", expires_at=at + HOUR)
    error = refused(ledger, username=org.username, min_life=2 * HOUR, now=lambda: at)
    assert error.message.startswith("a@acme.example expires in less than 2h, at ")


@pytest.mark.parametrize("pools", [["morning", "evening"], []])
def test_an_unknown_pool_is_a_usage_error_with_a_near_name(
    ledger: Ledger, pools: list[str]
) -> None:
    add(ledger, "a", State.EXPIRED, State.DELETED)  # without pool.yaml the history knows it
    error = refused(ledger, pool="mornign", pools=pools)
    assert isinstance(error, UsageError)
    assert (error.exit_code, error.code) == (2, "unknown_pool")
    assert error.message == "there is no pool 'mornign'"
    assert error.hint == "did you mean morning?"


def test_names_without_a_near_one_are_answered_with_what_there_is(ledger: Ledger) -> None:
    error = refused(ledger, pool="nightly", pools=["morning", "evening"])
    assert error.hint == "the pools are: evening, morning"
    error = refused(ledger, username="somebody@else.example")
    assert error.hint == "`provisioner status` lists all orgs"
    assert unknown_pool("nightly", []).hint == "pool.yaml names no pool"


def test_where_nothing_is_known_of_any_pool_none_is_called_unknown(ledger: Ledger) -> None:
    assert refused(ledger, pool="morning").code == "no_org_available"


def test_the_same_key_gives_the_same_org_to_the_same_owner(ledger: Ledger) -> None:
    add(ledger, "a")
    add(ledger, "b")
    first = claim(ledger, owner="ann", idempotency_key="job-1")
    assert claim(ledger, owner="ANN", idempotency_key="job-1", pool="morning") == first


@pytest.mark.parametrize(
    "other",
    [{"owner": "bob"}, {"pool": "evening"}, {"username": "b@acme.example"}],
    ids=["owner", "pool", "username"],
)
def test_a_key_in_use_is_refused_for_anything_else(ledger: Ledger, other: dict[str, str]) -> None:
    add(ledger, "a")
    add(ledger, "b", life=3 * DAY)
    claim(ledger, owner="ann", idempotency_key="job-1")
    with pytest.raises(ClaimError) as caught:
        claim(ledger, **{"owner": "ann", "idempotency_key": "job-1", **other})  # type: ignore[arg-type]
    assert (caught.value.exit_code, caught.value.code) == (7, "key_in_use")
    assert caught.value.message == (
        "the idempotency key job-1 is in use: ann has claimed a@acme.example with it"
    )
    assert len(ledger.orgs(states=[State.CLAIMED])) == 1


def test_waiting_ends_as_soon_as_an_org_becomes_available(ledger: Ledger) -> None:
    building = add(ledger, "a", State.BUILDING)
    messages: list[str] = []
    waiting = threading.Event()

    def tell(why: str) -> None:
        messages.append(why)
        waiting.set()

    def finish() -> None:
        assert waiting.wait(timeout=60)
        ledger.move(building, State.AVAILABLE)

    thread = threading.Thread(target=finish)
    thread.start()
    org = claim(ledger, owner="ann", wait=timedelta(minutes=5), on_wait=tell)
    thread.join(timeout=60)
    assert org.username == building.username
    assert messages == ["no scratch org is available in any pool: 1 building"]


def test_a_wait_without_success_ends_with_the_reason(ledger: Ledger) -> None:
    messages: list[str] = []
    error = refused(ledger, wait=timedelta(milliseconds=10), on_wait=messages.append)
    assert error.code == "no_org_available"
    assert messages == [error.message]


@pytest.mark.parametrize("wanted", [{"username": "x"}, {"pool": "mornign", "pools": ["morning"]}])
def test_what_will_never_be_is_not_waited_for(ledger: Ledger, wanted: dict[str, object]) -> None:
    messages: list[str] = []
    refused(ledger, wait=timedelta(hours=1), on_wait=messages.append, **wanted)
    assert messages == []
