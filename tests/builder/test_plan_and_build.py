"""A build does what `plan` said before it: over random ledgers, pools and limits of the Dev Hub."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from provisioner.builder.fingerprint import fingerprints
from provisioner.config.model import PoolFile
from provisioner.emulator.keys import KeyPair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import Limits, World
from provisioner.ledger import open_ledger
from provisioner.ledger.base import State
from provisioner.report.plan_document import CHANGES, exit_code, totals
from tests.builder.night import Night
from tests.builder.prepared import KINDS, plan, put

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Start:
    """What there is before the build."""

    size: int
    second_size: int
    kinds: Sequence[str]  # of orgs, in the pools in turn
    active: int  # orgs that the Dev Hub has room for, beyond those that are intended
    daily: int
    keys: Sequence[str]  # of both pools
    keep: int  # sign-ups and orgs that are kept for people


KEYS = ("maximum: 5", "swap: 2", "refresh_after: 20h", "canary: false")


def drawn(seed: int) -> Start:
    """A start in which each kind of org is as likely as any other."""
    choice = random.Random(seed)
    return Start(
        size=choice.randint(0, 4),
        second_size=choice.randint(0, 2),
        kinds=choice.choices(sorted(KINDS), k=choice.randint(0, 8)),
        active=choice.randint(0, 5),
        daily=choice.randint(0, 6),
        keys=choice.sample(KEYS, choice.randint(0, len(KEYS))),
        keep=choice.choice([0, 0, 1, 2]),
    )


@settings(max_examples=32, phases=[Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_a_build_does_what_the_plan_said(key_pair: KeyPair, seed: int) -> None:
    start = drawn(seed)
    note(str(start))
    world = World(certificate=key_pair.certificate, latencies=Latencies(100_000))
    with tempfile.TemporaryDirectory() as folder, EmulatorServer(world) as server:
        night = Night(Path(folder), server, key_pair.private_key)
        config = prepare(night, start)
        said = plan(config)
        result = night.build(pools=tuple(config.pools))
        expected, rows = totals(said), night.orgs(*State)
        signed_up = sum(row.run == result.run for row in rows)
        assert signed_up == sum(len(plan.create) for plan in said.plans)
        assert len(result.deleted) == expected.replace + expected.delete
        available = [r for r in night.orgs(State.AVAILABLE) if r.pool in config.pools]
        assert (
            len(available) == expected.keep + expected.create + expected.replace + expected.resume
        )
        has_limit = any(plan.limit for plan in said.plans)
        assert result.exit_code == (4 if has_limit else 0)
        did_something = bool(signed_up or result.deleted or result.built)
        assert (exit_code(said) == CHANGES) == did_something
        assert did_something or exit_code(said) == result.exit_code
        for pool in said.pools:
            assert lowest(night, pool.plan.pool, result.run) >= pool.lowest
        assert has_limit or not plan(config).changes_anything, "nothing is left to do"


def prepare(night: Night, start: Start) -> PoolFile:
    """Two pools with orgs of these kinds, and a Dev Hub with so much left."""
    night.write_json("config/other.json", {"edition": "Developer"})
    keys = "".join(f"    {key}\n" for key in start.keys if start.size <= 4)
    limits = f"limits: {{ keep_daily: {start.keep}, keep_active: {start.keep} }}"
    night.write_pool(size=start.size, steps="", top=limits)
    path = night.folder / "pool.yaml"
    text = path.read_text("utf-8")
    head, _, body = text.partition("  sample:\n")
    one = body.replace(
        "definitions: [config/project-scratch-def.json]",
        "definitions: [config/project-scratch-def.json, config/other.json]",
    )
    first, second = one + keys, body.replace(f"size: {start.size}", f"size: {start.second_size}")
    path.write_text(f"{head}  sample:\n{first}  second:\n{second}{keys}", encoding="utf-8")
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    prints = fingerprints(config, list(config.pools))
    for number, kind in enumerate(start.kinds):
        pool = "sample" if number % 3 else "second"
        put(night, ledger, number, prints[pool, "config/project-scratch-def.json"], pool, kind)
    ledger.close()
    used, intended = len(night.active()), start.kinds.count("intended")
    night.world.limits = Limits(
        active=used + intended + start.active, daily=len(start.kinds) + start.daily
    )
    return config


def lowest(night: Night, pool: str, run: str) -> int:
    """The fewest orgs of a pool that were available while a build ran, by the ledger's events."""
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        names = {row.username for row in ledger.orgs(pool=pool, states=State)}
        events = [event for event in ledger.events() if event.username in names]
    finally:
        ledger.close()
    count, fewest = 0, None
    for event in events:
        count += (event.to_state == State.AVAILABLE) - (event.from_state == State.AVAILABLE)
        if event.run == run:
            fewest = count if fewest is None else min(fewest, count)
    return count if fewest is None else fewest
