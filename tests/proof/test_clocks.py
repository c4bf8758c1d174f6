"""The wall clock may jump: what a build waits for is measured by one that does not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proof.contents import Complete
from tests.proof.disturbances import JUMP_FILE, clock_that_jumps
from tests.proof.here import build
from tests.proof.processes import PACE, ROOT, Ended, Process
from tests.proof.truth import crashes, doubles, leaks, unfit, unfull
from tests.proof.whole_night import WholeNight

SIZE = 3
HOUR = 3600


def build_with_a_jump(night: WholeNight, seconds: int, route: str) -> Ended:
    """A build whose clock jumps while it waits for the answer to its second such request."""
    night.fault({"route": route, "nth": 2}, {"do": "hold"})
    process = Process(night, "build", "--pace", PACE, before=clock_that_jumps(seconds))
    assert process.hold()
    (night.folder / JUMP_FILE).touch()
    night.world.holds.release()
    return process.end()


@pytest.mark.parametrize("route", ["query", "tooling.sobjects.read"])
def test_a_clock_that_jumps_an_hour_ahead_ends_nothing(
    night: WholeNight, whole: Complete, route: str
) -> None:
    ended = build_with_a_jump(night, HOUR, route)
    assert ended.code == 0, ended.err
    assert not list(crashes(night, ended))
    assert not [*unfull(night, SIZE), *leaks(night), *unfit(night, whole)]
    assert len(night.hub_rows("ScratchOrgInfo")) == SIZE


def test_a_clock_that_jumps_an_hour_back_costs_logins_and_loses_nothing(
    night: WholeNight, whole: Complete
) -> None:
    """Salesforce refuses assertions of an hour ago: so it is said, and the next build mends it."""
    ended = build_with_a_jump(night, -HOUR, "tooling.sobjects.read")
    assert ended.code in (0, 5, 6)
    assert ended.code == 0 or "clock" in ended.err
    assert not [*crashes(night, ended), *leaks(night), *doubles(night), *unfit(night, whole)]
    assert build(night).code == 0
    assert not [*unfull(night, SIZE), *leaks(night), *doubles(night), *unfit(night, whole)]


WALL_CLOCKS = frozenset({"time.time", "datetime.now", "datetime.utcnow", "time.localtime"})


def compared_wall_clocks(tree: ast.AST) -> Iterator[int]:
    """Lines where a time of the wall clock is compared, added to or subtracted from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.BinOp):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and ast.unparse(inner.func) in WALL_CLOCKS:
                    yield inner.lineno


@pytest.mark.parametrize("package", ["build", "salesforce", "steps"])
def test_no_deadline_is_reckoned_with_the_wall_clock(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / "provisioner" / package).rglob("*.py"))
        for line in compared_wall_clocks(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found


def test_the_audit_of_clocks_sees_what_it_is_to_see(tmp_path: Path) -> None:
    bad = "deadline = time.time() + 5\nif datetime.now(UTC) > deadline: pass\n"
    assert sorted(compared_wall_clocks(ast.parse(bad))) == [1, 2]
    assert not list(compared_wall_clocks(ast.parse("created_at = datetime.now(UTC)")))
