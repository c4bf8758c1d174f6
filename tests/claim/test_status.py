"""`status` shows each pool and its orgs, to scripts and to people."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest

from provisioner.cli import status
from provisioner.cli.invocation import Invocation
from provisioner.ledger.base import Ledger, State
from provisioner.output import Output

from .conftest import ORG_KEYS, POOL_YAML, Call, add


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_status_lists_the_pools_of_pool_yaml_then_those_of_the_ledger(
    ledger: Ledger, call: Call
) -> None:
    add(ledger, "a")
    add(ledger, "b", State.BUILDING)
    add(ledger, "c", State.FAILED)
    add(ledger, "d", State.EXPIRED, State.DELETED)
    add(ledger, "x", pool="older")
    call("claim", "a@acme.example")
    pools = call("status", "--json").document["pools"]
    assert [(pool["name"], pool["size"]) for pool in pools] == [
        ("morning", 2),
        ("evening", 1),
        ("older", None),
    ]
    morning = pools[0]
    assert list(morning) == ["name", "size", "available", "claimed", "building", "failed", "orgs"]
    assert [morning[key] for key in ("available", "claimed", "building", "failed")] == [0, 1, 1, 1]
    assert [org["username"][0] for org in morning["orgs"]] == ["a", "b", "c"]
    assert all(list(org) == ORG_KEYS for org in morning["orgs"])


def test_status_of_some_pools_shows_those_in_the_order_asked(ledger: Ledger, call: Call) -> None:
    pools = call("status", "--json", "evening", "morning", "evening").document["pools"]
    assert [pool["name"] for pool in pools] == ["evening", "morning"]


def test_status_tells_people_who_holds_what_until_when_and_what_failed(
    ledger: Ledger, call: Call
) -> None:
    add(ledger, "a", life=timedelta(days=1, hours=4, seconds=30))
    add(ledger, "b", State.BUILDING, step=2)
    add(ledger, "c", State.FAILED, error="step 2 deploy_source: no\x1b[2J\nsecond line")
    call("claim", "a@acme.example", "--purpose", "demo", "--lease", "1h")
    lines = call("status", "morning").out.splitlines()
    assert lines[0] == "morning: 2 wanted; 0 available, 1 claimed, 1 building, 1 failed"
    assert lines[1].split() == ["username", "state", "expires", "held", "by", "note"]
    assert "in 1d 4h" in lines[2]
    assert "ann@acme.example (demo), lease ends in 59m" in lines[2]
    assert lines[3].endswith("step 3")
    assert lines[4].endswith("step 2 deploy_source: no\\x1b[2J")


def test_status_of_nothing_says_so(call: Call, folder: Path) -> None:
    (folder / "pool.yaml").write_text(POOL_YAML.partition("pools:")[0])
    assert call("status").out.startswith("No pools: neither pool.yaml nor the ledger has one")
    assert call("status", "--json").document == {"pools": []}


@pytest.mark.parametrize("color", [True, False])
def test_status_draws_a_table_on_a_terminal_in_colours_that_can_be_turned_off(
    ledger: Ledger, folder: Path, color: bool
) -> None:
    add(ledger, "a")
    add(ledger, "c", State.FAILED, error="no\x1b[2J[red]markup[/red]", kept=True)
    terminal = Terminal()
    output = Output(out=terminal, color=color, environ={"TERM": "xterm"})
    status.command(Invocation(output=output))
    drawn = terminal.getvalue()
    assert "morning: 2 wanted; 1 available, 0 claimed, 0 building, 1 failed" in drawn
    assert "a@acme.example" in drawn
    assert "no\\x1b[2J[red]markup[/red]" in "".join(drawn.split())
    assert ("\x1b[" in drawn) == color
