"""Draws lines on a terminal in place of those before, also after its size has changed.

Libraries for live displays move the cursor up by the number of lines that they have drawn. When a
terminal becomes narrower it wraps these lines, and a part of them stays. Here the number of rows is
computed from the new width.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TextIO

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
CLEAR_BELOW = "\x1b[J"


class Drawing:
    """Lines at the bottom of a terminal. Safe to use from several threads."""

    def __init__(self, stream: TextIO, columns: Callable[[], int]) -> None:
        """`columns` is the current width of the terminal."""
        self._stream = stream
        self._columns = columns
        self._widths: list[int] = []  # of the lines that are drawn
        self._is_open = False
        self._lock = threading.Lock()

    def draw(self, lines: Sequence[tuple[str, int]]) -> None:
        """Replace the lines; each has its text, with colours, and its width in columns."""
        with self._lock:
            start = "" if self._is_open else HIDE_CURSOR
            self._is_open = True
            self._write(start + self._erase() + "\n".join(text for text, _ in lines))
            self._widths = [width for _, width in lines]

    def above(self, text: str) -> None:
        """Write a line above the others, which the next drawing shows again."""
        with self._lock:
            self._write(f"{self._erase()}{text}\n")
            self._widths = []

    def close(self) -> None:
        """Erase the lines."""
        with self._lock:
            if self._is_open:
                self._write(self._erase() + SHOW_CURSOR)
            self._widths, self._is_open = [], False

    def abandon(self) -> None:
        """Erase the lines without a lock, in a signal handler: the process ends at once."""
        if self._is_open:
            with suppress(OSError, ValueError):
                text = f"{self._erase()}{SHOW_CURSOR}"
                os.write(self._stream.fileno(), text.encode("ascii"))

    def _erase(self) -> str:
        """Move the cursor to the start of the first line, and clear from there."""
        if not self._widths:
            return ""
        columns = max(1, self._columns())
        rows = sum(max(1, -(-width // columns)) for width in self._widths)
        up = f"\x1b[{rows - 1}A" if rows > 1 else ""
        return f"\r{up}{CLEAR_BELOW}"

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # a build continues when its terminal is gone
            self._stream.write(text)
            self._stream.flush()
