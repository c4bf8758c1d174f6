"""A claim skips orgs that it cannot use, and makes them available again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest

from provisioner.claim import unusable
from provisioner.claim.rules import claim
from provisioner.claim.unusable import UnusableError
from provisioner.errors import NoOrgError
from provisioner.ledger.base import Ledger, Org, State
from tests.claim.conftest import add


def refuses(*names: str) -> Callable[[Org], Org]:
    """Orgs of these names refuse their logins."""

    def verify(org: Org) -> Org:
        if org.username.partition("@")[0] in names:
            raise UnusableError(org, "HTTP 420")
        return org

    return verify


def test_the_next_org_is_given_and_the_others_are_available_again(ledger: Ledger) -> None:
    for name in "abc":
        add(ledger, name)
    org = claim(ledger, owner="ann", purpose="demo", verify=refuses("a", "b"))
    assert org.username == "c@acme.example"
    left = ledger.orgs(states=[State.AVAILABLE])
    assert [(one.username[0], one.owner, one.purpose) for one in left] == [
        ("a", "", ""),
        ("b", "", ""),
    ]
    notes = [event.note for event in ledger.events(username="b@acme.example")]
    assert "could not be used: b@acme.example: HTTP 420" in notes[-1]


def test_without_a_usable_org_the_error_has_the_reason(ledger: Ledger) -> None:
    add(ledger, "a")
    with pytest.raises(NoOrgError, match="1 available org refused the login: a@"):
        claim(ledger, owner="ann", verify=refuses("a"))
    with pytest.raises(NoOrgError, match="HTTP 420"):
        claim(ledger, owner="ann", username="a@acme.example", verify=refuses("a"))
    assert [org.owner for org in ledger.orgs(states=[State.AVAILABLE])] == [""]


@pytest.mark.slow
def test_a_waiting_claim_gets_the_org_as_soon_as_it_is_usable(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unusable, "RETRY_EVERY", 0.0)
    add(ledger, "a")
    verified: list[str] = []

    def verify(org: Org) -> Org:
        verified.append(org.username)
        if len(verified) < 3:
            raise UnusableError(org, "HTTP 420")
        return org

    org = claim(ledger, owner="ann", wait=timedelta(minutes=5), verify=verify)
    assert (org.state, len(verified)) == (State.CLAIMED, 3)


def test_a_key_that_holds_an_org_keeps_it_though_it_refuses_logins(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(ledger, "a")
    add(ledger, "b")
    mine = claim(ledger, owner="ann", idempotency_key="job", verify=refuses("a"))
    assert mine.username == "b@acme.example", "the key is not wasted on what cannot be used"
    monkeypatch.setattr(unusable, "LONGEST_CHECK", timedelta())
    again = claim(ledger, owner="ann", idempotency_key="job", verify=refuses("a", "b"))
    assert again.username == mine.username


def test_a_waiting_claim_pauses_5_seconds_between_two_verifications(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(unusable, "time", SimpleNamespace(sleep=pauses.append))
    add(ledger, "a")

    def verify(org: Org) -> Org:
        if len(pauses) < 2:
            raise UnusableError(org, "HTTP 420")
        return org

    messages: list[str] = []
    claim(ledger, owner="ann", wait=timedelta(minutes=5), verify=verify, on_wait=messages.append)
    assert pauses == [5.0, 5.0]
    assert messages == [], "it does not wait for another org"


def test_the_pause_between_two_verifications_is_no_longer_than_the_wait(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        ledger.move(ledger.orgs()[0], State.EXPIRED)

    monkeypatch.setattr(unusable, "time", SimpleNamespace(sleep=sleep))
    add(ledger, "a")
    with pytest.raises(NoOrgError):
        claim(ledger, owner="ann", wait=timedelta(seconds=0.5), verify=refuses("a"))
    assert len(pauses) == 1
    assert 0 < pauses[0] <= 0.5


def test_an_org_that_was_released_meanwhile_is_not_held(ledger: Ledger) -> None:
    def verify(org: Org) -> Org:
        if org.username.startswith("a"):
            ledger.move(org, State.RELEASED)
            raise UnusableError(org, "HTTP 420")
        return org

    add(ledger, "a")
    add(ledger, "b")
    assert claim(ledger, owner="ann", verify=verify).username == "b@acme.example"
    assert [org.username for org in ledger.orgs(states=[State.RELEASED])] == ["a@acme.example"]


def test_the_time_of_the_claim_decides_whether_a_key_held_an_org_before(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the time at which the org became available, and not the claim of another org."""
    for name in "abc":
        add(ledger, name)
    hour_later = ledger.now() + timedelta(hours=1)
    monkeypatch.setattr(type(ledger), "now", lambda _ledger: hour_later)
    new = claim(ledger, owner="ann", idempotency_key="new", verify=refuses("a"))
    assert new.username == "b@acme.example"
    two_later = hour_later + timedelta(hours=1)
    monkeypatch.setattr(type(ledger), "now", lambda _ledger: two_later)
    claim(ledger, owner="bob", username="c@acme.example")
    again = claim(ledger, owner="ann", idempotency_key="new", verify=refuses("a", "b"))
    assert again.username == new.username
