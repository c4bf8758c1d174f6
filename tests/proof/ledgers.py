"""The ledgers that the proofs run on: where each is, how it is read, what losing it means."""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from provisioner.builder.connections import Connections
from provisioner.ledger import open_ledger
from provisioner.ledger.base import LIVE, Event, Org, State
from provisioner.ledger.devhub import records
from provisioner.ledger.devhub.install import install
from tests.ledger import postgresql_server

if TYPE_CHECKING:
    from tests.proof.whole_night import WholeNight

FILE = "ledger.db"


class Readable(Protocol):
    """What the proofs ask of a ledger."""

    def get(self, username: str) -> Org | None: ...
    def orgs(self, *, states: Iterable[State] = LIVE) -> list[Org]: ...
    def events(self, *, run: str = "") -> list[Event]: ...


class ProofLedger(Protocol):
    """The ledger of one night."""

    @property
    def url(self) -> str:
        """As `ledger:` of pool.yaml names it."""

    def install(self, night: WholeNight) -> None:
        """Make what must be there before the first command."""

    def read(self, night: WholeNight) -> AbstractContextManager[Readable | None]:
        """The current ledger, None where there is none yet. Nothing is changed or repaired."""

    def forget(self, night: WholeNight, username: str) -> None:
        """Remove the row of an org, as a ledger restored from an old copy does."""

    def lose(self, night: WholeNight) -> None:
        """Lose all that it holds."""

    def close(self) -> None:
        """The night is over."""


class SqliteProof:
    """The default: a file in the night's folder."""

    url = f"sqlite:///.provisioner/{FILE}"

    def install(self, night: WholeNight) -> None:
        """The first command makes it."""

    @contextmanager
    def read(self, night: WholeNight) -> Iterator[Readable | None]:
        """A copy, so that not we are the ones who recover what a killed process left."""
        original = night.folder / ".provisioner"
        if not (original / FILE).exists():
            yield None
            return
        with tempfile.TemporaryDirectory(prefix="ledger-") as folder:
            for path in original.glob(f"{FILE}*"):
                if not (path.name.endswith("-shm") or ".build-lock" in path.name):
                    shutil.copy(path, folder)
            with closing(open_ledger(f"sqlite:///{FILE}", Path(folder))) as ledger:
                yield ledger

    def forget(self, night: WholeNight, username: str) -> None:
        """Delete the row."""
        with closing(sqlite3.connect(night.folder / ".provisioner" / FILE)) as connection:
            connection.execute("DELETE FROM org WHERE username = ?", [username])
            connection.commit()

    def lose(self, night: WholeNight) -> None:
        """Delete the file and its companions."""
        for path in (night.folder / ".provisioner").glob(f"{FILE}*"):
            path.unlink()

    def close(self) -> None:
        """It goes with the night's folder."""


class PostgresqlProof:
    """An empty database, on the server that all nights share unless another is given."""

    def __init__(self, server: postgresql_server.Server | None = None, **parameters: str) -> None:
        """`parameters` are further ones of the ledger's URL."""
        self._server = server or postgresql_server.shared()
        self.database = self._server.new_database()
        self.url = self._server.url(self.database, **parameters)

    def install(self, night: WholeNight) -> None:
        """The first command makes the tables."""

    @contextmanager
    def read(self, night: WholeNight) -> Iterator[Readable | None]:
        """A session of its own."""
        with closing(open_ledger(self.url, night.folder)) as ledger:
            yield ledger

    def forget(self, night: WholeNight, username: str) -> None:
        """Delete the row."""
        self._server.sql(
            f"DELETE FROM org WHERE username = '{username}'",
            database=self.database,
        )

    def lose(self, night: WholeNight) -> None:
        """The database is as new."""
        self._server.clear(self.database)

    def close(self) -> None:
        """Let another night have the database."""
        self._server.empty(self.database)


class DevhubProof:
    """The emulated Dev Hub itself; its requests are killed and disturbed like all others."""

    url = "devhub"

    def install(self, night: WholeNight) -> None:
        """What `provisioner hub install` does."""
        config = night.config()
        with Connections(config, time_scale=0.0) as connections:
            client = connections.hub.client
            builders = [config.dev_hub.username]
            install(client, builders=builders, consumers=[], say=lambda _text: None, time_scale=0.0)

    def read(self, night: WholeNight) -> AbstractContextManager[Readable | None]:
        """Out of the emulator's store: a request would be one more to kill at."""
        return nullcontext(_Records(night))

    def forget(self, night: WholeNight, username: str) -> None:
        """Delete the record."""
        store = night.world.hub.store
        for record in night.hub_rows(records.ORG):
            if record["Username__c"] == username:
                store.remove(records.ORG, record["Id"])

    def lose(self, night: WholeNight) -> None:
        """Delete all records."""
        for type_name in (records.ORG, records.EVENT, records.RUN, records.LEASE, records.WAITER):
            for record in night.hub_rows(type_name):
                night.world.hub.store.remove(type_name, record["Id"])

    def close(self) -> None:
        """It goes with the emulator."""


@dataclass(frozen=True)
class _Records:
    """The custom objects of an emulated Dev Hub, read as the ledger reads them."""

    night: WholeNight

    def get(self, username: str) -> Org | None:
        return next((org for org in self._orgs() if org.username == username), None)

    def orgs(self, *, states: Iterable[State] = LIVE) -> list[Org]:
        wanted = frozenset(states)
        return [org for org in self._orgs() if org.state in wanted]

    def events(self, *, run: str = "") -> list[Event]:
        moves = [row for row in self._rows(records.EVENT) if row["To_State__c"]]
        events = [records.event_of(row) for row in moves]
        return [event for event in events if not run or event.run == run]

    def _orgs(self) -> Iterator[Org]:
        return map(records.org_of, self._rows(records.ORG))

    def _rows(self, type_name: str) -> Sequence[Mapping[str, Any]]:
        return sorted(self.night.hub_rows(type_name), key=lambda row: str(row["Name"]))


PROOF_LEDGERS: Mapping[str, Callable[[], ProofLedger]] = {
    "sqlite": SqliteProof,
    "postgresql": PostgresqlProof,
    "devhub": DevhubProof,
}
"""The same names as in `provisioner.ledger.LEDGERS`."""


def add_ledger_option(parser: argparse.ArgumentParser) -> None:
    """`--ledger`, for the scripts that play nights."""
    parser.add_argument("--ledger", choices=PROOF_LEDGERS, default="sqlite")


def start_servers(ledger: str) -> None:
    """Start what nights on `ledger` share, before processes are forked that play them.

    Raises SystemExit where it is not installed.
    """
    if ledger == "postgresql":
        if postgresql_server.binaries() is None:
            raise SystemExit("there is no PostgreSQL here: scripts/install-postgresql installs it")
        postgresql_server.shared()
