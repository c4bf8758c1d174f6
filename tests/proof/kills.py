"""Kill at every call: a build dies at one request, the next one must lose and repeat nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.emulator.keys import KeyPair
from provisioner.ledger.base import Org, State
from provisioner.steps.run_apex import SENT
from tests.proof import processes
from tests.proof.contents import Complete, complete
from tests.proof.processes import PACE, Ended, Process
from tests.proof.truth import crashes, doubles, leaks, ledger_of, rows, unfit, unfull
from tests.proof.whole_night import WholeNight, whole_night

SIZE = 3
Build = Callable[[WholeNight], Ended]
BEFORE, AFTER = "before", "after"
IN_DOUBT = "nobody knows whether"
REPLACED_ON_DOUBT = ("run_apex", "load_data")  # as their docstrings say


@dataclass(frozen=True)
class Kill:
    """Which request the build dies at, and whether the emulator has acted on it by then."""

    number: int  # of all requests, or of those of `route`
    at: str
    concurrent: int  # sign-ups at once
    seed: int = 0
    route: str = ""

    def __str__(self) -> str:
        kind = f"{self.route} " if self.route else "request "
        return f"{self.at} {kind}{self.number} ({self.concurrent} at once)"

    @property
    def criteria(self) -> dict[str, Any]:
        """The request, as the emulator's faults name it."""
        return {"nth": self.number, **({"route": self.route} if self.route else {})}


@dataclass(frozen=True)
class Verdict:
    """What came of one kill; `place` is the request, "" when the build ended before it."""

    kill: Kill
    place: str
    sign_ups: int
    in_doubt: int  # orgs of which nobody could know whether a step had happened
    violations: tuple[str, ...]


def cases(requests: range, seed: int = 0) -> Iterator[Kill]:
    """Both series over these requests, with one, two and three sign-ups at once in turn."""
    for number in requests:
        for at in (BEFORE, AFTER):
            yield Kill(number, at, 1 + number % SIZE, seed)


def undisturbed(
    key_pair: KeyPair,
    seed: int = 0,
    at_once: Sequence[int] = range(1, SIZE + 1),
    build: Build = processes.build,
) -> tuple[int, Complete]:
    """How many requests an undisturbed build makes at the most, and what its orgs hold."""
    counts = []
    for concurrent in at_once:
        with _night(key_pair, Kill(0, BEFORE, concurrent, seed)) as night:
            ended = build(night)
            assert ended.code == 0, ended.err
            wrong = [*unfull(night, SIZE), *unfit(night, whole := complete(night))]
            assert not wrong, wrong
            counts.append(night.world.log.entries()[-1].number)
    return max(counts), whole


def carry_out(
    kill: Kill, key_pair: KeyPair, whole: Complete, again: Build = processes.build
) -> Verdict:
    """Kill a build there, build `again`, and look what came of it."""
    with _night(key_pair, kill) as night:
        night.fault(kill.criteria, {"do": "hang", "at": kill.at})
        first = Process(night, "build", "--pace", PACE)
        hold = first.hold()
        first.kill()
        doubtful = [org for org in rows(night, State.BUILDING) if _is_in_doubt(org)]
        night.world.faults.clear()  # also of a kill that was too late to meet its request
        night.world.holds.release()  # the connection ends, and nothing comes of the request
        second = again(night)
        return Verdict(
            kill,
            f"{hold.method} {hold.route}" if hold else "",
            len(night.hub_rows("ScratchOrgInfo")),
            len(doubtful),
            tuple(_violations(night, whole, second, len(doubtful))),
        )


@contextmanager
def _night(key_pair: KeyPair, kill: Kill) -> Iterator[WholeNight]:
    """The whole night in a folder of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="kill-") as folder,
        whole_night(Path(folder), key_pair, seed=kill.seed) as night,
    ):
        top = f"limits: {{ concurrent_signups: {kill.concurrent} }}"
        night.write_pool(size=SIZE, top=top, pool=f"replacements: {SIZE}")
        yield night


def _is_in_doubt(org: Org) -> bool:
    """Whether the row says that something was sent which gives no key to look it up by."""
    return org.request_id == SENT or " sending" in org.request_id


def _violations(night: WholeNight, whole: Complete, second: Ended, doubtful: int) -> Iterator[str]:
    if second.code != 0:
        yield f"the second build exits with {second.code}: {second.err[-2000:]}"
    yield from unfull(night, SIZE)
    yield from leaks(night)
    yield from doubles(night)
    yield from unfit(night, whole)
    yield from crashes(night, second)
    if (count := len(night.hub_rows("ScratchOrgInfo"))) > SIZE + doubtful:
        yield f"{count} sign-ups, of which {doubtful} may be replacements"
    yield from _failures(night)


def _failures(night: WholeNight) -> Iterator[str]:
    """Orgs that were given up though nothing but a kill had happened to them."""
    with ledger_of(night) as ledger:
        for event in ledger.events() if ledger else ():
            step, _, reason = event.note.partition(": ")
            is_allowed = step in REPLACED_ON_DOUBT and IN_DOUBT in reason
            if event.to_state == State.FAILED and not is_allowed:
                yield f"given up: {event.note}"
