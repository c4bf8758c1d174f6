"""A builder freezes, and continues after another one has taken its pools over."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

from provisioner.emulator.holds import Hold
from provisioner.ledger.base import State
from tests.proof.builders.sizes import SILENT
from tests.proof.builders.stage import RESUMES, TAKES_OVER, Builder, Stage
from tests.proof.disturbances import FREEZE_FILE, frozen_before

WRITES = ("ScratchOrgInfo", "deployRequest", "composite/tree", "executeAnonymous")
"""Parts of the addresses of requests."""


def freeze(stage: Stage) -> Iterator[str]:
    """SIGSTOP of one builder while a request of it is on the way; the request arrives after the
    take-over, and the builder continues then or later."""
    stage.before = SILENT.program()
    stage.start_all()
    victim = stage.victim()
    stage.wait_for_orgs(victim, count := stage.draw_orgs(victim))
    victim, hold = _held(stage, victim)
    victim.running.process.send_signal(signal.SIGSTOP)
    stage.story.append(
        f"builder {victim.number} frozen with {count} orgs at {hold.route if hold else 'its end'}"
    )
    yield from _continued_late(stage, victim)


def suspend(stage: Stage) -> Iterator[str]:
    """One builder freezes when it is about to send a request that changes something, as a virtual
    machine may; it continues after the take-over."""
    victim, request = stage.victim(), stage.random.choice(WRITES)
    victim.before = frozen_before(request)
    stage.before = SILENT.program()
    stage.start_all()
    stage.wait_for_orgs(victim, count := stage.draw_orgs(victim))
    (victim.site.night.folder / FREEZE_FILE).touch()
    stage.wait_until(lambda: victim.is_frozen or victim.is_over, "the builder freezes")
    stage.story.append(
        f"builder {victim.number} frozen with {count} orgs before it sends {request}"
        if victim.is_frozen
        else f"builder {victim.number} has ended without a further {request}"
    )
    yield from _continued_late(stage, victim)


def _continued_late(stage: Stage, victim: Builder) -> Iterator[str]:
    """A standby takes over; then what was held arrives, and the frozen victim continues."""
    standby, holds = stage.standby(victim), victim.site.night.world.holds
    if stage.wait_until_said(standby, TAKES_OVER):
        late = stage.pause(SILENT.late_call)
        holds.release()
        resumes = stage.random.choice(["at once", "after the adoption", "at the end"])
        if resumes == "after the adoption":
            stage.wait_until_said(standby, RESUMES)
            stage.pause(1.0)
        elif resumes == "at the end":
            stage.end(f"standby {standby.number}", standby)
        stage.story.append(f"{late:.1f} s after the take-over; continues {resumes}")
    holds.release()
    victim.running.process.send_signal(signal.SIGCONT)
    yield from stage.lost_or_done(victim)
    yield from stage.all_end(but=[victim])


def _held(stage: Stage, victim: Builder) -> tuple[Builder, Hold | None]:
    """A request that the emulator holds, before or after it has acted; and whose it is: that of the
    victim, unless it is a sign-up, which may be of another builder."""
    (site,), at = stage.sites, stage.random.choice(["before", "after"])
    if stage.random.random() < 0.3 and (found := _held_sign_up(stage, at)):
        return found
    while not victim.is_over:
        orgs = [org for org in stage.rows(victim) if org.state is State.BUILDING and org.org_id]
        faults = [site.night.fault({"org": o.org_id}, {"do": "hold", "at": at}) for o in orgs]
        held = site.night.world.holds.current(wait=0.3)
        for fault in faults:
            site.night.world.faults.remove(fault)
        if held:
            return victim, held[0]
    return victim, None


def _held_sign_up(stage: Stage, at: str) -> tuple[Builder, Hold] | None:
    """The next sign-up, and the builder whose row stays without an answer."""
    (site,) = stage.sites
    fault = site.night.fault({"route": "sobjects.create", "org": "hub"}, {"do": "hold", "at": at})
    held = site.night.world.holds.current(wait=1.0)
    site.night.world.faults.remove(fault)
    waiting: set[str] = set()
    while held:
        before = waiting
        intended = {
            org.username: builder
            for builder in stage.builders
            for org in stage.rows(builder)
            if org.state is State.INTENDED
        }
        waiting = {*intended}
        if len(same := before & waiting) == 1:
            return intended[same.pop()], held[0]
        time.sleep(0.5)  # the others have their answers by then
    return None
