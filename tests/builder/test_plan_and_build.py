"""A build does what `plan` said before it: over random ledgers, pools and limits of the Dev Hub."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.builder.fingerprint import fingerprints
from provisioner.builder.preview import Preview, preview
from provisioner.config.model import PoolFile
from provisioner.emulator.keys import KeyPair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, Limits, World
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Ledger, Org, State
from provisioner.report.plan_document import CHANGES, exit_code, totals
from tests.builder.night import Night
from tests.builder.signed_up import sign_up

pytestmark = pytest.mark.slow

KINDS: dict[str, dict[str, Any]] = {
    "fresh": {"state": State.AVAILABLE},
    "old content": {"state": State.AVAILABLE, "fingerprint": "of last week"},
    "other definition": {"state": State.AVAILABLE, "definition": "config/other.json"},
    "short life": {"state": State.AVAILABLE, "hours": 3},
    "too old": {"state": State.AVAILABLE, "age": 30},
    "gone": {"state": State.AVAILABLE, "is_gone": True},
    "claimed": {"state": State.CLAIMED, "owner": "ann"},
    "claimed, old content": {"state": State.CLAIMED, "owner": "ann", "fingerprint": "old"},
    "failed": {"state": State.FAILED, "error": "deploy_source: bad"},
    "kept": {"state": State.FAILED, "error": "deploy_source: bad", "kept": True},
    "released": {"state": State.RELEASED},
    "intended": {"state": State.INTENDED, "is_sent": False},
    "building": {"state": State.BUILDING},
    "building old content": {"state": State.BUILDING, "fingerprint": "of last week"},
    "of no pool": {"state": State.AVAILABLE, "pool": "removed"},
}


@dataclass(frozen=True)
class Start:
    """What there is before the build."""

    size: int
    second_size: int
    kinds: Sequence[str]  # of orgs, in the pools in turn
    active: int  # orgs that the Dev Hub has room for
    daily: int
    keys: Sequence[str]  # of both pools


STARTS = st.builds(
    Start,
    size=st.integers(0, 4),
    second_size=st.integers(0, 2),
    kinds=st.lists(st.sampled_from(sorted(KINDS)), max_size=7),
    active=st.integers(0, 5),
    daily=st.integers(0, 6),
    keys=st.lists(
        st.sampled_from(["maximum: 5", "swap: 2", "refresh_after: 20h", "canary: false"]),
        unique=True,
    ),
)


@settings(max_examples=40)
@given(start=STARTS)
def test_a_build_does_what_the_plan_said(key_pair: KeyPair, start: Start) -> None:
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
        assert result.exit_code == (4 if any(plan.limit for plan in said.plans) else 0)
        did_something = bool(signed_up or result.deleted or result.built)
        assert (exit_code(said) == CHANGES) == did_something
        assert did_something or exit_code(said) == result.exit_code
        for pool in said.pools:
            assert lowest(night, pool.plan.pool, result.run) >= pool.lowest
        after = plan(config)
        assert not after.changes_anything or any(plan.limit for plan in after.plans)


def plan(config: PoolFile) -> Preview:
    """What `plan` says now; it sends no change."""
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        return preview(config, list(config.pools), ledger, pytest.fail)
    finally:
        ledger.close()


def prepare(night: Night, start: Start) -> PoolFile:
    """Two pools with orgs of these kinds, and a Dev Hub with so much left."""
    night.write_json("config/other.json", {"edition": "Developer"})
    keys = "".join(f"    {key}\n" for key in start.keys if start.size <= 4)
    night.write_pool(size=start.size, steps="")
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
    used = len(night.active())
    night.world.limits = Limits(active=used + start.active, daily=len(start.kinds) + start.daily)
    return config


def put(night: Night, ledger: Ledger, number: int, fingerprint: str, pool: str, kind: str) -> None:
    """An org of a kind, on the Dev Hub and in the ledger."""
    fields = dict(KINDS[kind])
    is_sent, is_gone = fields.pop("is_sent", True), fields.pop("is_gone", False)
    age, hours = fields.pop("age", 1), fields.pop("hours", 47)
    now = night.world.now()
    row = Org(
        f"{pool}-{number}@acme.example",
        pool,
        definition="config/project-scratch-def.json",
        fingerprint=fingerprint,
        run="earlier",
        consumer_key=DEFAULT_CONSUMER_KEY,
        created_at=now - timedelta(hours=age),
    )
    row = replace(row, **fields)
    if is_sent:
        row = sign_up(night.world, row)
        row = replace(row, active_at=now - timedelta(hours=age))
    if row.state in (State.AVAILABLE, State.CLAIMED):
        expires = now + timedelta(hours=hours)
        row = replace(row, available_at=now - timedelta(hours=age), expires_at=expires)
    if is_gone:
        night.world.orgs[row.org_id[:15]].end()
    assert ledger.restore(row, note="prepared")


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
