"""A ledger of a test's own: opened as often as the test likes, closed at its end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from provisioner.ledger.base import Ledger, Org, Run, State

from . import postgresql_server
from .devhub import hub
from .opening import opened

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
TO_AVAILABLE = (State.SIGNING_UP, State.BUILDING, State.AVAILABLE)


def _nothing() -> None:
    """What there is to clean up after a file in the test's own folder."""


URLS: Mapping[str, Callable[[Path], tuple[str, Callable[[], None]]]] = {
    "sqlite": lambda _: ("sqlite:///ledgers/ledger.db", _nothing),
    "postgresql": lambda _: postgresql_server.new_url(),
    "devhub": hub.new_url,
}
"""For each scheme in LEDGERS: the path or URL of a test ledger, and what to do at its end; the
folder is the test's own."""


@dataclass
class World:
    """One ledger at `url`, and all that opened it."""

    url: str
    directory: Path
    clean_up: Callable[[], None] = _nothing
    _opened: list[Ledger] = field(default_factory=list)

    @classmethod
    def of(cls, scheme: str, directory: Path) -> World:
        """A new ledger of a kind; relative paths start at `directory`."""
        url, clean_up = URLS[scheme](directory)
        return cls(url, directory, clean_up)

    def open(self) -> Ledger:
        """Open it as a further process would."""
        ledger = opened(self.url, self.directory)
        self._opened.append(ledger)
        return ledger

    def close(self) -> None:
        """Close all that `open` gave."""
        for ledger in self._opened:
            ledger.close()
        self.clean_up()

    def start(self, script: str, *arguments: str) -> subprocess.Popen[str]:
        """A process that runs a script of this folder on this ledger, its pipes open."""
        command = [sys.executable, str(Path(__file__).parent / script), self.url]
        return subprocess.Popen(
            [*command, str(self.directory), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )


def add_available(
    ledger: Ledger, username: str, *, pool: str = "morning", life: timedelta = timedelta(days=1)
) -> Org:
    """Take a new row along all legal moves until it can be claimed."""
    return bring(
        ledger, Org(username, pool, builder_id="run-1", run="run-1"), TO_AVAILABLE, NOW + life
    )


def bring(
    ledger: Ledger, org: Org, states: Sequence[State], expires_at: datetime | None = None
) -> Org:
    """Add `org` and move it through `states`."""
    ledger.add(org)
    for state in states:
        org = moved(ledger, org, state, expires_at=expires_at)
    return org


def moved(ledger: Ledger, org: Org, to: State, **changes: Any) -> Org:
    """A move that must succeed."""
    result = ledger.move(org, to, **changes)
    assert result is not None, f"{org} changed meanwhile"
    return result


def run(name: str = "run-1", *, at: datetime = NOW) -> Run:
    """A build of this host."""
    return Run(name, "build-host", os.getpid(), at)
