"""The circuit breaker sends no sign-up for an org that would fail as others did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.builder.circuit_breaker import CircuitBreaker
from provisioner.errors import ErrorKind
from provisioner.ledger.base import Org
from provisioner.plan import Creation


def creations(count: int, fingerprint: str = "f") -> list[Creation]:
    return [Creation("morning", "a.json", fingerprint)] * count


def org(fingerprint: str = "f") -> Org:
    return Org("morning-1@acme.example", "morning", fingerprint=fingerprint)


def breaker(*verified: str, canary: bool = True) -> CircuitBreaker:
    return CircuitBreaker(verified, lambda _pool: canary)


def test_the_first_of_more_than_three_is_sent_alone() -> None:
    assert len(breaker().admit(creations(4))) == 1
    assert len(breaker().admit(creations(3))) == 3


def test_a_verified_fingerprint_and_a_pool_without_canary_need_none() -> None:
    assert len(breaker("f").admit(creations(9))) == 9
    assert len(breaker(canary=False).admit(creations(9))) == 9


def test_the_others_follow_when_the_canary_is_available() -> None:
    one = breaker()
    one.admit(creations(5))
    assert len(one.available(org())) == 4
    assert len(one.admit(creations(5))) == 5


@pytest.mark.parametrize("kind", [ErrorKind.CONTENT, ErrorKind.CONFIGURATION])
def test_a_canary_that_fails_by_its_content_stops_the_others(kind: ErrorKind) -> None:
    one = breaker()
    one.admit([*creations(5), *creations(5, "other")])
    assert one.failed(org(), kind, "deploy_source: bad") == []
    assert one.dropped == 4
    assert "deploy_source: bad" in one.reason
    assert len(one.available(org("other"))) == 4, "another definition is not touched"


@pytest.mark.parametrize(
    ("count", "cancelled"),
    [
        (1, ""),
        (2, "; the other sign-up was cancelled"),
        (5, "; the other 4 sign-ups were cancelled"),
    ],
)
def test_the_reason_says_how_many_a_failed_canary_stopped(count: int, cancelled: str) -> None:
    one = breaker()
    one.guard(["morning"])
    one.admit(creations(2))  # of which one waits
    one.instead("f")
    one.admit(creations(count - 1))
    one.failed(org(), ErrorKind.CONTENT, "deploy_source: bad\nand more")
    assert one.reason == (f"the canary org of pool morning failed (deploy_source: bad){cancelled}")


def test_a_failure_of_content_counts_whatever_is_undecided() -> None:
    one = breaker("f")
    for _ in range(3):
        one.failed(org(), ErrorKind.CONTENT, "deploy_source: bad", undecided=10)
    assert one.is_tripped


def test_a_transient_failure_counts_when_it_has_failed_more_orgs_than_are_undecided() -> None:
    one = breaker("f")
    for _ in range(4):
        one.failed(org(), ErrorKind.TRANSIENT, "deploy_source: timed out", undecided=4)
    assert not one.is_tripped
    one.failed(org(), ErrorKind.TRANSIENT, "deploy_source: timed out", undecided=4)
    assert one.is_tripped


def test_what_is_dropped_is_counted_over_the_whole_build() -> None:
    one = breaker("verified")
    one.admit([*creations(5, "a"), *creations(6, "b"), *creations(7, "c")])
    one.failed(org("a"), ErrorKind.CONTENT, "deploy_source: bad")
    one.failed(org("b"), ErrorKind.CONTENT, "deploy_source: bad")
    assert one.dropped == 4 + 5
    one.trip("the Dev Hub is in maintenance")
    assert one.dropped == 4 + 5 + 6
    one.admit(creations(2))
    one.admit(creations(1))
    assert one.dropped == 4 + 5 + 6 + 3


def test_a_tripped_circuit_breaker_drops_what_waits_behind_a_canary() -> None:
    one = breaker("verified")
    one.admit(creations(5))
    for _ in range(3):
        one.failed(org("verified"), ErrorKind.GONE, "verification: gone")
    assert (one.is_tripped, one.dropped, one.waiting) == (True, 4, 0)
    assert one.available(org()) == []
    one.trip("the Dev Hub is in maintenance")
    assert "3 orgs in a row" in one.reason, "the first reason stays"


def test_a_canary_that_was_lost_is_followed_by_the_next() -> None:
    one = breaker()
    one.admit(creations(5))
    assert len(one.failed(org(), ErrorKind.GONE, "verification: gone")) == 1
    assert len(one.available(org())) == 3


def test_after_the_last_canary_was_lost_its_replacement_may_be_sent() -> None:
    one = breaker()
    one.admit(creations(4))
    for left in (1, 1, 1, 0):
        assert len(one.failed(org(), ErrorKind.GONE, "verification: gone")) == left
    assert len(one.admit(creations(1))) == 1, "it does not wait for a canary that was not sent"


def test_a_transient_cause_is_compared_with_the_undecided_orgs() -> None:
    one = breaker("f")
    tripped = []
    for undecided in (5, 5, 5, 5, 5, 4):
        one.failed(org(), ErrorKind.TRANSIENT, "install_package: busy", undecided)
        tripped.append(one.is_tripped)
    assert tripped == [False] * 5 + [True]
    assert "6 orgs in a row" in one.reason


def test_three_failures_in_a_row_by_one_cause_trip_it() -> None:
    one = breaker("f")
    for number in range(3):
        assert not one.is_tripped
        user = f"morning-{number}@acme.example"
        one.failed(
            replace(org(), username=user),
            ErrorKind.GONE,
            f"deploy: 0AfE0000000000{number} of {user}",
        )
    assert one.is_tripped
    assert one.admit(creations(2)) == []
    assert one.dropped == 2
    assert "3 orgs in a row" in one.reason


def test_a_success_or_another_cause_in_between_does_not_trip_it() -> None:
    one = breaker("f")
    for reason in ("a", "a", "b", "a", "a"):
        one.failed(org(), ErrorKind.GONE, reason)
    one.available(org())
    one.failed(org(), ErrorKind.GONE, "a")
    assert not one.is_tripped


def test_where_orgs_must_make_room_the_first_of_two_is_a_canary() -> None:
    one = breaker(canary=False)
    one.guard(["morning"])
    assert len(one.admit(creations(2))) == 1
    assert len(one.available(org())) == 1
    verified = breaker("f")
    verified.guard(["morning"])
    assert len(verified.admit(creations(2))) == 2


def test_what_was_let_through_before_its_canary_failed_is_dropped() -> None:
    one = breaker()
    (canary,) = one.admit(creations(5))
    one.failed(org(), ErrorKind.CONTENT, "deploy_source: bad")
    others = creations(1, "other")
    assert one.still_allowed([canary, *others]) == others
    assert one.dropped == 5
    one.available(org())
    assert one.still_allowed([canary]) == [canary], "another org of that content has succeeded"
