"""The live view of a build on a terminal: redrawn in its place, whole lines, and no trace of it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.builder.night import Night
from tests.builder.terminal import Frame, Terminal
from tests.proof.evil_text import EVIL

pytestmark = pytest.mark.slow

BUILD = ("build", "--time-scale", "0.002")
MARKUP = "[red]mark[/red] [link=http://evil.example]up[/] :smile: and then some more of it"
SCRIPT = {"route": "tooling.executeAnonymous"}
HOLD = {"do": "hold"}
FAILS = {
    "do": "answer",
    "status": 200,
    "body": {
        "compiled": True,
        "success": False,
        "line": 1,
        "column": 1,
        "exceptionMessage": EVIL,
        "exceptionStackTrace": EVIL,
    },
}


@contextmanager
def held_build(
    night: Night,
    *,
    size: int = 2,
    columns: int = 80,
    lines: int = 24,
    then: Any = HOLD,
    **environ: str,
) -> Iterator[Terminal]:
    """A build on a terminal; the last step of each org is held, or as `then` says."""
    (night.folder / "hello.apex").write_text("System.debug(1);")
    steps = f"- run_apex: {{ name: {json.dumps(MARKUP)}, file: hello.apex }}\n"
    night.write_pool(size=size, steps=steps, pool="canary: false\nreplacements: 0")
    night.fault(SCRIPT, then, times=0)
    terminal = Terminal(night, *BUILD, columns=columns, lines=lines, **environ)
    try:
        yield terminal
    finally:
        night.world.holds.close()
        terminal.kill()


def at_the_step(screen: Frame) -> int:
    """How many lines show an org at the step that is held."""
    return screen.showing("@acme.example  [red]mark[/red] [l")


def longest(frame: Frame) -> int:
    """The characters of its longest line."""
    return max(map(len, frame.rows))


@pytest.mark.parametrize(("columns", "cut"), [(80, 1), (140, 0)])
def test_an_org_in_progress_has_one_line_however_often_it_is_drawn(
    night: Night, columns: int, cut: int
) -> None:
    with held_build(night, columns=columns, size=1) as terminal:
        terminal.until(lambda screen: at_the_step(screen) == 1)
        frame = terminal.drawn()
        assert at_the_step(frame) == 1
        assert frame.showing("0 of 1") == frame.showing("1 in progress") == 1
        assert sum("@acme.example" in row and "…" in row for row in frame.rows) == cut
        assert terminal.screen.wrapped == []
        assert terminal.screen.is_cursor_hidden


def test_at_the_end_the_view_is_gone_and_the_result_stays(night: Night) -> None:
    with held_build(night) as terminal:
        terminal.until(lambda screen: at_the_step(screen) == 2)
        night.world.holds.close()
        assert terminal.end() == 0
        screen = terminal.screen
        assert at_the_step(screen) == screen.showing("in progress") == 0
        assert screen.showing("@acme.example") == 0, "orgs that succeed are only counted"
        assert screen.showing("sample: 2 of 2 available") == 1
        assert not screen.is_cursor_hidden


@pytest.mark.parametrize(("before", "after"), [(120, 60), (60, 120)])
def test_a_terminal_may_change_its_size(night: Night, before: int, after: int) -> None:
    with held_build(night, columns=before, size=1) as terminal:
        terminal.until(lambda screen: at_the_step(screen) == 1)
        terminal.resize(after, 24)
        frame = terminal.drawn(lambda frame: (longest(frame) > 60) == (after > 60))
        assert (at_the_step(frame), frame.showing("1 in progress")) == (1, 1)
        assert longest(frame) <= after


def test_a_low_terminal_shows_as_many_as_have_room_and_counts_the_rest(night: Night) -> None:
    with held_build(night, size=6, lines=6) as terminal:
        terminal.until(lambda screen: screen.showing("… and 4 more in progress") == 1)
        frame = terminal.drawn(lambda frame: at_the_step(frame) == 2)
        assert len(frame.rows) <= 5


@pytest.mark.parametrize("no_color", ["1", ""])
def test_colours_are_for_those_who_want_them(night: Night, no_color: str) -> None:
    with held_build(night, size=1, NO_COLOR=no_color) as terminal:
        terminal.until(lambda screen: at_the_step(screen) == 1)
        night.world.holds.close()
        assert terminal.end() == 0
        assert bool(terminal.screen.colours) == (no_color == "")


def test_a_dumb_terminal_gets_plain_lines_and_no_escape_at_all(night: Night) -> None:
    with held_build(night, size=1, TERM="dumb") as terminal:
        terminal.until(lambda screen: screen.showing("sample: 0 of 1 available"))
        night.world.holds.close()
        assert terminal.end() == 0
        screen = terminal.screen
        assert screen.escapes == 0
        assert screen.showing("sample: 1 of 1 available") == 1


def test_what_an_org_says_does_not_break_the_view(night: Night) -> None:
    """The screen itself fails at each escape and control character but the view's own."""
    with held_build(night, then=FAILS) as terminal:
        assert terminal.end() == 6
        assert terminal.screen.showing("✗ sample-") == 1, "the second failure has the same cause"
        assert terminal.screen.showing("[red]mark[/red]")


def test_a_second_interrupt_leaves_the_terminal_in_order(night: Night) -> None:
    with held_build(night, size=1) as terminal:
        terminal.until(lambda screen: at_the_step(screen) == 1)
        os.kill(terminal.process.pid, signal.SIGINT)
        os.kill(terminal.process.pid, signal.SIGTERM)
        assert terminal.end() == 130
        assert not terminal.screen.is_cursor_hidden
        assert at_the_step(terminal.screen) == 0
