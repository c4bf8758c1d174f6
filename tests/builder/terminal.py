"""`provisioner` on a terminal, and what that terminal shows. It knows the view's own escapes."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable

from tests.builder.night import Night
from tests.proof.processes import TIMEOUT, environment

_PART = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])|([\x00-\x1f\x7f-\x9f])|([^\x00-\x1f\x7f-\x9f]+)")
_CUT_OFF = re.compile(r"(?:\x1b(?:\[[?0-9;]*)?)?\Z")


class Frame:
    """The rows of a terminal at one moment."""

    def __init__(self, rows: list[str]) -> None:
        self.rows = rows

    def showing(self, text: str) -> int:
        """How many lines show it."""
        return sum(text in row for row in self.rows)


class Screen(Frame):
    """What is shown. Any control character or escape that the live view has no use for fails."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__([""])
        self.columns, self.lines = columns, lines
        self.row = self.column = 0
        self.frames: list[Frame] = []  # what was shown whenever the view began to draw anew
        self._is_drawn = False
        self.wrapped: list[str] = []
        self.colours: set[str] = set()
        self.is_cursor_hidden = False
        self.escapes = 0

    def feed(self, text: str) -> None:
        """Show what the program has written."""
        for match in _PART.finditer(text):
            options, command, control, plain = match.groups()
            if plain is not None:
                self._put(plain)
            elif control is not None:
                self._control(control)
            else:
                self._escape(options, command)

    def _put(self, text: str) -> None:
        self._is_drawn = True
        if self.column + len(text) > self.columns:
            self.wrapped.append(text)
        row = self.rows[self.row].ljust(self.column)
        self.rows[self.row] = row[: self.column] + text + row[self.column + len(text) :]
        self.column += len(text)

    def _control(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
            self.rows += [""] * (self.row + 1 - len(self.rows))
        else:
            raise AssertionError(f"{character!a} is written")

    def _escape(self, options: str, command: str) -> None:
        self.escapes += 1
        if command == "A":
            top = max(0, len(self.rows) - self.lines)
            self.row = max(top, self.row - int(options or 1))
        elif command == "J" and not options:
            if self._is_drawn:
                self.frames.append(Frame(list(self.rows)))
                self._is_drawn = False
            self.rows[self.row :] = [self.rows[self.row][: self.column]]
        elif (command, options) in (("l", "?25"), ("h", "?25")):
            self.is_cursor_hidden = command == "l"
        elif command == "m":
            self.colours |= {one for one in options.split(";") if re.fullmatch("[39][0-7]", one)}
        else:
            raise AssertionError(f"the escape {options}{command} is written")


class Terminal:
    """A terminal in which one `provisioner` runs."""

    def __init__(
        self, night: Night, *arguments: str, columns: int = 80, lines: int = 24, **environ: str
    ) -> None:
        self.screen = Screen(columns, lines)
        self._ours, theirs = pty.openpty()
        self._resize(theirs)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "provisioner", *arguments],
            cwd=night.folder,
            env={**environment(night), "TERM": "xterm-256color", **environ},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._unfinished = ""

    def until(self, condition: Callable[[Screen], object]) -> None:
        """Show what is written until it is so."""
        deadline = time.monotonic() + 15.0
        while not condition(self.screen):
            is_over = time.monotonic() > deadline or not self._shows_more()
            assert not is_over, "\n".join(["it never came to it:", *self.screen.rows])

    def drawn(self, condition: Callable[[Frame], object] = lambda frame: True) -> Frame:
        """The next whole drawing of the table for which it is so; one in progress is not it."""
        first = len(self.screen.frames) + 1

        def found() -> Frame | None:
            return next(filter(condition, self.screen.frames[first:]), None)

        self.until(lambda screen: found())
        frame = found()
        assert frame is not None
        return frame

    def resize(self, columns: int, lines: int) -> None:
        """Make it larger or smaller, as a user does with the mouse."""
        self.screen.columns, self.screen.lines = columns, lines
        self._resize(self._ours)

    def end(self) -> int:
        """Show all that is still written: the exit code."""
        while self._shows_more():
            pass
        os.close(self._ours)
        return self.process.wait(TIMEOUT)

    def kill(self) -> None:
        """End what still runs."""
        self.process.kill()
        self.process.wait()

    def _resize(self, descriptor: int) -> None:
        size = struct.pack("HHHH", self.screen.lines, self.screen.columns, 0, 0)
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, size)

    def _shows_more(self) -> bool:
        """Show what comes next; False when nothing does."""
        if not select.select([self._ours], [], [], TIMEOUT)[0]:
            raise AssertionError("\n".join(["it hangs:", *self.screen.rows]))
        try:
            said = os.read(self._ours, 65536)
        except OSError:  # the other end is closed
            return False
        text = self._unfinished + self._decoder.decode(said)
        self._unfinished = _CUT_OFF.findall(text)[0]
        self.screen.feed(text.removesuffix(self._unfinished))
        return bool(said)
