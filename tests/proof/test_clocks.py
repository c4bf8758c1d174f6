"""The wall clock may be wrong, or jump: then nothing is deleted, and nothing wrong recorded.

What a build waits for is measured by a clock that does not jump.
"""

from __future__ import annotations

import ast
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioner.ledger.base import Org, State
from tests.proof.contents import Complete
from tests.proof.disturbances import JUMP_FILE, clock_that_jumps
from tests.proof.here import build
from tests.proof.processes import ROOT, TIME_SCALE, Ended, Process, run
from tests.proof.truth import crashes, doubles, leaks, rows, unfit, unfull
from tests.proof.whole_night import WholeNight

SIZE = 3
HOUR, DAY, YEAR = 3600, 86_400, 365 * 86_400
MINUTES = timedelta(minutes=5)


def build_with_a_jump(night: WholeNight, seconds: int, route: str) -> Ended:
    """A build whose clock jumps while it waits for the answer to its second such request.

    When that is about an org, the sign-ups have ended: the Dev Hub is not polled any more.
    """
    night.fault({"route": route, "nth": 2}, {"do": "hold"})
    process = Process(
        night,
        "build",
        "--json",
        "--time-scale",
        TIME_SCALE,
        before_imports=clock_that_jumps(seconds),
    )
    assert process.hold()
    while route != "query" and len(rows(night, State.BUILDING)) < SIZE:
        assert process.process.poll() is None
        time.sleep(0.005)
    (night.folder / JUMP_FILE).touch()
    night.world.holds.release()
    return process.end()


def with_a_wrong_clock(night: WholeNight, seconds: int, *arguments: str) -> Ended:
    return run(night, *arguments, before_imports=clock_that_jumps(seconds, at_once=True))


def dates(org: Org) -> list[datetime]:
    """When things happened to an org, by its row."""
    return [at for at in (org.created_at, org.available_at, org.proven_at) if at]


@pytest.mark.parametrize("route", ["query", "tooling.sobjects.read"])
@pytest.mark.parametrize("seconds", [HOUR, -HOUR, 3 * DAY, -3 * DAY, 2 * YEAR, -2 * YEAR])
def test_a_clock_that_jumps_in_mid_build_stops_it_and_costs_nothing(
    night: WholeNight, whole: Complete, seconds: int, route: str
) -> None:
    begun = datetime.now(UTC)
    ended = build_with_a_jump(night, seconds, route)
    if seconds > 0 and route == "tooling.sobjects.read":
        assert ended.code == 0, "the Dev Hub has nothing more to say or to delete"
    else:
        assert ended.code == 2, ended.err
        assert ended.document["error"]["code"] == "clock"
    assert not [*crashes(night, ended), *leaks(night), *unfit(night, whole)]
    assert not rows(night, State.FAILED, State.EXPIRED, State.RELEASED, State.DELETED)
    span = (begun - MINUTES, datetime.now(UTC) + MINUTES)
    assert all(span[0] < at < span[1] for org in rows(night) for at in dates(org))
    assert build(night).code == 0
    assert not [*unfull(night, SIZE), *leaks(night), *doubles(night), *unfit(night, whole)]
    assert len(night.hub_rows("ScratchOrgInfo")) == SIZE


@pytest.mark.parametrize("seconds", [600, -600, 3 * DAY, -3 * DAY, 2 * YEAR, -2 * YEAR])
def test_by_a_wrong_clock_nothing_is_deleted_and_no_row_is_changed(
    night: WholeNight, seconds: int
) -> None:
    night.write_pool(steps="", pool="refresh_after: 20h\n")
    assert build(night).code == 0
    assert run(night, "claim", "--owner", "ann", "--lease", "4h").code == 0
    before, sign_ups = rows(night), len(night.hub_rows("ScratchOrgInfo"))
    for command in (
        ("build", "--time-scale", TIME_SCALE),
        ("reap",),
        ("reap", "--rebuild"),
        ("plan",),
    ):
        ended = with_a_wrong_clock(night, seconds, *command, "--json")
        assert ended.code == 2, ended.err
        error = ended.document["error"]
        assert error["code"] == "clock"
        assert re.match(
            r"the clock of this machine \(\d{4}-.* UTC\) is \d+ (minutes|days) (ahead of|behind) "
            r"that of the Dev Hub \(\d{4}-.* UTC\); the command stops, ",
            error["message"],
        )
        assert "set the clock" in error["hint"]
    assert rows(night) == before
    assert len(night.active()) == len(night.hub_rows("ScratchOrgInfo")) == sign_ups


def test_an_org_that_is_released_by_a_wrong_clock_is_deleted_by_the_next_build(
    night: WholeNight,
) -> None:
    night.write_pool(steps="", size=1)
    assert build(night).code == 0
    username = run(night, "claim", "--json", "--owner", "ann").document["username"]
    ended = with_a_wrong_clock(night, 3 * DAY, "release", username, "--owner", "ann")
    assert ended.code == 0
    assert "3 days ahead" in ended.err
    assert [org.state for org in rows(night)] == [State.RELEASED]
    assert night.active() == [username]
    assert build(night).code == 0
    assert username not in night.active()


def test_a_claim_by_a_clock_that_is_days_behind_is_its_owners_by_any_other_clock(
    night: WholeNight,
) -> None:
    """On a ledger in a file leases are dated by its host: such a one has ended before it began."""
    night.write_pool(steps="", size=1)
    assert build(night).code == 0
    claim = ("claim", "--json", "--owner", "ann", "--lease", "4h", "--min-life", "1h")
    ended = with_a_wrong_clock(night, -3 * DAY, *claim)
    assert (ended.code, "could not be" in ended.err) == (0, True), ended.err
    username = ended.document["username"]
    for command in (("reap",), ("build", "--time-scale", TIME_SCALE)):
        assert run(night, *command).code == 0
        assert username in night.active()
    assert [org.username for org in rows(night, State.CLAIMED)] == [username]


@pytest.mark.parametrize("command", [("build", "--time-scale", TIME_SCALE), ("reap",)])
def test_an_org_that_the_dev_hub_lists_until_later_is_never_expired(
    night: WholeNight, command: tuple[str, ...]
) -> None:
    night.write_pool(steps="")
    assert build(night).code == 0
    claimed = run(night, "claim", "--json", "--owner", "ann").document["username"]
    assert build(night).code == 0
    active = sorted(night.active())
    with closing(sqlite3.connect(night.folder / ".provisioner/ledger.db")) as ledger:
        ledger.execute("UPDATE org SET expires_at = '2020-01-01T00:00:00.000000Z'")
        ledger.commit()
    assert run(night, *command).code == 0
    assert sorted(night.active()) == active
    assert [org.username for org in rows(night, State.CLAIMED)] == [claimed]


WALL_CLOCKS = frozenset({"time.time", "datetime.now", "datetime.utcnow", "time.localtime"})


def compared_wall_clocks(tree: ast.AST) -> Iterator[int]:
    """Lines where a time of the wall clock is compared, added to or subtracted from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.BinOp):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and ast.unparse(inner.func) in WALL_CLOCKS:
                    yield inner.lineno


def modules_of(package: str) -> list[Path]:
    """The modules of a package; an audit that finds none inspects nothing, and must fail."""
    found = sorted((ROOT / "provisioner" / package).rglob("*.py"))
    assert found, f"provisioner/{package} holds no module: what is inspected here has moved"
    return found


@pytest.mark.parametrize("package", ["builder", "salesforce", "steps"])
def test_no_deadline_is_reckoned_with_the_wall_clock(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules_of(package)
        for line in compared_wall_clocks(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found


def test_the_audit_of_clocks_sees_what_it_is_to_see() -> None:
    bad = "deadline = time.time() + 5\nif datetime.now(UTC) > deadline: pass\n"
    assert sorted(compared_wall_clocks(ast.parse(bad))) == [1, 2]
    assert not list(compared_wall_clocks(ast.parse("created_at = datetime.now(UTC)")))
    with pytest.raises(AssertionError, match="has moved"):
        modules_of("build")
