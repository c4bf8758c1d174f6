"""The log of a build that nobody watches: in a file, a mail, or a CI system.

By default it has a line each minute and a line for each failure. `events` has a line for each event
of each org, `json` the same as JSON. Another format is one class and one line in FORMATS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any

from provisioner.builder.events import Message, Observer, OrgEvent
from provisioner.builder.ticker import ticking
from provisioner.ledger.base import State
from provisioner.report.overview_text import overview_text, what_happens

if TYPE_CHECKING:
    from provisioner.builder.overview import Overview

EVERY = 60.0  # seconds between two lines about all pools

Write = Callable[[str], None]


def local_time() -> datetime:
    """Now, with the zone of this machine."""
    return datetime.now().astimezone()


class LogLines(Observer):
    """The base of the formats: it has the write function, and a moment of the build on request."""

    def __init__(self, write: Write, *, every: float = EVERY) -> None:
        self._write = write
        self._every = every
        self._now: Callable[[], Overview] | None = None

    def started(self, now: Callable[[], Overview]) -> None:
        """Keep the function, and write what the build begins with."""
        self._now = now
        self.progress()

    def abandon(self) -> None:
        """There is nothing to leave in order."""

    def display(self) -> AbstractContextManager[object]:
        """Write a line about all pools at intervals, while the block runs."""
        return ticking(self._every, self.progress)

    def progress(self) -> None:
        """Write a line about all pools."""

    def _line(self, text: str) -> None:
        self._write(f"{local_time().isoformat(timespec='seconds')}  {text}")


class TextLog(LogLines):
    """A line each minute, and a line for each failure."""

    def org(self, event: OrgEvent) -> None:
        """Write the failure of an org."""
        if event.state is State.FAILED:
            self._line(f"{event.username}  {what_happens(event)}")

    def message(self, message: Message) -> None:
        """Write what concerns the whole build."""
        self._line(f"{'warning: ' if message.is_warning else ''}{message.text}")

    def progress(self) -> None:
        """Write a line about all pools."""
        if self._now is not None:
            self._line(overview_text(self._now(), local_time()))


class EventLog(TextLog):
    """A line for each event of each org."""

    def org(self, event: OrgEvent) -> None:
        """Write any event."""
        self._line(f"{event.username}  {what_happens(event)}")

    def display(self) -> AbstractContextManager[object]:
        """No lines at intervals: the events say it."""
        return nullcontext()


class GithubLog(TextLog):
    """The text log, in a group that GitHub Actions folds."""

    def __init__(self, write: Write, command: Write) -> None:
        """`command` writes a workflow command."""
        super().__init__(write)
        self._command = command

    @contextmanager
    def display(self) -> Iterator[None]:
        """Open the group, and close it also when the block raises."""
        self._command("::group::Progress of the build")
        try:
            with super().display():
                yield
        finally:
            self._command("::endgroup::")


class JsonLog(LogLines):
    """One JSON object in a line: events of orgs, messages, and the pools at intervals."""

    def org(self, event: OrgEvent) -> None:
        """Write any event."""
        self._object(
            "org",
            username=event.username,
            pool=event.pool,
            state=event.state,
            step=event.step,
            position=event.position,
            steps=event.steps,
            note=event.note,
            retry=event.is_retry,
        )

    def message(self, message: Message) -> None:
        """Write what concerns the whole build."""
        level = "warning" if message.is_warning else "info"
        self._object("message", level=level, text=message.text)

    def progress(self) -> None:
        """Write the counts of all pools."""
        if self._now is None:
            return
        overview = self._now()
        pools = [
            {
                "name": pool.name,
                "size": pool.size,
                "available": pool.available,
                "in_progress": pool.in_progress,
                "waiting": dict(pool.waiting),
                "failed": pool.failed,
            }
            for pool in overview.pools
        ]
        ends_in = None if overview.ends_in is None else round(overview.ends_in)
        self._object("progress", pools=pools, ends_in_seconds=ends_in)

    def _object(self, kind: str, **values: Any) -> None:
        at = local_time().isoformat(timespec="milliseconds")
        text = json.dumps({"at": at, "kind": kind, **values})
        self._write(text.replace("##", "#\\u0023"))  # two of them begin a command of a CI system


FORMATS: Mapping[str, type[LogLines]] = {"text": TextLog, "events": EventLog, "json": JsonLog}
"""The values of `--log-format`."""
