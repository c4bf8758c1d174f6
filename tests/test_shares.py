"""Shares of teams in a pool: who may claim, from whom one borrows, what is called back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from provisioner.config.team import Team
from provisioner.ledger.base import Org, State
from provisioner.shares import Decision, Shares, to_call_back

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
TEAMS = {"payments": Team(share=3, lend=True), "search": Team(share=2)}
"""Of a pool of 6: 3 for payments, which lends, 2 for search, 1 for everybody."""


def rows(available: int, **claimed: int) -> list[Org]:
    """Available orgs, and claims by team; `payments__search` is one of payments from search."""
    found = [org(f"available-{number}", State.AVAILABLE) for number in range(available)]
    for name, count in claimed.items():
        team, _, lender = name.partition("__")
        team = "" if team == "nobody" else team
        for number in range(count):
            row = org(f"{name}-{number}", State.CLAIMED)
            found.append(replace(row, team=team, lender=lender, owner="ann"))
    return found


def org(name: str, state: State) -> Org:
    return Org(f"{name}@acme.example", "morning", state, expires_at=NOW + timedelta(days=1))


OWN = Decision(True, is_own=True)
COMMON = Decision(True)
BORROWED = Decision(True, lender="payments")


@pytest.mark.parametrize(
    ("available", "claimed", "team", "expected"),
    [
        (6, {}, "payments", OWN),
        (1, {}, "search", OWN),  # also where orgs are missing
        (6, {}, "", COMMON),
        (5, {"nobody": 1}, "", BORROWED),
        (5, {"nobody": 1}, "another", BORROWED),
        (2, {"nobody": 1, "nobody__payments": 3}, "", None),  # 2 are reserved for search
        (3, {"nobody": 1, "nobody__payments": 2}, "", BORROWED),
        (3, {"payments": 3}, "payments", COMMON),
        (2, {"payments": 3, "nobody": 1}, "payments", None),  # search does not lend
        (4, {"search": 2}, "search", COMMON),
        (3, {"search": 2, "nobody": 1}, "search", BORROWED),
        (0, {"payments": 3, "search": 1, "nobody__payments": 2}, "search", OWN),
    ],
)
def test_who_may_claim(
    available: int, claimed: dict[str, int], team: str, expected: Decision | None
) -> None:
    decision = Shares(TEAMS, rows(available, **claimed), NOW).decide(team)

    if expected is None:
        assert not decision.is_allowed
        assert "reserved" in decision.why
    else:
        assert decision == expected


def test_an_expired_org_counts_for_nobody() -> None:
    expired = [replace(row, expires_at=NOW) for row in rows(6)]

    assert not Shares(TEAMS, expired, NOW).decide("").is_allowed


def test_of_two_claims_at_the_same_moment_none_takes_what_is_reserved() -> None:
    found = rows(1, nobody=1, nobody__payments=3)  # search lacks one of its two
    shares = Shares(TEAMS, found, NOW)

    assert not any(shares.is_kept(row) for row in found if row.state is State.CLAIMED)


@pytest.mark.parametrize(
    ("claimed", "available", "expected"),
    [
        ({"nobody__payments": 2}, 6, 0),  # the build makes enough new ones
        ({"nobody__payments": 2}, 4, 1),
        ({"nobody__payments": 2}, 0, 2),
        ({"nobody__payments": 2, "payments": 3}, 2, 0),  # payments uses its whole share
        ({"nobody": 4}, 0, 0),  # nothing is borrowed
    ],
)
def test_what_a_build_calls_back(claimed: dict[str, int], available: int, expected: int) -> None:
    found = to_call_back(TEAMS, rows(0, **claimed), available, NOW)

    assert len(found) == expected
    assert all(row.lender == "payments" for row in found)
