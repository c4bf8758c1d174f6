"""How many requests each step sends to its org, against the fewest that it can send.

Every kind of step and form of data is built once. The emulator's log has the requests, and the
build reports when a step starts, before the step sends anything; the steps of an org never overlap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.builder.context import Options
from provisioner.builder.events import OrgEvent
from provisioner.builder.result import BuildResult
from provisioner.builder.run import build
from provisioner.emulator.keys import KeyPair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from provisioner.ledger import open_ledger
from tests.builder.night import TIME_SCALE, Watcher
from tests.proof.data_forms import DATA
from tests.proof.whole_night import EVERY, PACKAGES, WholeNight

MOST = 1.2
"""How many times the fewest requests a step may send."""

STEPS = EVERY + DATA.replace("- deploy_source: { path: . }\n", "")

Parts = Mapping[str, int]
"""Why requests are needed, and how many."""

LOGIN_APP: Parts = {
    "exchange the code of the sign-up": 1,
    "read whether the org has the app": 1,
    "deploy the app": 1,
    "read app, permission set, and whether they are linked": 1,
    "assign the permission set": 1,
    "retrieve the consumer key, and its status at the end": 2,
    "log in as a consumer does": 1,
    "revoke the first session": 1,
}
"""In an org that gets an app of its own; the other steps are the same."""

FEWEST: Sequence[tuple[str, Parts]] = [
    ("settings", {"log in, for all steps": 1, "deploy": 1}),
    (
        "install_dependencies",
        {"read what is installed": 1, "request each of 2": 2, "status at the end of each": 2},
    ),
    ("install_package", {"request": 1, "status at the end": 1}),
    ("deploy_source", {"deploy": 1, "read its warnings": 1}),
    ("deploy_metadata", {"deploy": 1, "read its warnings": 1}),
    (
        "create_users",
        {
            "read profiles, permission sets, users": 1,
            "create the user, who approves the app": 1,
            "set the fields and assign permission sets": 1,
            "log in as the user": 1,
        },
    ),
    ("assign_permission_sets", {"read what there is and what is assigned": 1, "assign": 1}),
    ("load_data plan", {"count the records before": 1, "insert each of 3 trees": 3}),
    ("load_data csv", {"create, upload, close, read the job of each of 2 files": 8}),
    ("run_apex", {"run": 1}),
    ("run_command", {"log in, for a session of its own": 1, "read the org's identity": 1}),
    ("assign_permission_sets all", {"read what there is and what is assigned": 1, "assign": 1}),
    ("load_data files", {"read which files are there": 1, "upload": 1}),
    (
        "load_data sfdmu",
        {
            "describe the objects": 1,
            "read what the org has, before each of 3 jobs": 3,
            "create, upload, close, read each job": 12,
        },
    ),
    (
        "load_data snowfakery",
        {"describe the objects": 1, "count the records before": 1, "insert each of 2 trees": 2},
    ),
    ("verification", {"log in as a consumer does": 1, "read the org's identity": 1}),
]
"""The steps of `STEPS` in order, where nothing takes time: a deploy is over when it is answered, an
install and a job when they are read for the first time.

What is read may have come from an earlier step, a package or a snapshot; without it, a step that is
repeated would do its work twice. A job is created before its rows are sent, because its id must be
in the ledger then. The warnings of a deploy are read at its end, because they come with a line for
each component."""


@dataclass(frozen=True)
class Count:
    """The requests of one step, of all orgs together."""

    step: str
    sent: int
    fewest: int
    parts: Parts

    @property
    def ratio(self) -> float:
        """How many times the fewest."""
        return self.sent / self.fewest


class _Marks(Watcher):
    """Remembers the number of the last request before each step."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.starts: dict[str, list[tuple[int, int]]] = {}  # by org: (number, step) …

    def org(self, event: OrgEvent) -> None:
        """The event comes before the step sends anything."""
        super().org(event)
        if event.position and event.step != "sign-up":
            last = self._world.log.last_number
            self.starts.setdefault(event.username, []).append((last, event.position))


def counted(
    folder: Path,
    key_pair: KeyPair,
    *,
    orgs: int = 1,
    has_own_app: bool = False,
    speed: float | None = None,
) -> tuple[list[Count], BuildResult]:
    """The requests of a build of every kind of step.

    Nothing takes time; with `speed`, everything takes as long as on Salesforce, divided by it.
    """
    latencies = Latencies(speed) if speed else Latencies(instant=True)
    world = World(certificate=key_pair.certificate, latencies=latencies, packages=PACKAGES)
    scale = 1 / speed if speed else TIME_SCALE
    with EmulatorServer(world) as server:
        night = WholeNight(folder, server, key_pair.private_key, steps=STEPS)
        (folder / "scripts/seed.py").write_text("print('ready')\n", encoding="utf-8")
        if has_own_app:
            night.has_external_app()
            night.login_app("deployed")
        night.write_pool(size=orgs)
        marks, config = _Marks(world), night.config()
        ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
        try:
            result = build(config, ["sample"], ledger, marks, Options(time_scale=scale))
        finally:
            ledger.close()
        assert len(result.built) == orgs, marks.messages
        sent = Counter(
            step
            for org in result.built
            for step in _steps_of(world, org.org_id, marks.starts[org.username])
        )
        return [*_counts(sent, orgs, has_own_app)], result


def _steps_of(world: World, org_id: str, starts: Sequence[tuple[int, int]]) -> Iterator[int]:
    """The position of the step that sent each request of an org."""
    for entry in world.log.entries():
        if entry.org == org_id:
            yield max((last, step) for last, step in starts if last < entry.number)[1]


def _counts(sent: Counter[int], orgs: int, has_own_app: bool) -> Iterator[Count]:
    assert set(sent) <= set(range(1, len(FEWEST) + 1)), sent
    for position, (step, parts) in enumerate(FEWEST, 1):
        own = {**LOGIN_APP, **parts} if has_own_app and position == 1 else parts
        yield Count(step, sent[position], orgs * sum(own.values()), own)
