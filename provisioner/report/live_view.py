"""The live view of a build on a terminal: its pools, causes of failure, steps and slowest orgs.

Orgs that become available are counted. Above the view stay the messages of the build, and the first
failure of each cause.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from provisioner.builder.causes import common_form
from provisioner.builder.events import Message, Observer, OrgEvent
from provisioner.builder.ticker import ticking
from provisioner.ledger.base import State
from provisioner.plain_text import cell, shown
from provisioner.report.drawing import Drawing
from provisioner.report.live_frame import frame
from provisioner.report.log_lines import local_time
from provisioner.report.overview_text import span, what_happens

if TYPE_CHECKING:
    from rich.console import Console

    from provisioner.builder.overview import Overview

EVERY = 0.25  # seconds between two drawings
SYMBOLS = {"█": "#", "·": ".", "✗": "x", "…": "."}  # for other encodings


class LiveView(Observer):
    """Draws what a build is doing, four times a second."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._drawing = Drawing(console.file, lambda: console.width)  # type: ignore[arg-type]
        self._now: Callable[[], Overview] | None = None
        self._started = time.monotonic()
        self._reported: set[str] = set()  # failures of which one is shown above the view

    def started(self, now: Callable[[], Overview]) -> None:
        """Show the build from now on."""
        self._now = now

    def org(self, event: OrgEvent) -> None:
        """Show the first failure of each cause above the view."""
        if event.state is not State.FAILED:
            return
        kind = common_form(event.note)
        if kind not in self._reported:
            self._reported.add(kind)
            self._print(("✗ ", "red"), f"{event.username}  {what_happens(event)}")

    def message(self, message: Message) -> None:
        """Show a message above the view."""
        self._print(("! ", "yellow") if message.is_warning else ("  ", ""), message.text)

    def abandon(self) -> None:
        """Leave the terminal in order."""
        self._drawing.abandon()

    @contextmanager
    def display(self) -> Iterator[None]:
        """Draw while the block runs; at its end nothing of the view stays."""
        try:
            with ticking(EVERY, self._draw):
                yield
        finally:
            self._drawing.close()

    def _draw(self) -> None:
        if self._now is None:
            seconds = span(time.monotonic() - self._started)
            lines = [Text(cell(f"reading the ledger and the Dev Hub  {seconds}"))]
        else:
            size = self._console.size
            lines = frame(
                self._now(), max(1, size.width - 1), max(1, size.height - 1), local_time()
            )
        self._drawing.draw([(self._encoded(line), cell_len(line.plain)) for line in lines])

    def _print(self, mark: tuple[str, str], text: str) -> None:
        """Write a coloured mark and a text; markup in the text has no effect."""
        self._drawing.above(self._encoded(Text.assemble(mark, shown(text))))

    def _encoded(self, line: Text) -> str:
        """The line with its colours, in characters that the terminal's encoding has."""
        with self._console.capture() as captured:
            self._console.print(line, end="", soft_wrap=True)
        text = captured.get()
        try:
            text.encode(self._console.encoding)
        except (UnicodeEncodeError, LookupError):
            for symbol, plain in SYMBOLS.items():
                text = text.replace(symbol, plain)
            text = text.encode("ascii", "replace").decode("ascii")
        return text
