"""Kill at each call: a command is killed at one request, the next must lose and repeat nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.builder.first_logins import has_first_session
from provisioner.builder.lost_sessions import WHY
from provisioner.builder.outcomes import reason_of
from provisioner.emulator.keys import KeyPair
from provisioner.ledger.base import Org, State
from provisioner.salesforce.signup_status import SignUpStatus
from provisioner.steps.run_apex import ScriptSent
from provisioner.steps.run_command import CommandStarted
from provisioner.upkeep.probes import REASON
from tests.proof import processes
from tests.proof.contents import Complete, complete
from tests.proof.processes import Ended, Process
from tests.proof.scenes import BUILD, SCENES, SIZE
from tests.proof.truth import crashes, doubles, leaks, ledger_of, rows, unfit, unfull
from tests.proof.whole_night import WholeNight, whole_night

Run = Callable[..., Ended]  # a night, and the arguments of a command
BEFORE, AFTER = "before", "after"
LONG = 3600.0  # seconds of the emulator: 1.2 s of the test
NOT_COPIED = reason_of(SignUpStatus("", "", "Error", "C-1016", "", "", "", None))
IN_DOUBT = "it is unknown whether"
REPLACED_ON_DOUBT = ("run_apex", "load_data", "run_command")  # as their docstrings say


@dataclass(frozen=True)
class Kill:
    """The request at which a command is killed; whether the emulator has executed it by then."""

    number: int  # of the command's requests, or of those of `route`
    at: str
    concurrent: int = SIZE  # sign-ups at once
    seed: int = 0
    route: str = ""
    scene: str = "build"
    slow: str = ""  # an operation that outlives the killed build
    ledger: str = "sqlite"

    def __str__(self) -> str:
        kind = f"{self.route} " if self.route else "request "
        where = f"({self.concurrent} at once, {self.ledger})"
        return f"{self.scene} {self.at} {kind}{self.number} {where}"

    @property
    def criteria(self) -> dict[str, Any]:
        """The request, as the emulator's faults name it."""
        org = SCENES[self.scene].org
        more = {"route": self.route, "org": org}
        return {"nth": self.number, **{key: value for key, value in more.items() if value}}


@dataclass(frozen=True)
class Verdict:
    """What came of one kill; `place` is the request, "" when the command ended before it."""

    kill: Kill
    place: str
    spare: int  # sign-ups beyond those of an undisturbed night
    in_doubt: int  # orgs of which nobody could know whether a step had happened
    violations: tuple[str, ...]


def cases(scene: str, requests: range, seed: int = 0, ledger: str = "sqlite") -> Iterator[Kill]:
    """Both series over these requests, with one, two and three sign-ups at once in turn."""
    for number in requests:
        for at in (BEFORE, AFTER):
            yield Kill(number, at, 1 + number % SIZE, seed, scene=scene, ledger=ledger)


def undisturbed(key_pair: KeyPair, run: Run = processes.run) -> Complete:
    """What the orgs of an undisturbed night hold."""
    with _night(key_pair, "build") as night:
        SCENES["build"].prepare(night, SIZE)
        ended = run(night, *BUILD)
        assert ended.code == 0, ended.err
        wrong = [*unfull(night, SIZE), *unfit(night, whole := complete(night))]
        assert not wrong, wrong
        return whole


def count(
    scene: str,
    key_pair: KeyPair,
    at_once: Sequence[int] = range(1, SIZE + 1),
    run: Run = processes.run,
    ledger: str = "sqlite",
) -> int:
    """How many requests the undisturbed command of a scene makes at the most."""
    counts = []
    for concurrent in at_once:
        with _night(key_pair, scene, ledger) as night:
            SCENES[scene].prepare(night, concurrent)
            first = len(night.world.log.entries())
            ended = run(night, *SCENES[scene].command)
            assert ended.code == 0, ended.err
            wrong = [*SCENES[scene].at_the_end(night), *crashes(night, ended)]
            assert not wrong, wrong
            entries = night.world.log.entries()[first:]
            wanted = SCENES[scene].org
            counts.append(sum(not wanted or entry.org == wanted for entry in entries))
    return max(counts)


def carry_out(kill: Kill, key_pair: KeyPair, whole: Complete, run: Run = processes.run) -> Verdict:
    """Kill the scene's command there, `run` what follows, and check the result."""
    scene = SCENES[kill.scene]
    latencies = {kill.slow: LONG} if kill.slow else {}
    with _night(key_pair, kill.scene, kill.ledger, kill.seed, **latencies) as night:
        scene.prepare(night, kill.concurrent)
        night.fault(kill.criteria, {"do": "hang", "at": kill.at})
        first = Process(night, *scene.command)
        hold = first.hold()
        first.kill()
        unconfirmed = [org for org in rows(night, State.BUILDING) if _is_unconfirmed(org)]
        violations = list(scene.at_the_kill(night))
        night.world.faults.clear()  # also of a kill that was too late to meet its request
        night.world.holds.release()  # the connection ends, and nothing comes of the request
        ended = [run(night, *command) for command in scene.again]
        spare = len(night.hub_rows("ScratchOrgInfo")) - scene.sign_ups
        if spare > len(unconfirmed):
            violations.append(f"{spare} sign-ups too many, {len(unconfirmed)} may be replacements")
        violations += [*scene.at_the_end(night), *_violations(night, whole, ended)]
        place = f"{hold.method} {hold.route}" if hold else ""
        return Verdict(kill, place, spare, len(unconfirmed), tuple(violations))


@contextmanager
def _night(
    key_pair: KeyPair, scene: str, ledger: str = "sqlite", seed: int = 0, **latencies: float
) -> Iterator[WholeNight]:
    """The night of a scene in a folder of its own."""
    steps = SCENES[scene].steps
    with (
        tempfile.TemporaryDirectory(prefix="kill-") as folder,
        whole_night(
            Path(folder), key_pair, ledger=ledger, seed=seed, steps=steps, **latencies
        ) as night,
    ):
        yield night


def _is_unconfirmed(org: Org) -> bool:
    """Whether the row says that something was sent which gives no key to look it up by, or that
    the only session with the org was in the killed process."""
    if has_first_session(org):
        return True
    unconfirmed = (ScriptSent().text(), CommandStarted().text())
    return org.step_state in unconfirmed or " sending" in org.step_state


def _violations(night: WholeNight, whole: Complete, ended: Sequence[Ended]) -> Iterator[str]:
    for each in ended:
        if each.code != 0:
            yield f"a command after the kill exits with {each.code}: {each.err[-2000:]}"
    yield from leaks(night)
    yield from doubles(night)
    yield from unfit(night, whole)
    yield from crashes(night, *ended)
    yield from _failures(night)


def _failures(night: WholeNight) -> Iterator[str]:
    """Orgs that were given up though nothing but a kill had happened to them."""
    with ledger_of(night) as ledger:
        for event in ledger.events() if ledger else ():
            step, _, reason = event.note.partition(": ")
            is_allowed = step in REPLACED_ON_DOUBT and IN_DOUBT in reason
            is_allowed |= event.note in (WHY, NOT_COPIED, REASON)
            if event.to_state == State.FAILED and not is_allowed:
                yield f"given up: {event.note}"
