"""What all parts of one build share."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.builder.circuit_breaker import CircuitBreaker
from provisioner.builder.history import PastBuilds
from provisioner.builder.lifecycle import OrgLifecycle
from provisioner.builder.poll_times import PollTimes
from provisioner.builder.progress import BuildProgress
from provisioner.builder.reporter import Reporter
from provisioner.builder.scheduler import Scheduler
from provisioner.ledger.base import Ledger, Run
from provisioner.ledger.facts import HubFacts
from provisioner.ledger.past_orgs import PastOrgs
from provisioner.ledger.sqlite.address import path_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from provisioner.builder.connections import Connections
    from provisioner.builder.org_inputs import OrgInputs
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Org


@dataclass(frozen=True)
class Options:
    """How a build is carried out."""

    keep_failed: bool = False
    retry: str = ""  # the username of a failed org: only it is continued
    wait: bool = False  # for the build that holds the ledger
    time_scale: float = 1.0  # factor on all waits; a rehearsal on a fast emulator makes it small
    seed: int | None = None  # of the jitter
    forecasts: bool = False  # whether the observer shows when the build is expected to end


@dataclass(frozen=True)
class BuildContext:
    """Shared by the jobs of one build; its parts are safe to use from any of them."""

    config: PoolFile
    ledger: Ledger
    connections: Connections
    scheduler: Scheduler
    run: Run
    reporter: Reporter
    lifecycle: OrgLifecycle
    options: Options
    circuit_breaker: CircuitBreaker
    past: PastBuilds
    poll_times: PollTimes
    past_orgs: PastOrgs = field(default_factory=PastOrgs)  # of the ledger, when the build started
    facts: HubFacts = field(default_factory=HubFacts)  # of the Dev Hub, when the build started
    progress: BuildProgress = field(default_factory=BuildProgress)
    contents: dict[str, Any] = field(default_factory=dict)  # by fingerprint, for the manifest
    inputs: dict[str, OrgInputs] = field(default_factory=dict)
    """By fingerprint, of the orgs that this build creates or resumes."""
    random: random.Random = field(default_factory=random.Random)

    @property
    def lock(self) -> threading.RLock:
        """The build's lock, for memory only: see BuildProgress."""
        return self.progress.lock

    def output(self, org: Org) -> Path:
        """The beginning of the paths of files that the org's current step writes for people.

        They are beside a ledger in a file, else in `.provisioner` beside pool.yaml.
        """
        folder = self.config.directory / ".provisioner"
        if self.config.ledger.startswith("sqlite:"):
            folder = path_of(self.config.ledger, self.config.directory).parent
        return folder / f"{org.run}-{org.username}-step{org.step + 1}"

    def now(self) -> datetime:
        """The time that rows are dated and compared with; it does not jump during a build."""
        return self.connections.clock.now()

    def wait(self, seconds: float) -> float:
        """`seconds` at this build's time scale, varied by a tenth either way."""
        return self.varied(seconds * self.options.time_scale)

    def varied(self, seconds: float) -> float:
        """`seconds` of the clock on the wall, varied by a tenth either way."""
        jitter: float = self.random.uniform(0.9, 1.1)
        return max(0.01, seconds * jitter)
