"""`status` shows each pool and its orgs, to scripts and to people."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest

from provisioner.builder.causes import Cause
from provisioner.cli import status
from provisioner.cli.invocation import Invocation
from provisioner.ledger.base import Ledger, Org, Run, State
from provisioner.ledger.rows import utc_now
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


def test_status_tells_how_the_last_build_that_built_ended(ledger: Ledger, call: Call) -> None:
    cause = Cause("deploy_source", "deploy 0Af1 Failed: 1 component failed", 2, ("X.cls:3:9: no",))
    end = utc_now() - timedelta(hours=6)
    counts = {"exit_code": 6, "wanted": 50, "built": 48, "failed": 2, "causes": [cause.document()]}
    ledger.finish_run(Run("bad", "ci1", 7, end - timedelta(hours=1), end, counts))
    later = utc_now() - timedelta(hours=1)
    ledger.finish_run(Run("idle", "ci1", 7, later, later, {"exit_code": 0, "wanted": 0}))
    assert call("status").out.splitlines()[-1] == (
        f"last build: {end:%Y-%m-%d %H:%M} UTC (6h ago), exit code 6: 48 of 50 built, 2 failed, "
        "all by one cause (2 orgs: deploy_source: X.cls:3:9: no)"
    )
    last = call("status", "--json").document["last_build"]
    assert (last["run"], last["exit_code"], last["built"], last["wanted"]) == ("bad", 6, 48, 50)
    assert last["causes"][0]["what"] == "deploy_source: X.cls:3:9: no"


def test_status_lists_each_build_that_has_unfinished_orgs(ledger: Ledger, call: Call) -> None:
    start = utc_now() - timedelta(hours=1)
    for number, (pool, name) in enumerate([("morning", "one"), ("noon", "two"), ("night", "two")]):
        with ledger.builder_lock(Run(name, "ci1", 7, start), pools=[pool], wait=False):
            ledger.add(Org(f"{number}@acme.example", pool, builder_id=name))
    shown = [line for line in call("status").out.splitlines() if "started" in line]
    no_end = "no end is recorded: the run is still in progress, or it was killed"
    assert shown[0].startswith(f"last build: started {start:%Y-%m-%d %H:%M} UTC (1h ago); {no_end}")
    assert shown[1].startswith(f"build of morning: started {start:%Y-%m-%d %H:%M} UTC (1h ago); ")
    assert len(shown) == 2
    document = call("status", "--json").document
    assert document["last_build"]["run"] == "two"
    (other,) = document["unfinished_builds"]
    assert (other["run"], other["pools"]) == ("one", ["morning"])


def test_status_says_once_why_a_canary_failed(ledger: Ledger, call: Call) -> None:
    cause = Cause("run_apex", "a.apex:1:1: no", 1)
    why = "the canary org of pool morning failed (run_apex: a.apex:1:1: no)"
    counts = {"exit_code": 6, "wanted": 2, "built": 0, "failed": 1, "stopped_because": why}
    end = utc_now()
    ledger.finish_run(Run("r", "ci1", 7, end, end, {**counts, "causes": [cause.document()]}))
    assert call("status").out.splitlines()[-1].endswith(f"0 of 2 built, 1 failed; {why}")


def test_status_of_failed_orgs_tells_what_failed(ledger: Ledger, call: Call) -> None:
    add(ledger, "a")
    error = "deploy_source: deploy 0Af1 Failed: 2 components failed\nX.cls:3:9: no\nY.cls:1:1: no"
    add(ledger, "c", State.FAILED, error=error, kept=True)
    answer = call("status", "--failed")
    assert answer.err == "After the step is fixed: provisioner retry c@acme.example\n"
    lines = answer.out.splitlines()
    assert lines[0].startswith("morning: 2 wanted; 1 available")
    assert [line.split()[0] for line in lines[2:]] == ["c@acme.example"]
    assert lines[2].endswith("deploy_source: X.cls:3:9: no (and 1 more line) (kept)")
    morning, evening = call("status", "--failed", "--json").document["pools"]
    assert [org["username"] for org in morning["orgs"]] == ["c@acme.example"]
    assert (morning["available"], evening["orgs"]) == (1, [])


def test_status_of_mine_shows_what_the_owner_has_claimed(ledger: Ledger, call: Call) -> None:
    for name in ("a", "b"):
        add(ledger, name)
    call("claim", "a@acme.example")
    call("claim", "b@acme.example", "--owner", "bob")
    for options, shown in (
        (["--mine"], ["a@acme.example"]),
        (["--mine", "--owner", "BOB"], ["b@acme.example"]),
        (["--owner", "bob"], ["b@acme.example"]),
        (["--owner", "eve"], []),
    ):
        pools = call("status", *options, "--json").document["pools"]
        assert [org["username"] for pool in pools for org in pool["orgs"]] == shown
    assert call("status", "--owner", "eve").out == "No org of this kind.\n"
    answer = call("status", "--mine", "--failed")
    assert (answer.code, answer.err.splitlines()[0]) == (
        2,
        "error: --failed selects other orgs than --mine",
    )


@pytest.mark.parametrize("columns", [24, 80, 200])
def test_a_username_is_whole_on_a_terminal_of_any_width(
    ledger: Ledger, folder: Path, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    name = "a-pool-with-a-long-name-k3j9x2w7qa"
    add(ledger, name, State.FAILED, error="deploy_source: " + "a long reason " * 9)
    terminal = Terminal()
    status.command(Invocation(output=Output(out=terminal, color=False)))
    lines = terminal.getvalue().splitlines()
    assert any(f"{name}@acme.example" in line for line in lines)
    assert terminal.getvalue().count("reason") == 9
    assert all(len(line) <= max(columns, 70) for line in lines[1:])


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
