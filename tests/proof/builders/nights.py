"""One case: builders start, a scenario disturbs them, and what it leaves is finished and judged."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioner.emulator.keys import KeyPair
from provisioner.emulator.world import Limits
from tests.builder.night import STEPS
from tests.ledger import postgresql_server
from tests.proof import processes
from tests.proof.builders.judge import judge
from tests.proof.builders.network import network
from tests.proof.builders.scenarios import SCENARIOS, undisturbed
from tests.proof.builders.sizes import Size
from tests.proof.builders.stage import Site, Stage
from tests.proof.contents import Complete
from tests.proof.ledgers import PostgresqlProof
from tests.proof.whole_night import whole_night

UNDISTURBED = "undisturbed"


@dataclass(frozen=True)
class Case:
    """A scenario, and the seed that draws its victim and its moment."""

    scenario: str
    seed: int
    size: Size


@dataclass(frozen=True)
class Verdict:
    """What came of one case."""

    case: Case
    story: str  # what was drawn
    seconds: float  # from the start of the first builder to the end of the last
    codes: tuple[int, ...]  # of the builders and standbys
    most_at_once: int  # sign-ups of one Dev Hub in progress
    replaced: int  # orgs beyond those wanted
    violations: tuple[str, ...]


def carry_out(
    case: Case, key_pair: KeyPair, whole: Complete, server: postgresql_server.Server | None = None
) -> Verdict:
    """Run a case on a PostgreSQL server of its own, unless another is given."""
    scenario = SCENARIOS.get(case.scenario, undisturbed)
    violations: list[str] = []
    with _stage(case, key_pair, server) as stage:
        try:
            violations += scenario(stage)
            codes = tuple(ended.code for ended in stage.ended.values())
            violations += [*_finished(stage), *judge(stage, whole)]
        except Exception:  # noqa: BLE001 - other cases are running, and their results count
            violations.append(f"the case ended early: {traceback.format_exc()}")
            codes = ()
        sign_ups = sum(len(site.night.hub_rows("ScratchOrgInfo")) for site in stage.sites)
        return Verdict(
            case,
            "; ".join(stage.story),
            stage.seconds,
            codes,
            max(site.sign_ups.most_at_once for site in stage.sites),
            sign_ups - case.size.orgs,
            tuple(violations),
        )


def _finished(stage: Stage) -> Iterator[str]:
    """The disturbance is over: `reap` and one build must put all in order."""
    build = ("build", "--json", "--time-scale", stage.size.time_scale)
    for site in stage.sites:
        for number, command in enumerate((("reap", "--json"), build, ("reap", "--json"))):
            ended = processes.run(site.night, *command)
            stage.ended[f"{command[0]} {number} of {site.pools[0]}"] = ended
            if ended.code != 0:
                text = ended.err[-1500:]
                yield f"{command[0]} after the disturbance exits with {ended.code}: {text}"


@contextmanager
def _stage(
    case: Case, key_pair: KeyPair, server: postgresql_server.Server | None
) -> Iterator[Stage]:
    """The builders of a case, and all that they need."""
    size, hubs = case.size, 2 if case.scenario == "hubs" else 1
    with ExitStack() as stack:
        own = server or stack.enter_context(postgresql_server.server())
        cable = stack.enter_context(network()) if case.scenario == "cut" else None
        if cable is not None:
            own.listen(cable.address)
        ledger = PostgresqlProof(own, **({"host": cable.address} if cable else {}))
        pools = [f"pool{number + 1}" for number in range(size.pools)]
        sites = []
        for number in range(hubs):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="builders-")))
            night = stack.enter_context(
                whole_night(
                    folder,
                    key_pair,
                    ledger=ledger,
                    seed=2 * case.seed + number,
                    speed=size.speed,
                    steps=STEPS,
                )
            )
            night.world.limits = Limits(active=2 * size.orgs, daily=2 * size.orgs)
            each = size.pools // hubs
            site = Site(night, tuple(pools[number * each : (number + 1) * each]))
            site.write(size)
            sites.append(site)
        stage = Stage(size, f"builders {case.scenario} {case.seed}", sites, own, ledger.database)
        stage.cable = cable
        stack.callback(stage.stop_all)
        stack.callback(lambda: [site.night.world.holds.release() for site in sites])
        yield stage
