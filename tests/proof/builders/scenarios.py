"""What happens to builders: one generator for each scenario, which names what went wrong meanwhile.

The seed draws the victim and the moment. In the end no process runs any more; `nights.carry_out`
then runs the final build, and the judge.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping

from provisioner.emulator.world import Limits
from tests.ledger.pooler import pooled
from tests.proof.builders.frozen import freeze, suspend
from tests.proof.builders.judge import limits_kept
from tests.proof.builders.sizes import KEPT, SILENT
from tests.proof.builders.stage import TAKES_OVER, Stage

Scenario = Callable[[Stage], Iterator[str]]


def undisturbed(stage: Stage) -> Iterator[str]:
    """Nothing happens."""
    stage.before = KEPT.program()
    stage.start_all()
    yield from stage.all_end()


def kill(stage: Stage) -> Iterator[str]:
    """kill -9 of one builder; a standby, which waits already or comes later, takes its pools."""
    stage.before = KEPT.program()
    stage.start_all()
    victim, waits = stage.victim(), stage.random.random() < 0.5
    count = stage.draw_orgs(victim)
    stage.wait_for_orgs(victim, 0)
    if waits:
        stage.standby(victim)
    stage.wait_for_orgs(victim, count)
    victim.running.process.kill()
    stage.story.append(
        f"builder {victim.number} killed with {count} orgs, standby {'waits' if waits else 'later'}"
    )
    if not waits:
        stage.standby(victim)
    for builder in stage.builders:
        ended = stage.end(f"builder {builder.number}", builder)
        if ended.code != 0 and (builder is not victim or ended.code != -signal.SIGKILL):
            yield f"builder {builder.number} exits with {ended.code}: {ended.err[-1500:]}"
    yield from stage.all_end(but=stage.builders)


def cut(stage: Stage) -> Iterator[str]:
    """One builder is on another host, whose network is cut: for a moment, or until after the
    take-over by a standby."""
    victim, cable = stage.victim(), stage.cable
    assert cable is not None
    victim.before = cable.program
    stage.before = SILENT.program()
    stage.start_all()
    stage.wait_for_orgs(victim, count := stage.draw_orgs(victim))
    cable.cut()
    story = f"builder {victim.number} cut off with {count} orgs"
    if stage.random.random() < 0.3:
        story += f" for {stage.pause(SILENT.deadline / 2):.1f} s"
    else:
        standby = stage.standby(victim)
        if stage.wait_until_said(standby, TAKES_OVER):
            story += f" until {stage.pause(SILENT.late_call / 2):.1f} s after the take-over"
    cable.heal()
    stage.story.append(story)
    yield from stage.lost_or_done(victim)
    yield from stage.all_end(but=[victim])


def terminate(stage: Stage) -> Iterator[str]:
    """pg_terminate_backend of the session in which one builder holds its locks, up to three times;
    perhaps a standby waits for them."""
    stage.before = SILENT.program()
    stage.start_all()
    victim, waits = stage.victim(), stage.random.random() < 0.5
    stage.wait_for_orgs(victim, 0)
    if waits:
        stage.standby(victim)
    times = stage.random.randint(1, 3)
    ended = []
    for count in sorted(stage.draw_orgs(victim) for _ in range(times)):
        stage.wait_for_orgs(victim, count)
        if (pid := stage.lock_session(victim)) is not None and not victim.is_over:
            stage.server.sql(f"SELECT pg_terminate_backend({pid})", database=stage.database)
            ended.append(str(count))
    stage.story.append(
        f"session of builder {victim.number} ended with {', '.join(ended) or 'no'} orgs"
        f"{', a standby waits' if waits else ''}"
    )
    yield from stage.lost_or_done(victim)
    yield from stage.all_end(but=[victim])


def restart(stage: Stage) -> Iterator[str]:
    """PostgreSQL is restarted (fast): each builder takes its locks again, and continues."""
    yield from _restarted(stage, gently=True)


def crash(stage: Stage) -> Iterator[str]:
    """PostgreSQL is stopped at once (immediate), and recovers: each builder continues."""
    yield from _restarted(stage, gently=False)


def _restarted(stage: Stage, *, gently: bool) -> Iterator[str]:
    stage.before = KEPT.program()
    stage.start_all()
    witness = stage.victim()
    stage.wait_for_orgs(witness, count := stage.draw_orgs(witness))
    stage.server.stop(gently=gently)
    seconds = stage.pause(3.0)
    stage.server.start()
    stage.story.append(
        f"server down for {seconds:.1f} s when builder {witness.number} had {count} orgs"
    )
    yield from stage.all_end()


def pooler(stage: Stage) -> Iterator[str]:
    """A transaction pooler between one builder and PostgreSQL: refused before it locks anything,
    while the others build; then it starts again without the pooler."""
    stage.before = KEPT.program()
    victim, ignored = stage.victim(), stage.random.choice(["", "options"])
    file = victim.site.night.folder / "pool.yaml"
    with pooled(stage.server, stage.database, "transaction", ignored) as between:
        text = file.read_text("utf-8")
        through = file.with_name("pooled.yaml")
        through.write_text(text.replace(victim.site.night.ledger.url, between.url), "utf-8")
        victim.options = ("--config", through.name)
        stage.start_all()
        refused = victim.running.end()
    stage.story.append(f"builder {victim.number} through a pooler, ignored: {ignored or 'nothing'}")
    stage.ended["builder through the pooler"] = refused
    if refused.code != 2 or "connection pooler that shares sessions" not in refused.err:
        yield f"through a pooler: exit {refused.code}: {refused.err[-1500:]}"
    if stage.rows(victim):
        yield "a builder that was refused has signed up orgs"
    victim.options = ()
    stage.start(victim)
    yield from stage.all_end()


def hubs(stage: Stage) -> Iterator[str]:
    """The builders of two Dev Hubs on one ledger, each with its own limits; one is killed."""
    yield from kill(stage)


def allowance(stage: Stage) -> Iterator[str]:
    """The Dev Hub allows three quarters of the orgs: they are built, the others are not tried."""
    (site,) = stage.sites
    kind, keep = stage.random.choice(["daily", "active"]), stage.random.choice([0, 0, 1, 5])
    most = stage.size.orgs * 3 // 4
    before = site.night.world.limits
    limits = {"daily": before.daily, "active": before.active, kind: most + keep}
    site.night.world.limits = Limits(**limits)
    site.write(stage.size, keep=keep)
    stage.before = KEPT.program()
    stage.start_all()
    stage.story.append(f"{kind} limit of {most} orgs, and {keep} for people")
    yield from stage.all_end(codes=(0, 4))
    if not any(ended.code == 4 for ended in stage.ended.values()):
        yield "no builder reports the limit"
    yield from limits_kept(stage, site, keep=keep)
    if (built := len(site.night.hub_rows("ScratchOrgInfo"))) != most:
        yield f"{built} orgs were signed up where {most} are allowed"
    site.night.world.limits = before
    site.write(stage.size)


SCENARIOS: Mapping[str, Scenario] = {
    "kill": kill,
    "freeze": freeze,
    "suspend": suspend,
    "cut": cut,
    "terminate": terminate,
    "restart": restart,
    "crash": crash,
    "pooler": pooler,
    "hubs": hubs,
    "allowance": allowance,
}
