"""A claim sets aside what it cannot use, and leaves it as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from provisioner.claim import aside
from provisioner.claim.aside import UnusableError
from provisioner.claim.rules import claim
from provisioner.errors import NoOrgError
from provisioner.ledger.base import Ledger, Org, State
from tests.claim.conftest import add


def refuses(*names: str) -> Callable[[Org], Org]:
    """Orgs of these names refuse their logins."""

    def prove(org: Org) -> Org:
        if org.username.partition("@")[0] in names:
            raise UnusableError(org, "HTTP 420")
        return org

    return prove


def test_the_next_org_is_given_and_the_others_are_available_again(ledger: Ledger) -> None:
    for name in "abc":
        add(ledger, name)
    org = claim(ledger, owner="ann", purpose="demo", prove=refuses("a", "b"))
    assert org.username == "c@acme.example"
    left = ledger.orgs(states=[State.AVAILABLE])
    assert [(one.username[0], one.owner, one.purpose) for one in left] == [
        ("a", "", ""),
        ("b", "", ""),
    ]
    notes = [event.note for event in ledger.events(username="b@acme.example")]
    assert "could not be used: b@acme.example: HTTP 420" in notes[-1]


def test_without_another_the_claim_says_why(ledger: Ledger) -> None:
    add(ledger, "a")
    with pytest.raises(NoOrgError, match="1 available ones were left: a@"):
        claim(ledger, owner="ann", prove=refuses("a"))
    with pytest.raises(NoOrgError, match="HTTP 420"):
        claim(ledger, owner="ann", username="a@acme.example", prove=refuses("a"))
    assert [org.owner for org in ledger.orgs(states=[State.AVAILABLE])] == [""]


def test_whoever_waits_gets_it_when_it_can_be_used(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "LOOK_AGAIN", 0.0)
    add(ledger, "a")
    looks: list[str] = []

    def prove(org: Org) -> Org:
        looks.append(org.username)
        if len(looks) < 3:
            raise UnusableError(org, "HTTP 420")
        return org

    org = claim(ledger, owner="ann", wait=timedelta(minutes=5), prove=prove)
    assert (org.state, len(looks)) == (State.CLAIMED, 3)


def test_a_key_that_holds_an_org_keeps_it_though_it_refuses_logins(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(ledger, "a")
    add(ledger, "b")
    mine = claim(ledger, owner="ann", idempotency_key="job", prove=refuses("a"))
    assert mine.username == "b@acme.example", "the key is not wasted on what cannot be used"
    monkeypatch.setattr(aside, "THIS_CLAIM", timedelta())
    again = claim(ledger, owner="ann", idempotency_key="job", prove=refuses("a", "b"))
    assert again.username == mine.username
