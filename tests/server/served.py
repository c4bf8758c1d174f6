"""A server over a ledger with live orgs of an emulated Dev Hub, and clients of it."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import uvicorn

from provisioner.config.load import load
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Ledger
from provisioner.server.app import create_app
from provisioner.server.away import RETRY_SECONDS
from provisioner.server.run import SETTINGS, Application
from provisioner.server.world import World

TOKEN = "the-token-of-the-file-with-32-characters"
METRICS = "the-token-of-prometheus"
ENVIRON = {"OIDC_SECRET": "secret-of-the-provider", "METRICS_TOKEN": METRICS}


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The JSON document."""
        return json.loads(self.text)


@dataclass
class Served:
    """A running server."""

    url: str
    world: World
    ledger: Ledger

    def send(
        self, method: str, path: str, body: Any = None, *, token: str = TOKEN, **headers: str
    ) -> Reply:
        """Send a request; the body is sent as JSON, or as it is when it is bytes."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self.url}{path}", raw, method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request) as answer:
                return Reply(answer.status, dict(answer.headers), answer.read().decode())
        except HTTPError as error:
            with error:
                return Reply(error.code, dict(error.headers), error.read().decode())

    def notes(self) -> list[str]:
        """The notes of the events about people."""
        return [event.note for event in self.ledger.events() if event.to_state == "access"]


@contextmanager
def serving(pool_file: Path, *, token: str = TOKEN, port: int = 0) -> Iterator[Served]:
    """A server for this pool.yaml, in a thread of this process."""
    config = load(pool_file, environ=ENVIRON, need="server")
    place = config.ledger, config.directory, config.dev_hub
    with closing(open_ledger(*place, retry_seconds=RETRY_SECONDS)) as ledger:
        world = World(config, ledger, warn=lambda _text: None, local_token=token)
        server = Application(uvicorn.Config(create_app(world), port=port, **SETTINGS))
        started = threading.Event()
        startup = server.startup

        async def and_report(*given: Any, **named: Any) -> None:
            await startup(*given, **named)
            started.set()

        server.startup = and_report  # type: ignore[method-assign]
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        assert started.wait(20), "the server has not started"
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Served(f"http://127.0.0.1:{port}", world, ledger)
        finally:
            server.should_exit = True
            thread.join(20)
