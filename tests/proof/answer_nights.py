"""Nights with one odd answer, drawn from a seed: it costs one org at most; nothing is untrue."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from provisioner.emulator.keys import KeyPair
from provisioner.ledger.base import State
from tests.proof import here
from tests.proof.contents import Complete
from tests.proof.mutating_proxy import MutatingProxy, Target
from tests.proof.planted import secrets_in
from tests.proof.processes import PACE, PATIENCE, Ended
from tests.proof.reports import lies
from tests.proof.truth import crashes, doubles, leaks, rows, unfit, unfull
from tests.proof.whole_night import WholeNight, whole_night

SIZE = 2
BUILD = ("build", "--json", "--pace", PACE)
Run = Callable[..., Ended]  # a night, and the arguments of a command


@dataclass(frozen=True)
class Verdict:
    """What came of one seed; `change` is "" when the answer to change never came."""

    seed: int
    change: str
    code: int
    violations: tuple[str, ...]


def kinds_of_answers(key_pair: KeyPair, ledger: str = "sqlite") -> Mapping[str, int]:
    """The answers of an undisturbed night: how many of which kind."""
    with (
        tempfile.TemporaryDirectory(prefix="answers-") as folder,
        whole_night(Path(folder), key_pair, ledger=ledger) as night,
        MutatingProxy(night.server.url) as proxy,
    ):
        _prepare(night, proxy, replacements=1)
        ended = here.run(night, *BUILD)
        assert ended.code == 0, ended.err
        return dict(proxy.counts)


def carry_out(
    seed: int,
    key_pair: KeyPair,
    whole: Complete,
    kinds: Mapping[str, int],
    ledger: str = "sqlite",
    run: Run = here.run,
) -> Verdict:
    """A build with one odd answer, then one without."""
    random = Random(f"answers {seed}")
    kind = random.choice(sorted(kinds))
    target = Target(kind, random.randint(1, kinds[kind]), seed)
    replacements = random.randint(0, 1)
    with (
        tempfile.TemporaryDirectory(prefix="answers-") as folder,
        whole_night(Path(folder), key_pair, ledger=ledger, seed=seed) as night,
        MutatingProxy(night.server.url, target) as proxy,
    ):
        _prepare(night, proxy, replacements)
        ended = _bounded(run, night)
        if ended is None:
            return Verdict(seed, proxy.done, -1, ("the build hangs",))
        violations = [*_during(night, ended, whole, replacements)]
        if not violations:
            violations += _afterwards(night, whole, run)
        violations += secrets_in(night)
        return Verdict(seed, proxy.done, ended.code, tuple(violations))


def _prepare(night: WholeNight, proxy: MutatingProxy, replacements: int) -> None:
    night.login_url = proxy.url
    night.write_pool(size=SIZE, pool=f"replacements: {replacements}")


def _bounded(run: Run, night: WholeNight) -> Ended | None:
    """How a build ended; None when it did not."""
    ended: list[Ended] = []
    thread = threading.Thread(target=lambda: ended.append(run(night, *BUILD)), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return ended[0] if ended else None


def _during(night: WholeNight, ended: Ended, whole: Complete, replacements: int) -> Iterator[str]:
    available = len(rows(night, State.AVAILABLE))
    if ended.code not in (0, 6):
        yield f"exit code {ended.code}: {ended.err[-2000:]}"
        yield from crashes(night, ended)
        return
    if (ended.code == 0) != (available >= SIZE):
        yield f"exit code {ended.code} with {available} of {SIZE} available"
    if available < SIZE - 1:
        yield f"one answer cost {SIZE - available} orgs: {ended.err[-2000:]}"
    spent = len(night.hub_rows("ScratchOrgInfo"))
    if spent > SIZE + replacements:
        yield f"{spent} sign-ups for {SIZE} orgs and {replacements} replacements"
    yield from crashes(night, ended)
    yield from lies(night, ended, SIZE)
    yield from leaks(night)
    yield from doubles(night)
    yield from unfit(night, whole)


def _afterwards(night: WholeNight, whole: Complete, run: Run) -> Iterator[str]:
    """The next build must put all in order."""
    last = run(night, *BUILD)
    if last.code != 0:
        yield f"the build after it exits with {last.code}: {last.err[-2000:]}"
    for found in (
        crashes(night, last),
        leaks(night),
        doubles(night),
        unfull(night, SIZE),
        unfit(night, whole),
    ):
        yield from (f"afterwards: {text}" for text in found)
