"""An org is renewed and given back by whoever holds it, and by nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from provisioner.claim.rules import claim, release, renew
from provisioner.errors import ClaimError, NoOrgError, UsageError
from provisioner.ledger.base import Ledger, Org, State

from .conftest import add

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture
def held(ledger: Ledger) -> Org:
    """An org that ann has claimed for an hour."""
    add(ledger, "a", expires_at=NOW + 48 * HOUR)
    return claim(
        ledger, owner="ann", purpose="demo", lease=HOUR, idempotency_key="job-1", now=lambda: NOW
    )


def test_a_renewed_lease_ends_so_long_from_now(ledger: Ledger, held: Org) -> None:
    later = NOW + timedelta(minutes=50)
    org = renew(ledger, held.username, owner="ANN", lease=2 * HOUR, now=lambda: later)
    assert org.lease_until == later + 2 * HOUR
    assert ledger.get(held.username) == org


def test_a_renewal_never_lets_a_lease_end_sooner(ledger: Ledger, held: Org) -> None:
    org = renew(ledger, held.username, owner="ann", lease=HOUR / 2, now=lambda: NOW)
    assert org == held
    assert ledger.get(held.username) == held


def test_a_renewal_with_shorten_shortens_the_lease(ledger: Ledger, held: Org) -> None:
    org = renew(ledger, held.username, owner="ann", lease=HOUR / 2, shorten=True, now=lambda: NOW)
    assert org.lease_until == NOW + HOUR / 2
    assert ledger.get(held.username) == org


def test_a_claim_without_a_lease_lasts_as_long_as_the_org_and_is_shortened_only_on_demand(
    ledger: Ledger,
) -> None:
    add(ledger, "b", expires_at=NOW + 48 * HOUR)
    org = claim(ledger, owner="ann", now=lambda: NOW)
    assert renew(ledger, org.username, owner="ann", lease=HOUR, now=lambda: NOW) == org
    shorter = renew(ledger, org.username, owner="ann", lease=HOUR, shorten=True, now=lambda: NOW)
    assert shorter.lease_until == NOW + HOUR


def test_no_lease_outlasts_its_org(ledger: Ledger, held: Org) -> None:
    org = renew(ledger, held.username, owner="ann", lease=500 * HOUR, now=lambda: NOW)
    assert org.lease_until == held.expires_at
    again = renew(ledger, held.username, owner="ann", lease=HOUR, now=lambda: NOW)
    assert again.lease_until == held.expires_at


def test_a_lease_of_old_that_outlasts_its_org_is_cut_by_the_next_renewal(
    ledger: Ledger, held: Org
) -> None:
    ledger.change(held, lease_until=NOW + 500 * HOUR)
    org = renew(ledger, held.username, owner="ann", lease=HOUR, now=lambda: NOW)
    assert org.lease_until == held.expires_at


def test_an_expired_org_cannot_be_renewed(ledger: Ledger, held: Org) -> None:
    with pytest.raises(ClaimError, match=r"a@acme\.example expired at 2026-11-26 02:00") as caught:
        renew(ledger, held.username, owner="ann", lease=HOUR, now=lambda: NOW + 48 * HOUR)
    assert caught.value.code == "claim_lost"
    assert caught.value.hint == "claim another org: provisioner claim --pool morning"
    assert ledger.get(held.username) == held


def test_a_lease_that_has_ended_can_be_renewed_while_the_org_is_claimed(
    ledger: Ledger, held: Org
) -> None:
    later = NOW + 5 * HOUR
    org = renew(ledger, held.username, owner="ann", lease=HOUR, now=lambda: later)
    assert org.lease_until == later + HOUR


def test_another_can_neither_renew_nor_release(ledger: Ledger, held: Org) -> None:
    expected = "a@acme.example is claimed by ann for demo until 2026-11-24 03:00 UTC, not by bob"
    with pytest.raises(ClaimError) as renewing:
        renew(ledger, held.username, owner="bob", lease=HOUR)
    with pytest.raises(ClaimError) as releasing:
        release(ledger, held.username, owner="bob")
    for caught in (renewing, releasing):
        assert (caught.value.exit_code, caught.value.code) == (7, "not_yours")
        assert caught.value.message == expected
        assert "--force" in caught.value.hint
    assert ledger.get(held.username) == held


def test_force_overrules_the_owner(ledger: Ledger, held: Org) -> None:
    org = renew(ledger, held.username, owner="bob", lease=HOUR, force=True, now=lambda: NOW)
    assert org.owner == "ann"
    assert release(ledger, held.username, owner="bob", force=True).state is State.RELEASED
    assert ledger.events(username=held.username)[-1].note == "released by bob"


def test_a_released_org_is_marked_for_deletion_and_keeps_its_owner(
    ledger: Ledger, held: Org
) -> None:
    org = release(ledger, held.username, owner="ann")
    assert (org.state, org.owner, org.lease_until) == (State.RELEASED, "ann", None)
    assert ledger.get(held.username) == org


def test_releasing_twice_is_no_error_also_when_the_org_is_deleted(
    ledger: Ledger, held: Org
) -> None:
    once = release(ledger, held.username, owner="ann")
    assert release(ledger, held.username, owner="ann") == once
    deleted = ledger.move(once, State.DELETED)
    assert release(ledger, held.username, owner="ann") == deleted


def test_a_released_org_cannot_be_released_by_others_or_renewed(ledger: Ledger, held: Org) -> None:
    release(ledger, held.username, owner="ann")
    with pytest.raises(
        ClaimError, match="is released: it was claimed by ann, not by bob"
    ) as caught:
        release(ledger, held.username, owner="bob")
    assert (caught.value.exit_code, caught.value.code) == (7, "claim_lost")
    assert caught.value.hint == "claim another org: provisioner claim --pool morning"
    with pytest.raises(ClaimError, match="is released: your claim has ended"):
        renew(ledger, held.username, owner="ann", lease=HOUR)


def test_an_org_without_a_claim_is_released_only_by_force(ledger: Ledger) -> None:
    org = add(ledger, "a")
    with pytest.raises(ClaimError, match="is available and not claimed") as caught:
        release(ledger, org.username, owner="ann")
    assert (caught.value.exit_code, caught.value.code) == (7, "not_claimed")
    assert caught.value.hint.startswith("claim it: provisioner claim a@acme.example; ")
    assert release(ledger, org.username, owner="ann", force=True).state is State.RELEASED
    assert ledger.events()[-1].note == "released by ann"


NEVER_CLAIMED = [
    (
        [State.SIGNING_UP],
        "signing up",
        False,
        "it is being built; `provisioner status` shows its state",
    ),
    ([State.FAILED], "failed", False, "the next build or reap will delete it"),
    ([State.FAILED], "failed", True, "`provisioner reap --kept` will delete it"),
    ([State.BUILDING, State.AVAILABLE, State.RELEASED], "released", False, "the next build or"),
    ([State.EXPIRED], "expired", False, "the next build or reap will delete it"),
    ([State.EXPIRED, State.DELETED], "deleted", False, "claim another org: provisioner claim"),
]


@pytest.mark.parametrize(("states", "word", "kept", "hint"), NEVER_CLAIMED)
def test_the_error_for_an_org_that_was_never_claimed_names_its_state(
    ledger: Ledger, states: list[State], word: str, kept: bool, hint: str
) -> None:
    org = add(ledger, "a", *states, kept=kept)
    for command in (partial(release, owner="ann"), partial(renew, owner="ann", lease=HOUR)):
        with pytest.raises(ClaimError) as caught:
            command(ledger, org.username)
        assert (caught.value.exit_code, caught.value.code) == (7, "not_claimed")
        assert caught.value.message == f"a@acme.example is {word} and not claimed"
        assert caught.value.hint.startswith(hint)
    assert ledger.get(org.username) == org


@pytest.mark.parametrize("force", [False, True])
def test_an_unfinished_org_cannot_be_released(ledger: Ledger, force: bool) -> None:
    org = add(ledger, "a", State.BUILDING)
    with pytest.raises(ClaimError, match="is building and not claimed"):
        release(ledger, org.username, owner="ann", force=force)
    assert ledger.get(org.username) == org


def test_reuse_puts_it_back_into_a_pool_that_allows_it_with_no_trace_of_the_claim(
    ledger: Ledger, held: Org
) -> None:
    org = release(ledger, held.username, owner="ann", reuse=True, reusable=["morning"])
    assert (org.state, org.owner, org.purpose) == (State.AVAILABLE, "", "")
    assert (org.lease_until, org.idempotency_key, org.proven_at) == (None, "", None)
    assert ledger.events()[-1].note == "released by ann for reuse"
    again = claim(ledger, owner="bob", now=lambda: NOW)
    assert (again.username, again.fence) == (held.username, 2)


def test_reuse_is_refused_by_a_pool_that_does_not_allow_it(ledger: Ledger, held: Org) -> None:
    with pytest.raises(UsageError) as caught:
        release(ledger, held.username, owner="ann", reuse=True, reusable=["evening"])
    assert (caught.value.exit_code, caught.value.code) == (2, "reuse_not_allowed")
    assert "the pool morning does not allow reuse" in caught.value.message
    assert "`reuse: true`" in caught.value.hint
    assert ledger.get(held.username) == held


def test_an_org_released_without_reuse_cannot_be_reused_later(ledger: Ledger, held: Org) -> None:
    release(ledger, held.username, owner="ann")
    with pytest.raises(ClaimError, match="is released: your claim has ended"):
        release(ledger, held.username, owner="ann", reuse=True, reusable=["morning"])


def test_an_unknown_username_is_answered_with_near_ones(ledger: Ledger, held: Org) -> None:
    for command in (partial(release, owner="ann"), partial(renew, owner="ann", lease=HOUR)):
        with pytest.raises(NoOrgError) as caught:
            command(ledger, "b@acme.example")
        assert (caught.value.exit_code, caught.value.code) == (3, "unknown_username")
        assert caught.value.hint == "did you mean a@acme.example?"


class AlwaysChanging:
    """A ledger whose first moves fail because the row has changed."""

    def __init__(self, ledger: Ledger, times: int) -> None:
        self._ledger, self._left = ledger, times
        self.get = ledger.get

    def move(self, org: Org, to: State, **changes: object) -> Org | None:
        """None for the first calls; then as the ledger does."""
        self._left -= 1
        return None if self._left >= 0 else self._ledger.move(org, to, **changes)  # type: ignore[arg-type]


def test_a_row_that_changed_in_between_is_read_again(ledger: Ledger, held: Org) -> None:
    changing = AlwaysChanging(ledger, 3)
    org = release(changing, held.username, owner="ann")  # type: ignore[arg-type]
    assert org.state is State.RELEASED


def test_a_row_that_keeps_changing_is_an_error(ledger: Ledger, held: Org) -> None:
    changing = AlwaysChanging(ledger, 10_000)
    with pytest.raises(
        ClaimError, match=r"a@acme\.example was not changed: other processes"
    ) as caught:
        release(changing, held.username, owner="ann")  # type: ignore[arg-type]
    assert caught.value.code == "claim_lost"
