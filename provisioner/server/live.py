"""Live changes of the ledger for all pages that are open: one reader for the whole process.

While a client is connected, the ledger is read once in an interval, however many clients there are.
All of this runs in the event loop of the server; only the reading is done in a thread.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import zlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from provisioner.errors import LedgerError
from provisioner.ledger.document import org_document
from provisioner.report.manifest import contents_by_fingerprint
from provisioner.report.status import PoolStatus, summarise
from provisioner.server.pool_bar import activity, segments
from provisioner.server.rates import TooManyRequestsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provisioner.ledger.base import Org, Run
    from provisioner.server.world import World

EVERY = 2.0  # seconds between two readings of a database
EVERY_ON_HUB = 60.0  # … and of the Dev Hub, where each one is a request
RUNS_EVERY = 5  # readings: the list of builds changes rarely
HEARTBEAT = 15.0  # seconds
LONGEST = 1800.0  # seconds of one stream; the browser connects again, and signs in again
KEPT = 256  # changes, for clients that connect again
MOST_WAITING = 64  # changes that a client may be behind before it is dropped
MOST_OF_PERSON = 250  # streams
READ_RUNS = 30


@dataclass(frozen=True)
class Change:
    """What has changed between two readings."""

    number: int
    orgs: tuple[Mapping[str, Any], ...]
    pools: tuple[Mapping[str, Any], ...]
    has_new_runs: bool
    _texts: dict[frozenset[str], str] = field(default_factory=dict)

    def text(self, pools: frozenset[str]) -> str:
        """The change for those who see `pools`, as JSON; made once for all of them."""
        if pools not in self._texts:
            self._texts[pools] = json.dumps(
                {
                    "orgs": [org for org in self.orgs if org["pool"] in pools],
                    "pools": [pool for pool in self.pools if pool["name"] in pools],
                    "runs": self.has_new_runs,
                }
            )
        return self._texts[pools]


@dataclass
class _Client:
    sees: Callable[[str], bool]
    name: str
    waiting: asyncio.Queue[Change | None] = field(
        default_factory=lambda: asyncio.Queue(MOST_WAITING)
    )


@dataclass
class _Reading:
    orgs: dict[str, Org] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()


def digest(orgs: Iterable[Org]) -> str:
    """Differs when any of the rows has changed. A page has that of the rows that it shows."""
    text = ",".join(sorted(f"{org.username}:{org.version}" for org in orgs))
    return f"{zlib.crc32(text.encode()):08x}"


class Live:
    """The reader and its clients."""

    def __init__(self, world: World, *, every: float | None = None) -> None:
        self._world = world
        on_hub = world.config.ledger.startswith("devhub")
        self._every = every or (EVERY_ON_HUB if on_hub else EVERY)
        self._epoch = secrets.token_hex(4)
        self._number = 0
        self._readings = 0
        self._last: _Reading | None = None
        self._changes: deque[Change] = deque(maxlen=KEPT)
        self._clients: list[_Client] = []
        self._reader: asyncio.Task[None] | None = None
        self._is_stopped = False

    def require_room(self, name: str) -> None:
        """Raises TooManyRequestsError when a person has too many streams."""
        if sum(client.name == name for client in self._clients) >= MOST_OF_PERSON:
            raise TooManyRequestsError(HEARTBEAT)

    async def stream(
        self, sees: Callable[[str], bool], last_id: str, name: str = ""
    ) -> AsyncIterator[str]:
        """The text of a stream of events, for a client of a person who sees some pools.

        `last_id` is the id of the last event that the client has received before. The stream ends
        when the client is too slow, after LONGEST, or when the server stops.
        """
        with self._client(_Client(sees, name)) as client:
            await self._start()
            for text in self._first(client, last_id):
                yield text
            deadline = asyncio.get_running_loop().time() + LONGEST
            while asyncio.get_running_loop().time() < deadline:
                try:
                    change = await asyncio.wait_for(client.waiting.get(), HEARTBEAT)
                except TimeoutError:
                    yield ": still there\n\n"
                    continue
                if change is None:
                    return
                yield self._event("change", change.text(self._seen(client)), change.number)

    def stop(self) -> None:
        """End all streams."""
        self._is_stopped = True
        for client in self._clients:
            _end(client)

    @property
    def clients(self) -> int:
        """How many streams are open."""
        return len(self._clients)

    @contextmanager
    def _client(self, client: _Client) -> Iterator[_Client]:
        self._clients.append(client)
        if self._is_stopped:
            _end(client)
        try:
            yield client
        finally:
            self._clients.remove(client)

    def _first(self, client: _Client, last_id: str) -> Iterator[str]:
        """What a client has missed; or how it finds out whether it has missed something."""
        epoch, _, number = last_id.partition("-")
        oldest = self._changes[0].number if self._changes else self._number + 1
        yield "retry: 3000\n\n"
        if epoch == self._epoch and number.isdecimal() and oldest - 1 <= int(number):
            for change in self._changes:
                if change.number > int(number):
                    yield self._event("change", change.text(self._seen(client)), change.number)
            return
        rows = self._last.orgs.values() if self._last else ()
        state = digest(row for row in rows if client.sees(row.pool))
        yield self._event("state", json.dumps({"digest": state}), self._number)

    def _event(self, name: str, data: str, number: int) -> str:
        return f"event: {name}\nid: {self._epoch}-{number}\ndata: {data}\n\n"

    def _seen(self, client: _Client) -> frozenset[str]:
        names = {org.pool for org in self._last.orgs.values()} if self._last else set()
        return frozenset(filter(client.sees, names | set(self._world.config.pools)))

    async def _start(self) -> None:
        """Start to read, unless another client's reader runs."""
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_while_needed())
        while self._last is None and not self._is_stopped:
            await asyncio.sleep(0.05)

    async def _read_while_needed(self) -> None:
        while self._clients and not self._is_stopped:
            with suppress(LedgerError):  # the ledger is away: the next reading has all changes
                await self._read()
            await asyncio.sleep(self._every)

    async def _read(self) -> None:
        found = await run_in_threadpool(self._reading)
        before, self._last = self._last, found
        if before is None:
            return
        rows = [row for name, row in found.orgs.items() if _differs(before.orgs.get(name), row)]
        gone = [row for name, row in before.orgs.items() if name not in found.orgs]
        has_new_runs = _runs(before.runs) != _runs(found.runs)
        if not (rows or gone or has_new_runs):
            return
        self._number += 1
        contents = contents_by_fingerprint(found.runs)
        documents = [{**org_document(row), "activity": activity(row, contents)} for row in rows]
        documents += [{**org_document(row), "state": "deleted", "activity": ""} for row in gone]
        pools = self._pools(found, {row.pool for row in (*rows, *gone)})
        change = Change(self._number, tuple(documents), pools, has_new_runs)
        self._changes.append(change)
        for client in self._clients:
            _put(client, change)

    def _reading(self) -> _Reading:
        ledger = self._world.ledger
        orgs = {org.username: org for org in ledger.orgs()}
        runs = self._last.runs if self._last else ()
        if self._readings % RUNS_EVERY == 0:
            runs = tuple(ledger.runs(limit=READ_RUNS))
        self._readings += 1
        return _Reading(orgs, runs)

    def _pools(self, found: _Reading, names: Collection[str]) -> tuple[Mapping[str, Any], ...]:
        sizes = {pool.name: pool.size for pool in self._world.config.pools.values()}
        pools = summarise(sizes, found.orgs.values(), names) if names else []
        return tuple(map(_pool_document, pools))


def _pool_document(pool: PoolStatus) -> dict[str, Any]:
    return {"name": pool.name, "size": pool.size, "parts": segments(pool)}


def _runs(runs: Iterable[Run]) -> list[tuple[str, bool]]:
    return [(run.id, run.finished_at is None) for run in runs]


def _differs(before: Org | None, now: Org) -> bool:
    return before is None or before.version != now.version


def _put(client: _Client, change: Change) -> None:
    """Hand a change to a client; one that is too slow is dropped, and connects again."""
    try:
        client.waiting.put_nowait(change)
    except asyncio.QueueFull:
        _end(client)


def _end(client: _Client) -> None:
    while not client.waiting.empty():
        client.waiting.get_nowait()
    client.waiting.put_nowait(None)
