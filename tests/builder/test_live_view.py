"""The live view of a build on a terminal: redrawn in its place, whole lines, and no trace of it."""

from __future__ import annotations

import json
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
    return screen.showing("[red]mark[/red] [l")


def longest(frame: Frame) -> int:
    """The characters of its longest line."""
    return max(map(len, frame.rows))


@pytest.mark.parametrize("columns", [80, 200])
def test_each_org_has_one_line_however_often_it_is_drawn(night: Night, columns: int) -> None:
    with held_build(night, columns=columns) as terminal:
        terminal.until(lambda screen: at_the_step(screen) == 2)
        frame = terminal.drawn()
        assert (at_the_step(frame), frame.showing("0 available, 0 failed")) == (2, 1)
        assert frame.showing("…") == (2 if columns == 80 else 0), "what has no room is cut off"
        assert frame.showing("some more of it") == (0 if columns == 80 else 2)
        assert terminal.screen.wrapped == []
        assert terminal.screen.is_cursor_hidden


def test_at_the_end_the_table_is_gone_and_what_came_of_it_stays(night: Night) -> None:
    with held_build(night) as terminal:
        terminal.until(lambda screen: at_the_step(screen) == 2)
        night.world.holds.close()
        assert terminal.end() == 0
        screen = terminal.screen
        assert at_the_step(screen) == screen.showing("0 failed, ") == 0
        assert screen.showing("✓ sample-") == 2
        assert screen.showing("sample: 2 of 2 available") == 1
        assert not screen.is_cursor_hidden


@pytest.mark.parametrize(("before", "after"), [(200, 80), (80, 200)])
def test_a_terminal_may_change_its_size(night: Night, before: int, after: int) -> None:
    with held_build(night, columns=before) as terminal:
        terminal.until(lambda screen: at_the_step(screen) == 2)
        terminal.resize(after, 24)
        frame = terminal.drawn(lambda frame: (longest(frame) > 80) == (after > 80))
        assert (at_the_step(frame), frame.showing("0 available, 0 failed")) == (2, 1)
        assert longest(frame) <= after


def test_a_low_terminal_shows_as_many_as_have_room_and_counts_the_rest(night: Night) -> None:
    with held_build(night, size=6, lines=8) as terminal:
        terminal.until(lambda screen: at_the_step(screen) == 4)
        counts = "0 available, 0 failed, 2 more in progress"
        terminal.until(lambda screen: screen.showing(counts) == 1)


@pytest.mark.parametrize("no_color", ["1", ""])
def test_colours_are_for_those_who_want_them(night: Night, no_color: str) -> None:
    with held_build(night, size=1, NO_COLOR=no_color) as terminal:
        terminal.until(lambda screen: at_the_step(screen) == 1)
        night.world.holds.close()
        assert terminal.end() == 0
        assert bool(terminal.screen.colours) == (no_color == "")


def test_a_dumb_terminal_gets_plain_lines_and_no_escape_at_all(night: Night) -> None:
    with held_build(night, size=1, TERM="dumb") as terminal:
        terminal.until(at_the_step)
        night.world.holds.close()
        assert terminal.end() == 0
        screen = terminal.screen
        assert screen.escapes == 0
        assert screen.showing("  available") == 1


def test_what_an_org_says_does_not_break_the_view(night: Night) -> None:
    """The screen itself fails at each escape and control character but the view's own."""
    with held_build(night, then=FAILS) as terminal:
        assert terminal.end() == 6
        assert terminal.screen.showing("✗ sample-") == 2
        assert terminal.screen.showing("[red]mark[/red]")
