"""Forks processes that sign up orgs on one Dev Hub at once, as builds do, until nothing is left.

    storm_builders.py URL DIRECTORY

Two of them are killed: one after an intent, one after its sign-up was sent. The Dev Hub is a SQLite
file beside the ledger; it refuses a sign-up beyond its allowance. The output is the exit codes.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from provisioner.builder.shared_limits import MOST_READINGS
from provisioner.ledger.base import Ledger, Org, State
from provisioner.ledger.hub_counts import CONCURRENT, Caps
from tests.ledger.opening import opened

HUB, ALLOWANCE, CONCURRENTLY = "00D0000000000HUB01", 24, 4
OVERRUN = 3  # exit code of a process whose sign-up was refused
_DEATHS = {1: "intended", 2: "sent"}


class Hub:
    """The Dev Hub of the test."""

    def __init__(self, directory: Path) -> None:
        self._file = sqlite3.connect(directory / "hub.db", isolation_level=None, timeout=30)
        self._file.execute("CREATE TABLE IF NOT EXISTS sign_up (username TEXT PRIMARY KEY)")

    def received(self) -> set[str]:
        """The usernames of all sign-ups."""
        return {str(row[0]) for row in self._file.execute("SELECT username FROM sign_up")}

    def sign_up(self, username: str) -> None:
        """Receive one; it takes a moment."""
        time.sleep(random.uniform(0, 0.003))
        self._file.execute("BEGIN IMMEDIATE")
        if len(self.received()) >= ALLOWANCE:
            os._exit(OVERRUN)
        self._file.execute("INSERT INTO sign_up VALUES (?)", [username])
        self._file.execute("COMMIT")


def read_limits(ledger: Ledger, hub: Hub) -> None:
    """As `provisioner.builder.hub_reading` does."""
    reading = ledger.start_reading(HUB)
    known = hub.received().intersection(reading.unconfirmed)
    left = ALLOWANCE - len(hub.received())
    time.sleep(random.uniform(0, 0.003))
    ledger.record_reading(reading, daily=left, active=1000, known=known)


def build(number: int, url: str, directory: Path, deaths: int) -> None:
    """Sign up orgs, and read the limits now and then, until none is left for certain.

    After some, wait for the end of `deaths`: the killed ones have had their sign-ups then.
    """
    random.seed(number)
    with closing(opened(url, directory)) as ledger:
        hub, count, doubts = Hub(directory), 0, 0
        read_limits(ledger, hub)
        while True:
            org = Org(f"{number}-{count}@x.example", f"pool-{number}", builder_id=f"run-{number}")
            org = Org(**{**vars(org), "hub": HUB, "run": org.builder_id})
            shortage = ledger.intend(org, Caps(CONCURRENTLY))
            if shortage is None:
                count, doubts = count + 1, 0
                if count == ALLOWANCE // 4:
                    os.read(deaths, 1)
                _send(ledger, hub, org, death=_DEATHS.get(number, "") if count == 2 else "")
            elif shortage.limit == CONCURRENT:
                time.sleep(random.uniform(0, 0.004))
            elif shortage.is_certain or doubts == MOST_READINGS:
                return
            else:
                doubts += 1
            if (shortage is not None and shortage.limit != CONCURRENT) or random.random() < 0.1:
                read_limits(ledger, hub)


def _send(ledger: Ledger, hub: Hub, org: Org, *, death: str) -> None:
    if death == "intended":
        os.kill(os.getpid(), signal.SIGKILL)
    hub.sign_up(org.username)
    if death == "sent":
        os.kill(os.getpid(), signal.SIGKILL)
    sent = ledger.move(org, State.SIGNING_UP, signup_id=f"2SR{org.username}")
    assert sent is not None
    ledger.move(sent, State.BUILDING, active_at=datetime.now(UTC))


def main() -> None:
    """Fork, wait, print how they ended."""
    url, directory = sys.argv[1], Path(sys.argv[2])
    Hub(directory)
    opened(url, directory).close()  # makes the tables, and imports what a child needs
    deaths, ended = os.pipe()
    pids = [_fork(number, url, directory, deaths, ended) for number in range(4)]
    codes = {pids[number]: _code(pids[number]) for number in _DEATHS}
    os.close(ended)  # the others may use up what is left
    codes |= {pid: _code(pid) for pid in pids if pid not in codes}
    json.dump([codes[pid] for pid in pids], sys.stdout)


def _fork(number: int, url: str, directory: Path, deaths: int, ended: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.close(ended)
        build(number, url, directory, deaths)
        code = 0
    finally:
        os._exit(code)


def _code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main()
