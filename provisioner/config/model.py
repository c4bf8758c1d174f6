"""The contents of `pool.yaml` as frozen dataclasses; nothing reads the YAML after these exist.

The reader checks the file by their declarations, and `provisioner schema` prints them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from provisioner.config.agents import Agents
from provisioner.config.hub import ConnectedApp, DevHub, ScratchApp
from provisioner.config.notify import Notify
from provisioner.config.personas import persona_findings
from provisioner.config.pool_deadline import PoolDeadline
from provisioner.config.portion import Portion
from provisioner.config.quotas import quota_findings
from provisioner.config.rehearsal import Rehearsal
from provisioner.config.rules import ledger_rule
from provisioner.config.server import Roles, Server, unknown_pools
from provisioner.config.snapshot_marker import marker_findings
from provisioner.config.step_entry import StepEntry, wrong_definitions
from provisioner.config.team import Team, team_findings
from provisioner.declare.options import Finding, option
from provisioner.ledger.facts import subject_of

if TYPE_CHECKING:
    from provisioner.errors import Problem

__all__ = [
    "POOL_NAME",
    "ConnectedApp",
    "Definition",
    "DevHub",
    "Limits",
    "Pool",
    "PoolFile",
    "Rehearsal",
    "ScratchApp",
    "StepEntry",
]

POOL_NAME = r"[a-z][a-z0-9-]{0,29}"
"""A pool name is the first part of the usernames of its orgs, before a short unique part."""

NAME_IN_WORDS = (
    "a name of at most 30 lower-case letters, digits and hyphens that starts with a letter"
)

LONGEST_LIFE = 31 * 86_400
"""Seconds after which a scratch org has expired, whatever its row says: it lives 30 days."""

DEFAULT_PROVE_AFTER = timedelta(hours=4)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of the Dev Hub's limits the pools may use."""

    concurrent_signups: int = option(
        "sign-ups in progress at the same time", default=10, minimum=1, maximum=100
    )
    keep_daily: int = option(
        "daily sign-ups that are left to people", default=0, minimum=0, maximum=10_000
    )
    keep_active: int = option(
        "active scratch orgs that are left to people", default=0, minimum=0, maximum=10_000
    )


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A scratch org definition file, as the Salesforce CLI takes it, and its share of the pool."""

    shorthand: ClassVar[str] = "file"

    file: Path = option(
        "the scratch org definition", path="file", example="config/project-scratch-def.json"
    )
    weight: int = option(
        "its share of the pool's orgs, relative to the other definitions",
        default=1,
        minimum=1,
        maximum=1000,
    )
    namespace: bool = option(
        "whether the sign-up uses the namespace of sfdx-project.json if the definition has none",
        default=True,
    )
    content: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The definition as it is sent, with its namespace."""

    @property
    def name(self) -> str:
        """The file as pool.yaml names it: the definition's name in the ledger and in reports."""
        return self.file.as_posix()


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A pool of scratch orgs with the same content.

    After a reading with `need="hub_and_ledger"`, only `name`, `size`, `reuse`, `prove_after`,
    `teams` and `roles` are set; definitions and steps are empty.
    """

    name: str
    size: int = option("available orgs wanted", minimum=0, maximum=1000, example=3)
    maximum: int | None = option(
        "the most available, claimed and unfinished orgs together",
        default=None,
        minimum=0,
        maximum=10_000,
    )
    duration_days: int = option(
        "how long the orgs live, from their sign-up", default=7, minimum=1, maximum=30
    )
    refresh_after: timedelta | None = option(
        "an unclaimed org older than this is replaced", default=None, minimum=600, example="20h"
    )
    prove_after: timedelta = option(
        "an org verified longer ago than this is verified again when it is claimed",
        default=DEFAULT_PROVE_AFTER,
        minimum=0,
    )
    sign_up_timeout: timedelta = option(
        "how long a sign-up may take before the org counts as failed",
        default=timedelta(hours=1),
        minimum=1,
        maximum=86_400,
        example="30m",
    )
    replacements: int = option(
        "extra sign-ups per build, to replace failed orgs",
        default=2,
        minimum=0,
        maximum=1000,
    )
    canary: bool = option(
        "the first org of a new fingerprint is built alone (more than 3 to build)", default=True
    )
    swap: Portion = option(
        "how many orgs, or what share of the pool, may be missing at a time while old orgs make "
        "room for new ones",
        default=Portion(10, is_share=True),
        example="20%",
    )
    deadline: PoolDeadline | None = option(
        "when orgs must be available; the build warns as soon as that is not expected",
        default=None,
    )
    reuse: bool = option("whether a released org may go back into the pool", default=False)
    teams: Mapping[str, Team] = option(
        "the shares of teams in the pool, by the name of the team",
        default_factory=dict,
        pattern=POOL_NAME,
        expects=NAME_IN_WORDS,
    )
    roles: Roles | None = option(
        "what groups may do with this pool by `serve`, in place of server.roles", default=None
    )
    definitions: tuple[Definition, ...] = option(
        "the scratch org definitions; the orgs are distributed by weight",
        minimum=1,
        example=("config/project-scratch-def.json",),
    )
    steps: tuple[StepEntry, ...] = option("what is done in each org, in this order", default=())

    def check(self, directory: Path) -> Iterable[Finding]:  # noqa: ARG002 - the contract
        """Report values that contradict each other."""
        yield from quota_findings(self)
        yield from team_findings(self.teams, self.size)
        wanted = self.deadline and self.deadline.available
        if wanted and wanted > self.size:
            yield Finding("deadline.available", f"is more than size; write at most {self.size}")
        names = [definition.name for definition in self.definitions]
        for index, name in enumerate(names):
            if name in names[:index]:
                message = f"{name} is listed twice; list it once, with a weight"
                yield Finding(f"definitions.{index}", message)
        for step, index, message in wrong_definitions(self.steps, names):
            yield Finding(f"steps.{step}.when.definition.{index}", message)
        yield from persona_findings([entry.step for entry in self.steps])
        yield from marker_findings(self.steps, self.definitions)

    def steps_of(self, definition: str) -> tuple[StepEntry, ...]:
        """The steps of the orgs of a definition."""
        return tuple(entry for entry in self.steps if entry.runs_in(definition))

    def definition(self, name: str) -> Mapping[str, Any]:
        """The content of the org definition that a row of the ledger names."""
        return next(d.content for d in self.definitions if d.name == name)


@dataclass(frozen=True, kw_only=True)
class PoolFile:
    """All of `pool.yaml`."""

    path: Path
    dev_hub: DevHub = option("the Dev Hub, and the app that logs in to it")
    scratch_app: ScratchApp | None = option(
        "a second connected app of the Dev Hub; its key logs in to the orgs, not to the Dev Hub",
        default=None,
    )
    project: str = option(
        "the name that marks the orgs of this pool.yaml on the Dev Hub, so that they can be "
        "found if "
        "the ledger is lost; it must differ from the name of any other pool.yaml",
        default="",
        pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{2,63}",
        expects="3 to 64 letters, digits, dots, underscores or hyphens",
        example="acme-pools-7f3k2q",
    )
    ledger: str = option(
        "where the state of the pools is kept",
        default="sqlite:///.provisioner/ledger.db",
        rule=ledger_rule,
        repr=False,  # the URL of a database may hold its password
    )
    keep_history: timedelta | None = option(
        "how long deleted orgs and past builds stay in the ledger; by default 90d, with the ledger "
        "devhub 7d and 30d",
        default=None,
        minimum=LONGEST_LIFE,
        example="90d",
    )
    limits: Limits = option("quota reserved for people", default=Limits())
    notify: Notify | None = option("who is notified of the end of a build", default=None)
    rehearsal: Rehearsal = option("what `rehearse` assumes about its orgs", default=Rehearsal())
    server: Server | None = option("what `serve` offers, and to whom", default=None)
    mcp: Agents | None = option("what `mcp` allows to coding agents", default=None)
    pools: Mapping[str, Pool] = option(
        "the pools, by name",
        default_factory=dict,
        pattern=POOL_NAME,
        expects=NAME_IN_WORDS,
    )
    warnings: tuple[Problem, ...] = ()
    secret_variables: frozenset[str] = frozenset()
    """The environment variables that hold the secrets."""
    time_scale: float = 1.0
    """The factor on all waits of a build: less than 1 while a fast emulator is the Dev Hub."""

    def check(self, directory: Path) -> Iterable[Finding]:  # noqa: ARG002 - the contract
        """Report names of pools that do not exist."""
        yield from unknown_pools(self.server, self.mcp, self.pools)

    @property
    def directory(self) -> Path:
        """The folder of pool.yaml: relative paths start here."""
        return self.path.parent

    @property
    def consumer_app(self) -> ConnectedApp:
        """The app whose key logs in to the scratch orgs."""
        return self.scratch_app or self.dev_hub

    @property
    def facts_subject(self) -> str:
        """What the ledger's facts of the Dev Hub are about: this user of it, and this app."""
        return subject_of(self.dev_hub.username, self.consumer_app.consumer_key)
