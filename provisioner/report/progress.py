"""The progress of a build: a live table on a terminal, else plain lines."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.builder.events import Message, OrgEvent
from provisioner.ledger.base import State
from provisioner.plain_text import cell, shown

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_FINISHED = (State.AVAILABLE, State.FAILED)


def what_happens(event: OrgEvent) -> str:
    """`install_package (2/5)`, `load_data (3/5): 20 of 50 rows`, `failed at deploy_source: …`."""
    if event.state is State.AVAILABLE:
        return "available"
    if event.state is State.FAILED:
        return f"failed at {event.note}"
    position = f" ({event.position}/{event.steps})" if event.steps else ""
    if event.is_retry:
        return f"{event.step}: retrying: {event.note}"
    if event.note:
        return f"{event.step}: {event.note}"
    if event.state is State.INTENDED:
        return f"{event.step} requested"
    if event.state is State.SIGNING_UP:
        return f"{event.step} in progress"
    progress = f": {event.note}" if event.note else ""
    return f"{event.step}{position}{progress}"


class Lines:
    """Plain lines for logs and pipes: time, org, and what happens."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def org(self, event: OrgEvent) -> None:
        """Print one line for each event of an org."""
        self._write(f"{time.strftime('%H:%M:%S')}  {event.username}  {what_happens(event)}")

    def message(self, message: Message) -> None:
        """Print one line about the build."""
        kind = "warning: " if message.is_warning else ""
        self._write(f"{time.strftime('%H:%M:%S')}  {kind}{message.text}")

    def display(self) -> AbstractContextManager[object]:
        """Nothing to set up."""
        return nullcontext()


@dataclass
class _Row:
    event: OrgEvent
    since: float = field(default_factory=time.monotonic)
    total_since: float = field(default_factory=time.monotonic)


class LiveView:
    """A table of the unfinished orgs on a terminal, with the number of finished ones below."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows: dict[str, _Row] = {}
        self._counts = dict.fromkeys(_FINISHED, 0)
        self._started = time.monotonic()

    def org(self, event: OrgEvent) -> None:
        """Update an org's line; a finished org is printed once, above the table."""
        if event.state in _FINISHED:
            row = self._rows.pop(event.username, None)
            self._counts[event.state] += 1
            seconds = time.monotonic() - (row.total_since if row else self._started)
            mark = ("✓ ", "green") if event.state is State.AVAILABLE else ("✗ ", "red")
            self._print(mark, f"{event.username}  {what_happens(event)}  {_span(seconds)}")
            return
        row = self._rows.setdefault(event.username, _Row(event))
        if row.event.step != event.step:
            row.since = time.monotonic()
        row.event = event

    def message(self, message: Message) -> None:
        """Print a line above the table."""
        self._print(("! ", "yellow") if message.is_warning else ("  ", ""), message.text)

    def display(self) -> AbstractContextManager[object]:
        """The table, while the build runs."""
        from rich.live import Live

        return Live(
            get_renderable=self._table,
            console=self._console,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def _print(self, mark: tuple[str, str], text: str) -> None:
        """Print a coloured mark and a text; markup in the text has no effect."""
        from rich.text import Text

        self._console.print(Text.assemble(mark, shown(text)))

    def _table(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        now = time.monotonic()
        shown = list(self._rows.items())[: max(3, self._console.height - 4)]
        for username, row in shown:
            step = Text(cell(what_happens(row.event)), overflow="ellipsis", no_wrap=True)
            table.add_row(Text(cell(username), style="cyan"), step, _span(now - row.since))
        hidden = len(self._rows) - len(shown)
        counts = f"{self._counts[State.AVAILABLE]} available, {self._counts[State.FAILED]} failed"
        more = f", {hidden} more in progress" if hidden else ""
        totals = Text.assemble((f"{counts}{more}", "bold"), f"  {_span(now - self._started)}")
        totals.truncate(self._console.width, overflow="ellipsis")
        return Group(table, totals)


def _span(seconds: float) -> str:
    """`1:05`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
