"""Nights with one odd answer, drawn from a seed: it costs one org at most; nothing is untrue."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from provisioner.emulator.keys import KeyPair
from provisioner.ledger import open_ledger
from provisioner.ledger.base import State
from tests.proof import here
from tests.proof.contents import Complete
from tests.proof.mutating_proxy import MutatingProxy, Target
from tests.proof.planted import secrets_in
from tests.proof.processes import TIME_SCALE, TIMEOUT, Ended
from tests.proof.reports import lies
from tests.proof.truth import crashes, doubles, leaks, rows, unfit, unfull
from tests.proof.whole_night import WholeNight, whole_night

SIZE = 2
BUILD = ("build", "--json", "--time-scale", TIME_SCALE)
Run = Callable[..., Ended]  # a night, and the arguments of a command
Kinds = Mapping[str, Mapping[str, int]]  # scene → kind of answer → how many there are


@dataclass(frozen=True)
class Verdict:
    """What came of one seed; `change` is "" when the answer to change never came."""

    seed: int
    change: str
    code: int
    violations: tuple[str, ...]


@dataclass(frozen=True)
class Played:
    """A night whose command has met the odd answer."""

    night: WholeNight
    ended: Ended
    whole: Complete
    replacements: int
    before: frozenset[str]  # usernames that were available


@dataclass(frozen=True)
class Scene:
    """What happens before, the command that meets the odd answer, and what must be true then."""

    is_full: bool  # a pool was built before, of which one org was given back
    command: tuple[str, ...]
    judge: Callable[[Played], Iterator[str]]


def kinds_of_answers(key_pair: KeyPair, ledger: str = "sqlite") -> Kinds:
    """The answers to the undisturbed command of each scene."""
    return {name: _kinds(SCENES[name], key_pair, ledger) for name in SCENES}


def _kinds(scene: Scene, key_pair: KeyPair, ledger: str) -> Mapping[str, int]:
    with (
        tempfile.TemporaryDirectory(prefix="answers-") as folder,
        whole_night(Path(folder), key_pair, ledger=ledger) as night,
        MutatingProxy(night.server.url) as proxy,
    ):
        _prepare(night, proxy, scene, replacements=1)
        proxy.counts.clear()
        ended = here.run(night, *_command(scene, night))
        assert ended.code == 0, ended.err
        return dict(proxy.counts)


def carry_out(
    seed: int,
    key_pair: KeyPair,
    whole: Complete,
    kinds: Kinds,
    ledger: str = "sqlite",
    run: Run = here.run,
) -> Verdict:
    """A command with one odd answer, then a build without."""
    random = Random(f"answers {seed}")
    name = random.choices(list(SCENES), [6, 4, 2, 1, 1])[0]
    scene, known = SCENES[name], kinds[name]
    kind = random.choice(sorted(known) or ["none"])
    target = Target(kind, random.randint(1, known.get(kind, 1)), seed)
    replacements = random.randint(0, 1)
    with (
        tempfile.TemporaryDirectory(prefix="answers-") as folder,
        whole_night(Path(folder), key_pair, ledger=ledger, seed=seed) as night,
        MutatingProxy(night.server.url) as proxy,
    ):
        _prepare(night, proxy, scene, replacements)
        before = frozenset(org.username for org in rows(night, State.AVAILABLE))
        command = _command(scene, night)
        proxy.counts.clear()
        proxy.target = target
        ended = _bounded(run, night, command)
        change = f"{name}: {proxy.done}" if proxy.done else ""
        if ended is None:
            return Verdict(seed, change, -1, ("it hangs",))
        violations = [*scene.judge(Played(night, ended, whole, replacements, before))]
        violations += crashes(night, ended)
        if not violations:
            violations += _afterwards(night, whole, run)
        violations += secrets_in(night) if scene.command[0] != "login" else ()
        return Verdict(seed, change, ended.code, tuple(violations))


def _prepare(night: WholeNight, proxy: MutatingProxy, scene: Scene, replacements: int) -> None:
    night.login_url = proxy.url
    night.write_pool(size=SIZE, pool=f"replacements: {replacements}")
    if scene.is_full:
        ended = here.run(night, *BUILD)
        assert ended.code == 0, ended.err
        _give_back_an_org(night)


def _give_back_an_org(night: WholeNight) -> None:
    config = night.config()
    with closing(open_ledger(config.ledger, config.directory, config.dev_hub)) as ledger:
        ledger.move(ledger.orgs(states=[State.AVAILABLE])[0], State.RELEASED)


def _command(scene: Scene, night: WholeNight) -> tuple[str, ...]:
    if scene.command[0] != "login":
        return scene.command
    return (*scene.command, rows(night, State.AVAILABLE)[0].username)


def _bounded(run: Run, night: WholeNight, command: tuple[str, ...]) -> Ended | None:
    """How a command ended; None when it did not."""
    ended: list[Ended] = []
    thread = threading.Thread(target=lambda: ended.append(run(night, *command)), daemon=True)
    thread.start()
    thread.join(TIMEOUT)
    return ended[0] if ended else None


def _built(played: Played) -> Iterator[str]:
    """One org is missing at most; exit code and report say so."""
    night, ended = played.night, played.ended
    available = {org.username for org in rows(night, State.AVAILABLE)}
    if ended.code not in (0, 6):
        yield f"exit code {ended.code}: {ended.err[-2000:]}"
        return
    if (ended.code == 0) != (len(available) >= SIZE):
        yield f"exit code {ended.code} with {len(available)} of {SIZE} available"
    if len(available) < SIZE - 1:
        yield f"one answer cost {SIZE - len(available)} orgs: {ended.err[-2000:]}"
    if lost := played.before - available:
        yield f"it took away orgs that were available: {sorted(lost)}"
    spent = len(night.hub_rows("ScratchOrgInfo"))
    allowed = SIZE + played.replacements + (1 if played.before else 0)
    if spent > allowed:
        yield f"{spent} sign-ups where {allowed} are allowed"
    yield from lies(night, ended, SIZE - len(played.before))
    yield from _in_order(played)


def _reaped(played: Played) -> Iterator[str]:
    """What is available stays; what was given back is deleted, or said to be left."""
    night, ended = played.night, played.ended
    if played.before - set(night.active()):
        yield "it deleted an org that was available"
    left = {org.username for org in rows(night, State.RELEASED)}
    said = {o["org"]["username"] for o in ended.document.get("orgs", []) if o["left_because"]}
    if ended.code not in (0, 6) or left != said:
        yield f"exit code {ended.code}, {left} are left: {ended.out} {ended.err[-2000:]}"
    yield from _in_order(played)


def _claimed(played: Played) -> Iterator[str]:
    """An org is claimed, and the one that the answer names; no odd answer prevents it."""
    claimed = [org.username for org in rows(played.night, State.CLAIMED)]
    if played.ended.code != 0:
        yield f"exit code {played.ended.code}: {played.ended.out} {played.ended.err[-2000:]}"
    elif claimed != [played.ended.document["username"]]:
        yield f"{claimed} are claimed, and the answer says {played.ended.out}"


def _logged_in(played: Played) -> Iterator[str]:
    """A session, whatever one answer was."""
    if played.ended.code != 0:
        yield f"exit code {played.ended.code}: {played.ended.out} {played.ended.err[-2000:]}"


def _in_order(played: Played) -> Iterator[str]:
    yield from leaks(played.night)
    yield from doubles(played.night)
    yield from unfit(played.night, played.whole)


SCENES: Mapping[str, Scene] = {
    "build": Scene(False, BUILD, _built),
    "top up": Scene(True, BUILD, _built),
    "reap": Scene(True, ("reap", "--json"), _reaped),
    "claim": Scene(True, ("claim", "--json", "--owner", "ann"), _claimed),
    "login": Scene(True, ("login", "--json"), _logged_in),
}


def _afterwards(night: WholeNight, whole: Complete, run: Run) -> Iterator[str]:
    """The next build must put all in order."""
    claimed = len(rows(night, State.CLAIMED))
    last = run(night, *BUILD)
    if last.code != 0:
        yield f"the build after it exits with {last.code}: {last.err[-2000:]}"
    for found in (
        crashes(night, last),
        leaks(night),
        doubles(night),
        unfull(night, SIZE, claimed=claimed),
        unfit(night, whole),
    ):
        yield from (f"afterwards: {text}" for text in found)
