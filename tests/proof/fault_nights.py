"""Nights with faults out of the whole table, drawn from a seed, and what must be true after."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from provisioner.builder.signup_breaker import LEAST_BUDGET
from provisioner.emulator.keys import KeyPair
from provisioner.emulator.resources.signup import active_count, daily_count
from provisioner.emulator.world import Limits
from provisioner.ledger.base import UNFINISHED, State
from tests.proof import processes
from tests.proof.contents import Complete
from tests.proof.fault_table import Fault, Trouble, draw_faults
from tests.proof.ledgers import DevhubProof
from tests.proof.planted import secrets_in
from tests.proof.processes import TIME_SCALE, Ended
from tests.proof.reports import lies
from tests.proof.truth import crashes, doubles, leaks, rows, unfit, unfull
from tests.proof.whole_night import EVERY, WholeNight, whole_night

SIGN_UP = "ScratchOrgInfo"
BUILD = ("build", "--json", "--time-scale", TIME_SCALE)
Run = Callable[..., Ended]  # a night, and the arguments of a command


@dataclass(frozen=True)
class Verdict:
    """What came of one seed."""

    seed: int
    troubles: tuple[str, ...]
    codes: tuple[int, ...]  # of the disturbed builds
    applied: int  # how often a fault came up
    violations: tuple[str, ...]


@dataclass
class _Night:
    """One seed: how large the pool is, what goes wrong."""

    night: WholeNight
    random: Random
    run: Run
    size: int = field(init=False)
    replacements: int = field(init=False)
    kept: int = field(init=False)  # of both limits, for people
    faults: list[tuple[Trouble, Fault]] = field(init=False)
    codes: list[int] = field(default_factory=list)
    claimed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.size = self.random.choice([1, 2, 3, 3, 5])
        self.replacements = self.random.randint(0, 2)
        self.faults = draw_faults(self.random)
        concurrent, kept = self.random.randint(1, 3), self.random.choice([0, 0, 0, 1, 2])
        keep = f"keep_daily: {kept}, keep_active: {kept}"
        self.night.write_pool(
            size=self.size,
            top=f"limits: {{ concurrent_signups: {concurrent}, {keep} }}",
            pool=f"replacements: {self.replacements}",
        )
        self.kept = kept
        for _, fault in self.faults:
            self.night.world.faults.add(fault)
        if self.random.random() < 0.2:
            active, daily = self.random.randint(0, 6), self.random.randint(0, 9)
            self.night.world.limits = Limits(active=active, daily=daily)

    @property
    def excused(self) -> frozenset[int]:
        """Exit codes that the faults drawn explain, besides 0 and 6."""
        troubles = [trouble for trouble, _ in self.faults]
        codes = frozenset[int]().union(*(trouble.excuses for trouble in troubles))
        if isinstance(self.night.ledger, DevhubProof):
            codes = codes.union(*(trouble.excuses_on_hub for trouble in troubles))
        return codes | ({4} if self.night.world.limits != Limits() else set())


def carry_out(
    seed: int,
    key_pair: KeyPair,
    whole: Complete,
    run: Run = processes.run,
    ledger: str = "sqlite",
) -> Verdict:
    """One or two builds under faults, then `reap` and a build without."""
    random = Random(f"fault night {seed}")
    propagation = random.choice([0.0, 0.0, 20.0, 90.0])
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as folder,
        whole_night(
            Path(folder),
            key_pair,
            ledger=ledger,
            seed=seed,
            steps=EVERY,
            propagation=propagation,
        ) as night,
    ):
        played = _Night(night, random, run)
        violations = [*_disturbed(played, whole)]
        applied = sum(fault.applied for fault in night.world.faults.all())
        if not violations:
            violations += _afterwards(played, whole)
        violations += secrets_in(night)
        names = tuple(trouble.name for trouble, _ in played.faults)
        return Verdict(seed, names, tuple(played.codes), applied, tuple(violations))


def _disturbed(played: _Night, whole: Complete) -> Iterator[str]:
    for number in range(played.random.randint(1, 2)):
        before = _State.of(played.night)
        ended = played.run(played.night, *BUILD)
        played.codes.append(ended.code)
        found = [
            *crashes(played.night, ended),
            *_exit_code(played, ended),
            *lies(played.night, ended, played.size - before.available),
            *_sign_ups(played, before),
            *_limits(played, before),
            *_not_ended(played.night, ended),
            *leaks(played.night),
            *doubles(played.night),
            *unfit(played.night, whole),
            *_robbed(played),
        ]
        yield from (f"build {number + 1}: {text}" for text in found)
        yield from _claim(played)


def _claim(played: _Night) -> Iterator[str]:
    """Perhaps somebody takes an org between two builds; nobody may take it from them."""
    if not rows(played.night, State.AVAILABLE) or played.random.random() < 0.5:
        return
    ended = played.run(played.night, "claim", "--json", "--owner", "ann")
    if ended.code:
        yield f"an org is available and cannot be claimed: {ended.err}"
    else:
        played.claimed.append(ended.document["username"])


def _robbed(played: _Night) -> Iterator[str]:
    claimed = {org.username for org in rows(played.night, State.CLAIMED)}
    for username in played.claimed:
        if username not in claimed or username not in played.night.active():
            yield f"{username} was claimed, and was ended or taken away"


def _afterwards(played: _Night, whole: Complete) -> Iterator[str]:
    """The trouble is over: one `reap` and one build must put all in order."""
    night = played.night
    night.world.faults.clear()
    night.world.limits = Limits()
    offered = {org.username for org in rows(night, State.AVAILABLE)}
    first = played.run(night, "reap", "--json")
    if gone := offered - set(night.active()):
        yield f"reap ended orgs that were offered: {sorted(gone)}"
    last = played.run(night, *BUILD)
    if last.code != 0:
        yield f"the build after the trouble exits with {last.code}: {last.err[-2000:]}"
    second = played.run(night, "reap", "--json")  # sign-ups that were still pending at the first
    for found in (
        crashes(night, first, last, second),
        leaks(night),
        doubles(night),
        unfull(night, played.size, claimed=len(played.claimed)),
        unfit(night, whole),
        _robbed(played),
    ):
        yield from (f"afterwards: {text}" for text in found)


@dataclass(frozen=True)
class _State:
    """What there was before a build."""

    available: int
    active: int  # orgs, and sign-ups that may become some
    daily: int  # sign-ups that count for the daily limit
    signed_up: int  # rows of the Dev Hub
    under_way: int  # unfinished orgs whose sign-up the Dev Hub has

    @classmethod
    def of(cls, night: WholeNight) -> _State:
        known = {row["Username"] for row in night.hub_rows(SIGN_UP)}
        unfinished = rows(night, *UNFINISHED)
        return cls(
            len(rows(night, State.AVAILABLE)),
            active_count(night.world.hub),
            daily_count(night.world.hub),
            len(night.hub_rows(SIGN_UP)),
            sum(org.username in known for org in unfinished),
        )


def _sign_ups(played: _Night, before: _State) -> Iterator[str]:
    """As many as were missing, the replacements that pool.yaml allows, and repetitions.

    A sign-up that made no org is repeated, within the budget of a small pool.
    """
    new = played.night.hub_rows(SIGN_UP)[before.signed_up :]
    spent, repeated = len(new), sum(row["Status"] == "Error" for row in new)
    allowed = played.size - before.available - before.under_way + played.replacements
    allowed += min(repeated, LEAST_BUDGET)
    if spent > allowed:
        yield f"{spent} sign-ups where {allowed} are allowed"


def _limits(played: _Night, before: _State) -> Iterator[str]:
    """What is kept for people is left to them, by retries and replacements, too."""
    now, limits = _State.of(played.night), played.night.world.limits
    for name, used, was, limit in (
        ("active", now.active, before.active, limits.active),
        ("daily", now.daily, before.daily, limits.daily),
    ):
        if used > max(was, limit - played.kept):
            yield f"{used} of {limit} {name} orgs are used, {played.kept} are to be kept"


def _not_ended(night: WholeNight, ended: Ended) -> Iterator[str]:
    """A failed org is ended by the same build; one that cannot be is named."""
    for org in rows(night, State.FAILED):
        if (
            f"{org.username} could not be deleted; the next" not in ended.err
            and "run" in ended.document
        ):
            yield f"{org.username} failed and was not ended, and nothing is said of it"


def _exit_code(played: _Night, ended: Ended) -> Iterator[str]:
    """0 says that the pool is full; a build that could not even plan says nothing of the pool."""
    available = len(rows(played.night, State.AVAILABLE))
    is_full, has_planned = available >= played.size, "run" in ended.document
    if (ended.code == 0) != is_full and (has_planned or ended.code == 0):
        yield f"exit code {ended.code} with {available} of {played.size} available"
    if ended.code not in {0, 6} | played.excused:
        yield f"exit code {ended.code}, which no fault explains: {ended.err[-1000:]}"
