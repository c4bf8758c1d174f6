"""Claims of teams on a ledger, by the command line and by many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from provisioner.claim.rules import claim, release
from provisioner.config.model import Pool
from provisioner.config.team import Team
from provisioner.errors import NoOrgError, UsageError
from provisioner.ledger.base import Ledger, Org, State
from tests.ledger.world import URLS, World

from .conftest import Call, add

TEAMS = {"payments": Team(share=3, lend=True), "search": Team(share=2)}
POOLS = {"morning": Pool(name="morning", size=6, teams=TEAMS, definitions=())}


def take(ledger: Ledger, owner: str, team: str = "") -> Org:
    return claim(ledger, owner=owner, pool="morning", team=team, pools=POOLS)


@pytest.mark.parametrize("scheme", URLS)
def test_a_share_is_reserved_lent_and_claimed(scheme: str, tmp_path: Path) -> None:
    world = World.of(scheme, tmp_path)
    try:
        ledger = world.open()
        for number in range(6):
            add(ledger, f"org-{number}")
        lenders = [take(ledger, "bob").lender for _ in range(4)]
        assert lenders == ["", "payments", "payments", "payments"]
        with pytest.raises(
            NoOrgError, match=r"no team is named, .* reserved: 3 for payments, 2 for"
        ) as no:
            take(ledger, "bob")
        assert no.value.code == "share_used_up"

        own = take(ledger, "ann", "search")
        assert (own.team, own.lender) == ("search", "")
        free = release(ledger, own.username, owner="ann", reuse=True, reusable=["morning"])
        assert (free.team, free.state) == ("", State.AVAILABLE)
        row = ledger.get(own.username)
        assert row is not None
        assert row.team == ""
    finally:
        world.close()


@pytest.mark.parametrize("scheme", ["sqlite", "postgresql"])
def test_many_claims_at_once_take_nothing_that_is_reserved(scheme: str, tmp_path: Path) -> None:
    world = World.of(scheme, tmp_path)
    try:
        with closing(world.open()) as ledger:
            for number in range(6):
                add(ledger, f"org-{number}")

        def attempt(number: int) -> str:
            with closing(world.open()) as own:
                try:
                    return take(own, f"person-{number}").username
                except NoOrgError:
                    return ""

        with ThreadPoolExecutor(8) as threads:
            found = list(filter(None, threads.map(attempt, range(16))))
        with closing(world.open()) as ledger:
            left = [row for row in ledger.orgs() if row.state is State.AVAILABLE]
        assert len(found) == len(set(found)) <= 4
        assert len(left) == 6 - len(found)
    finally:
        world.close()


def test_a_claim_within_the_share_is_served_before_those_that_wait(ledger: Ledger) -> None:
    from provisioner.ledger.base import Claim
    from provisioner.ledger.rows import utc_now

    ledger.claim(Claim("bob", "morning", waiter="place"), now=utc_now())
    org = add(ledger, "a")

    assert take(ledger, "ann", "search").username == org.username


def test_an_unknown_team_is_an_error(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="no pool has a team serch") as caught:
        take(ledger, "ann", "serch")
    assert "search" in caught.value.hint


def test_the_command_line_names_the_team_and_says_what_is_borrowed(
    folder: Path, ledger: Ledger, call: Call
) -> None:
    pool_file = folder / "pool.yaml"
    text = pool_file.read_text()
    teams = "teams: { payments: { share: 2, lend: true } }"
    pool_file.write_text(text.replace("reuse: true,", f"reuse: true, {teams},"))
    for name in ("a", "b"):
        add(ledger, name)

    borrowed = call("claim", "--pool", "morning", "--json")
    assert borrowed.document["borrowed_from"] == "payments"
    assert "is borrowed from the team payments: the next build deletes it" in borrowed.err

    own = call("claim", "--pool", "morning", "--team", "payments", "--json")
    assert (own.document["team"], own.document["borrowed_from"]) == ("payments", None)
    unknown = call("claim", "--pool", "morning", "--team", "x", "--json")
    assert (unknown.code, unknown.error["code"]) == (2, "unknown_team")
