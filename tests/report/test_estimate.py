"""The duration of a plan is that of past builds, as a median and for a bad night."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provisioner.builder.snapshot_preview import SnapshotPlan
from provisioner.config.model import Definition, DevHub, Limits, Pool, PoolFile
from provisioner.config.step_entry import StepEntry
from provisioner.declare.secret import Secret
from provisioner.ledger.base import Run
from provisioner.ledger.facts import HubFacts
from provisioner.plan import Creation, PoolPlan
from provisioner.report.estimate import UNKNOWN, Estimate, estimate
from provisioner.steps.assign_permission_sets import AssignPermissionSets
from provisioner.steps.run_apex import RunApex
from provisioner.steps.snapshot import Snapshot

STEPS = (
    StepEntry(kind="assign_permission_sets", step=AssignPermissionSets(sets=("A",))),
    StepEntry(kind="run_apex", step=RunApex(file=Path("a.apex")), name="Set up"),
)
MEASURED = {
    "sign-up": [100.0, 110.0, 300.0],
    "settings": [5.0, 5.0, 5.0],
    "assign_permission_sets": [2.0, 2.0, 4.0],
    "Set up": [60.0, 60.0, 600.0],
    "verification": [13.0, 13.0, 31.0],
}


def estimated(
    pool: str,
    durations: Any,
    *,
    orgs: int = 1,
    facts: HubFacts = UNKNOWN,
    steps: Sequence[StepEntry] = STEPS,
    snapshot: SnapshotPlan | None = None,
) -> Estimate:
    hub = DevHub(username="hub@acme.example", consumer_key="key", private_key=Secret("pem"))
    definitions = (Definition(file=Path("a.json")),)
    made = Pool(name=pool, size=orgs, definitions=definitions, steps=tuple(steps))
    config = PoolFile(
        path=Path("pool.yaml"),
        dev_hub=hub,
        limits=Limits(concurrent_signups=10),
        pools={pool: made},
    )
    create = (Creation(pool, "a.json", "new"),) * orgs
    plan = PoolPlan(pool, orgs, (), (), create, (), ())
    started = datetime(2026, 11, 24, 3, tzinfo=UTC)
    run = Run("20261124-030000-aaaaaa", "host", 1, started, summary={"durations": durations})
    return estimate(config, [plan], [run], facts, [snapshot] if snapshot else ())


def test_the_medians_of_the_steps_are_added_and_so_are_the_95th_percentiles() -> None:
    found = estimated("morning", {"morning": MEASURED})
    assert (found.seconds, found.slow, found.builds) == (190.0, 940.0, 1)
    assert ", 4 to 16 minutes (p50 and p95 of 1 build; typical values)" in found.text()
    document = found.document()
    assert (document["seconds"], document["seconds_p95"], document["builds"]) == (190, 940, 1)


def test_equal_durations_are_one_number() -> None:
    found = estimated("morning", {"morning": {step: [10.0] for step in MEASURED}})
    assert ", 1 minute (p50 and p95 of 1 build; typical values)" in found.text()


def test_orgs_that_wait_for_a_sign_up_slot_take_another_sign_up() -> None:
    assert estimated("morning", {"morning": MEASURED}, orgs=11).seconds == 190.0 + 110.0


def test_a_new_pool_takes_what_the_steps_took_in_other_pools() -> None:
    assert estimated("new", {"morning": MEASURED}).seconds == 190.0


def test_measured_sign_ups_of_builds_are_preferred_to_those_of_a_probe() -> None:
    facts = HubFacts(sign_up_seconds=30.0, login_delay_seconds=500.0)
    found = estimated("morning", {"morning": MEASURED}, facts=facts)
    assert (found.seconds, found.basis) == (190.0, "typical values")
    unknown = estimated("morning", {}, facts=facts)
    assert unknown.seconds == 30.0 + 500.0 + 2 * 10.0
    assert unknown.basis == "typical values; sign-ups as measured by check --probe"


@pytest.mark.parametrize("durations", [{}, None, {"morning": []}, {"morning": {"sign-up": "3"}}])
def test_without_a_record_there_is_no_bad_night(durations: Any) -> None:
    found = estimated("morning", durations)
    assert (found.seconds, found.builds, found.document()["seconds_p95"]) == (200.0, 0, None)
    assert "4 minutes (typical values)" in found.text()


MARKER = StepEntry(kind="snapshot", step=Snapshot())
WITH_MARKER = (STEPS[1], MARKER, STEPS[0])  # "Set up" is above it
NIGHT = {**MEASURED, "snapshot": [600.0]}


@pytest.mark.parametrize(
    ("is_used", "is_made", "seconds", "saved"),
    [
        pytest.param(True, False, 190.0 - 60.0, 60.0, id="used"),
        pytest.param(True, True, 190.0 + 600.0, 0.0, id="renewed by one org, used by the others"),
        pytest.param(False, True, 190.0 + 600.0 + 110.0, 0.0, id="made, and the others wait"),
        pytest.param(False, False, 190.0, 0.0, id="none can be made"),
    ],
)
def test_orgs_from_a_snapshot_run_only_the_steps_below_the_marker(
    is_used: bool, is_made: bool, seconds: float, saved: float
) -> None:
    one = SnapshotPlan("morning", "a.json", 3, is_used=is_used, is_made=is_made)
    found = estimated("morning", {"morning": NIGHT}, orgs=3, steps=WITH_MARKER, snapshot=one)
    assert (found.seconds, found.saved) == (seconds, saved)
    assert ("; org snapshots save about 1 minute" in found.text()) == bool(saved)
    assert found.document()["seconds_saved"] == saved


def test_nobody_knows_what_a_snapshot_saves_before_the_first_night() -> None:
    one = SnapshotPlan("morning", "a.json", 3, is_used=True)
    assert estimated("morning", {}, orgs=3, steps=WITH_MARKER, snapshot=one).saved == 0.0
