"""Several builders on one PostgreSQL ledger: their pools, their processes, and how far they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from provisioner.ledger.base import LIVE, Org, State
from provisioner.ledger.postgresql.session_locks import LOCK_OF_BUILDERS
from tests.builder.night import STEPS
from tests.ledger.postgresql_server import Server
from tests.proof.builders.network import Network
from tests.proof.builders.sign_up_count import SignUpCount
from tests.proof.builders.sizes import Size
from tests.proof.ledgers import Readable
from tests.proof.processes import Ended, Process
from tests.proof.whole_night import WholeNight

TIMEOUT = 240.0  # seconds without the expected event, after which a case counts as hanging
LOST = 2  # exit code of a builder that has lost its lock
TAKES_OVER = "did not end cleanly"
RESUMES = "that an earlier build did not finish"

_LOCK = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
    "AND (classid::bigint << 32 | objid::bigint) = "
    "hashtextextended(current_schema() || ' {pool}', {seed})"
)


@dataclass
class Site:
    """One Dev Hub, the folder of its pool.yaml, and the pools in it."""

    night: WholeNight
    pools: tuple[str, ...]
    sign_ups: SignUpCount = field(init=False)

    def __post_init__(self) -> None:
        hub = self.night.world.hub
        hub.signups = self.sign_ups = SignUpCount(hub)

    def write(self, size: Size, *, keep: int = 0) -> None:
        """Write pool.yaml; `keep` is kept for people of both limits."""
        top = (
            f"project: acme-proof\nlimits: {{ concurrent_signups: {size.slots}, "
            f"keep_daily: {keep}, keep_active: {keep} }}\n"
        )
        self.night.write_pool(size=size.each, top=top, steps=STEPS, pool="canary: false\n")
        path = self.night.folder / "pool.yaml"
        head, name, sample = path.read_text("utf-8").partition("  sample:\n")
        assert name
        pools = "".join(f"  {pool}:\n{sample}" for pool in self.pools)
        path.write_text(head + pools, encoding="utf-8")


@dataclass
class Builder:
    """One build process and its pools."""

    number: int
    site: Site
    pools: tuple[str, ...]
    before: str = ""  # Python that its process runs first
    options: tuple[str, ...] = ()
    process: Process | None = None

    @property
    def running(self) -> Process:
        """Its process, which has been started."""
        assert self.process is not None
        return self.process

    @property
    def is_over(self) -> bool:
        """Whether its process has ended."""
        return self.running.process.poll() is not None

    @property
    def is_frozen(self) -> bool:
        """Whether its process is stopped: field 3 of its stat (proc(5))."""
        with suppress(OSError):
            stat = Path(f"/proc/{self.running.process.pid}/stat").read_text(encoding="utf-8")
            return stat.rpartition(")")[2].split()[0] == "T"
        return False


class StuckError(AssertionError):
    """What a scenario waits for does not happen."""


class Stage:
    """The builders of one case."""

    def __init__(
        self, size: Size, seed: str, sites: Sequence[Site], server: Server, database: str
    ) -> None:
        self.size = size
        self.random = Random(seed)
        self.sites = sites
        self.server = server
        self.database = database
        self.story: list[str] = []
        self.ended: dict[str, Ended] = {}
        self.before = ""  # Python that each process runs first
        self.cable: Network | None = None  # to another host, for a builder that runs there
        self.builders = list(self._builders())
        self._standbys: list[Builder] = []
        self._started_at = self._ended_at = time.monotonic()

    def _builders(self) -> Iterator[Builder]:
        per_site = self.size.builders // len(self.sites)
        for index in range(self.size.builders):
            site = self.sites[index // per_site]
            yield Builder(index + 1, site, site.pools[index % per_site :: per_site])

    @property
    def seconds(self) -> float:
        """From the start of the first builder to the end of the last."""
        return self._ended_at - self._started_at

    # --- processes ----------------------------------------------------------------------------

    def start_all(self) -> None:
        """Start each builder."""
        self._started_at = time.monotonic()
        for builder in self.builders:
            self.start(builder)

    def start(self, builder: Builder) -> None:
        """Start `build` of its pools."""
        scale = ("--time-scale", self.size.time_scale)
        before = self.before + builder.before
        arguments = (*builder.options, "build", *builder.pools, *scale)
        builder.process = Process(builder.site.night, *arguments, before=before)

    def standby(self, of: Builder) -> Builder:
        """Start a build of the same pools that waits for the other one."""
        made = Builder(of.number, of.site, of.pools)
        self._standbys.append(made)
        scale = ("--time-scale", self.size.time_scale)
        arguments = ("build", *made.pools, "--wait", *scale)
        made.process = Process(made.site.night, *arguments, before=self.before)
        return made

    def all_end(
        self, *, codes: Collection[int] = (0,), but: Collection[Builder] = ()
    ) -> Iterator[str]:
        """Wait for the end of all; those with another exit code. `but` are checked elsewhere."""
        for builder in (*self.builders, *self._standbys):
            kind = "standby" if builder in self._standbys else "builder"
            ended = self.end(f"{kind} {builder.number}", builder)
            if builder not in but and ended.code not in codes:
                yield f"{kind} {builder.number} exits with {ended.code}: {ended.err[-1500:]}"

    def lost_or_done(self, victim: Builder) -> Iterator[str]:
        """The victim ends, and says that it has lost its lock unless it was done before."""
        ended = self.end(f"builder {victim.number}", victim)
        is_lost = ended.code == LOST and "has lost its lock" in ended.err
        if ended.code != 0 and not is_lost:
            yield f"builder {victim.number} exits with {ended.code}: {ended.err[-1500:]}"

    def end(self, name: str, builder: Builder) -> Ended:
        """Wait for the end of a process."""
        if name not in self.ended:
            self.ended[name] = builder.running.end(TIMEOUT)
            self._ended_at = time.monotonic()
        return self.ended[name]

    def stop_all(self) -> None:
        """Leave no process behind."""
        for builder in (*self.builders, *self._standbys):
            if builder.process is not None:
                builder.process.process.kill()
                with suppress(AssertionError):
                    builder.process.end()

    # --- moments ------------------------------------------------------------------------------

    def victim(self) -> Builder:
        """One of the builders."""
        return self.random.choice(self.builders)

    def draw_orgs(self, builder: Builder) -> int:
        """A moment, as a number of orgs of this builder that are available."""
        return self.random.randrange(len(builder.pools) * self.size.each)

    def wait_for_orgs(self, builder: Builder, count: int) -> None:
        """Wait until it has so many available orgs, and at least one row; or has ended."""

        def is_so_far() -> bool:
            found = self.rows(builder)
            available = sum(org.state is State.AVAILABLE for org in found)
            return builder.is_over or (bool(found) and available >= count)

        self.wait_until(is_so_far, f"builder {builder.number} has {count} orgs")

    def wait_until_said(self, builder: Builder, text: str) -> bool:
        """Wait until it has said this on stderr; False if it has ended without it."""
        self.wait_until(
            lambda: text in builder.running.said("err") or builder.is_over, f"{text!r} is said"
        )
        return text in builder.running.said("err")

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for what processes cause. Raises StuckError."""
        end = time.monotonic() + TIMEOUT
        while not condition():
            if time.monotonic() > end:
                said = [b.running.said("err")[-800:] for b in (*self.builders, *self._standbys)]
                raise StuckError(f"it never happens that {what}; {said}")
            time.sleep(0.05)

    def pause(self, longest: float) -> float:
        """Let a drawn time pass, up to so many seconds."""
        seconds = self.random.uniform(0.0, longest)
        time.sleep(seconds)
        return seconds

    # --- ledger -------------------------------------------------------------------------------

    def ledger(self, site: Site) -> AbstractContextManager[Readable | None]:
        """The ledger, which all sites share."""
        return site.night.ledger.read(site.night)

    def rows(self, builder: Builder) -> list[Org]:
        """The rows of its pools."""
        with self.ledger(builder.site) as ledger:
            found = ledger.orgs(states=LIVE) if ledger else []
        return [org for org in found if org.pool in builder.pools]

    def lock_session(self, builder: Builder) -> int | None:
        """The process id of the server's session in which a builder holds its locks."""
        text = _LOCK.format(pool=builder.pools[0], seed=LOCK_OF_BUILDERS)
        found = self.server.sql(text, database=self.database)
        return int(found[0][0]) if found else None
