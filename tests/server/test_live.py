"""Live changes: one reader of the ledger for all clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from provisioner.config.load import load
from provisioner.errors import LedgerError
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Ledger, Org, State
from provisioner.server import live as module
from provisioner.server.live import Live
from provisioner.server.world import World
from tests.claim.conftest import POOL_YAML, add

from .served import TOKEN, Served

EVERY = 0.02  # seconds


class Reads:
    """A ledger that counts how often all orgs are read, and can be away."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.count = 0
        self.is_away = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def orgs(self) -> list[Org]:
        self.count += 1
        if self.is_away:
            raise LedgerError("the ledger is away")
        return self._ledger.orgs()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Reads]:
    """A ledger with one available org, `one`, of the pool morning."""
    (tmp_path / "pool.yaml").write_text(POOL_YAML)
    (tmp_path / "server.key").touch(mode=0o600)
    with closing(open_ledger("sqlite:///ledger.db", tmp_path)) as ledger:
        add(ledger, "one")
        yield Reads(ledger)


@pytest.fixture
def changes(ledger: Reads, tmp_path: Path) -> Live:
    config = load(tmp_path / "pool.yaml", environ={}, need="server")
    world = World(config, ledger, warn=lambda _text: None)  # type: ignore[arg-type]
    return Live(world, every=EVERY)


def everything(_pool: str) -> bool:
    return True


async def next_event(stream: AsyncIterator[str]) -> tuple[str, str, Any]:
    """The name, the id and the data of the next event."""
    async for text in stream:
        fields = dict(line.split(": ", 1) for line in text.strip().split("\n"))
        if "event" in fields:
            return fields["event"], fields["id"], json.loads(fields["data"])
    raise AssertionError("the stream has ended")


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 30))


def test_a_change_reaches_200_clients_by_one_reading_of_the_ledger(
    changes: Live, ledger: Reads
) -> None:
    async def test() -> None:
        streams = [changes.stream(everything, "") for _ in range(200)]
        for stream in streams:
            assert (await next_event(stream))[0] == "state"
        before = ledger.count
        ledger.move(ledger.get("one@acme.example"), State.CLAIMED, owner="ann")
        found = [await next_event(stream) for stream in streams]
        assert {(name, data["orgs"][0]["owner"]) for name, _, data in found} == {("change", "ann")}
        assert ledger.count - before < 200
        assert found[0][2]["pools"][0]["parts"][3]["count"] == 1
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]
        await asyncio.sleep(EVERY * 3)
        after = ledger.count
        await asyncio.sleep(EVERY * 5)
        assert (ledger.count, changes.clients) == (after, 0)  # without clients nothing is read

    run(test)


def test_a_client_gets_only_changes_of_pools_that_it_sees(changes: Live, ledger: Reads) -> None:
    async def test() -> None:
        stream = changes.stream(lambda pool: pool == "evening", "")
        await next_event(stream)
        ledger.move(ledger.get("one@acme.example"), State.CLAIMED, owner="ann")
        _, _, data = await next_event(stream)
        assert (data["orgs"], data["pools"]) == ([], [])

    run(test)


def test_a_client_that_connects_again_gets_what_it_has_missed(changes: Live, ledger: Reads) -> None:
    async def test() -> None:
        first, other = changes.stream(everything, ""), changes.stream(everything, "")
        await next_event(other)
        _, last, _ = await next_event(first)
        await first.aclose()  # type: ignore[attr-defined]
        ledger.is_away = True  # for a moment
        ledger.move(ledger.get("one@acme.example"), State.CLAIMED, owner="ann")
        await asyncio.sleep(EVERY * 3)
        ledger.is_away = False
        await next_event(other)
        again = changes.stream(everything, last)
        name, _, data = await next_event(again)
        assert (name, data["orgs"][0]["owner"]) == ("change", "ann")
        unknown = changes.stream(everything, "another-7")
        name, _, data = await next_event(unknown)
        assert (name, list(data)) == ("state", ["digest"])  # by which a page sees what it lacks

    run(test)


def test_a_client_that_receives_too_slowly_is_dropped(
    changes: Live, ledger: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)

    async def test() -> None:
        slow, quick = changes.stream(everything, ""), changes.stream(everything, "")
        for stream in (slow, quick):
            await next_event(stream)
        for number in range(4):
            ledger.change(ledger.get("one@acme.example"), purpose=str(number))
            await next_event(quick)
        assert [text async for text in slow] == []
        assert changes.clients == 1
        changes.stop()
        assert [text async for text in quick] == []

    run(test)


def test_events_are_sent_to_those_who_have_signed_in(served: Served) -> None:
    url = f"{served.url}/v1/events"
    assert httpx.get(url).status_code == 401
    with httpx.stream("GET", url, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert "event: state" in (line for line in lines)
