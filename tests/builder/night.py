"""A whole small night: a project on disk, an emulated Dev Hub on a socket, a build between them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from provisioner.builder.context import Options
from provisioner.builder.events import Message, OrgEvent
from provisioner.builder.overview import Overview
from provisioner.builder.result import BuildResult
from provisioner.builder.run import build
from provisioner.cli.sample_project import sample_files
from provisioner.config.load import load
from provisioner.config.model import PoolFile
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, DEFAULT_HUB_USERNAME
from provisioner.ledger import open_ledger
from provisioner.ledger.base import LIVE, Org, State

TIME_SCALE = 0.002  # of all waits: the emulator is as much faster than life

STEPS = """\
- deploy_source: { path: . }
- assign_permission_sets: [Visit_Planner]
- load_data: { plan: data/sample-plan.json }
- run_apex: { file: scripts/setup.apex }
"""


class Watcher:
    """Remembers what a build reports."""

    def __init__(self) -> None:
        self.events: list[OrgEvent] = []
        self.messages: list[str] = []
        self.now: Callable[[], Overview] | None = None

    def started(self, now: Callable[[], Overview]) -> None:
        """Keep it."""
        self.now = now

    def abandon(self) -> None:
        """There is nothing to leave in order."""

    def org(self, event: OrgEvent) -> None:
        """Keep it."""
        self.events.append(event)

    def message(self, message: Message) -> None:
        """Keep it."""
        self.messages.append(message.text)


class Night:
    """The sample project with a pool of its own, built against one emulator."""

    def __init__(self, folder: Path, server: EmulatorServer, key: str) -> None:
        self.folder = folder
        self.server = server
        self.login_url = server.url
        self.world = server.world
        for name, content in sample_files().items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        # The sample's script needs the object that the sample deploys; not all tests deploy it.
        (folder / "scripts/setup.apex").write_text("System.debug('ready');\n", encoding="utf-8")
        self.environ: dict[str, str] = {"KEY": key}
        self.watcher = Watcher()
        self.login_url = server.url  # of the Dev Hub
        self.hub_lines = ""  # further lines of dev_hub
        self.write_pool()

    def write_pool(
        self, *, size: int = 2, steps: str = STEPS, pool: str = "", top: str = ""
    ) -> None:
        """Write pool.yaml; `pool` and `top` are further lines of the pool and of the file."""
        text = f"""\
dev_hub:
  username: {DEFAULT_HUB_USERNAME}
  consumer_key: {DEFAULT_CONSUMER_KEY}
  private_key: ${{KEY}}
  login_url: {self.login_url}
{self.hub_lines}
{textwrap.dedent(top)}
pools:
  sample:
    size: {size}
    duration_days: 2
    definitions: [config/project-scratch-def.json]
{textwrap.indent(textwrap.dedent(pool), "    ")}
"""
        if steps:
            text += "    steps:\n" + textwrap.indent(textwrap.dedent(steps), "      ")
        (self.folder / "pool.yaml").write_text(text, encoding="utf-8")

    def has_external_app(self) -> None:
        """The Dev Hub's app is an External Client App, which sign-ups do not copy."""
        installed = self.world.hub.apps[DEFAULT_CONSUMER_KEY]
        installed.app = replace(installed.app, kind="external", is_carried=False)

    def login_app(self, way: str) -> None:
        """Set `dev_hub.login_app`, for the files that are written from now on."""
        self.hub_lines = f"  login_app: {way}"

    def config(self) -> PoolFile:
        """pool.yaml as it is now."""
        return load(self.folder / "pool.yaml", environ=self.environ)

    def build(self, *, pools: Sequence[str] = ("sample",), **options: Any) -> BuildResult:
        """One build, in this process."""
        config = self.config()
        self.watcher = Watcher()
        ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
        try:
            chosen = Options(time_scale=TIME_SCALE, seed=1, **options)
            return build(config, list(pools), ledger, self.watcher, chosen)
        finally:
            ledger.close()

    def orgs(self, *states: State) -> list[Org]:
        """The ledger's rows."""
        config = self.config()
        ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
        try:
            return ledger.orgs(states=states or LIVE)
        finally:
            ledger.close()

    def fewest_available(self, size: int) -> int:
        """The fewest orgs available at a time since there were `size`, by the ledger's events."""
        config = self.config()
        ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
        try:
            events = ledger.events()
        finally:
            ledger.close()
        counts, count = [], 0
        for event in events:
            count += (event.to_state == State.AVAILABLE) - (event.from_state == State.AVAILABLE)
            counts.append(count)
        return min(counts[counts.index(size) :])

    def fault(self, when: Mapping[str, Any], *then: Mapping[str, Any], times: int = 1) -> str:
        """Plant a fault in the emulator."""
        return self.world.faults.add({"when": dict(when), "then": list(then), "times": times})

    def active(self) -> list[str]:
        """Usernames of the scratch orgs that live on the emulated Dev Hub."""
        return [str(row["SignupUsername"]) for row in self.hub_rows("ActiveScratchOrg")]

    def hub_rows(self, type_name: str) -> list[dict[str, Any]]:
        """What the emulated Dev Hub holds of a type."""
        return [dict(row) for row in self.world.hub.store.peek_rows(type_name)]

    def rows_in(self, org: Org, type_name: str) -> list[dict[str, Any]]:
        """What an emulated scratch org holds of a type."""
        found = self.world.orgs[org.org_id[:15]]
        return [dict(row) for row in found.store.peek_rows(type_name)]

    def requests(self, route: str) -> int:
        """How many requests of a kind the emulator has had."""
        return sum(routes.get(route, 0) for routes in self.world.log.counts().values())

    def write_json(self, name: str, content: Any) -> None:
        """Write a file of the project."""
        (self.folder / name).write_text(json.dumps(content), encoding="utf-8")
