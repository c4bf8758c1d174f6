"""Builds of different pools at the same time on one ledger: a kill or a freeze of one costs the
other nothing, and nobody touches the orgs of a pool that another build holds."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.emulator.keys import KeyPair
from provisioner.ledger.base import State
from tests.proof.processes import TIME_SCALE, Ended, Process
from tests.proof.truth import crashes, doubles, leaks, rows
from tests.proof.whole_night import WholeNight, whole_night

pytestmark = pytest.mark.slow

STEPS = "- deploy_source: { path: . }\n"
EVENING = """
  evening:
    size: 1
    duration_days: 2
    definitions: [config/project-scratch-def.json]
    steps: [{ deploy_source: { path: . } }]
"""


@pytest.fixture
def night(
    request: pytest.FixtureRequest, tmp_path: Path, key_pair: KeyPair
) -> Iterator[WholeNight]:
    """Two pools of one org each, on the ledger of a kind."""
    with whole_night(tmp_path, key_pair, ledger=request.param, steps=STEPS) as made:
        made.write_pool(size=1)
        with (tmp_path / "pool.yaml").open("a", encoding="utf-8") as file:
            file.write(EVENING)
        yield made
        made.world.holds.close()


def build(night: WholeNight, *arguments: str) -> Process:
    """`provisioner build`, started."""
    return Process(night, "build", *arguments, "--time-scale", TIME_SCALE)


def built(night: WholeNight, *arguments: str) -> Ended:
    """`provisioner build`, to its end."""
    return build(night, *arguments).end()


def wait_until_it_says(process: Process, text: str) -> None:
    """Wait until a running process has written this to stderr."""
    while text not in process.said("err"):
        assert process.process.poll() is None, process.said("err")
        time.sleep(0.02)


def builders(night: WholeNight, pool: str) -> set[str]:
    """Who builds the unfinished orgs of a pool."""
    return {org.builder_id for org in rows(night) if org.pool == pool and org.builder_id}


def assert_one_org_in_each_pool(night: WholeNight, *ended: Ended) -> None:
    available = rows(night, State.AVAILABLE)
    assert sorted(org.pool for org in available) == ["evening", "sample"]
    assert not [*leaks(night), *doubles(night), *crashes(night, *ended)]
    assert len(night.hub_rows("ScratchOrgInfo")) == 2


@pytest.mark.parametrize("night", ["postgresql"], indirect=True)
def test_a_killed_build_is_resumed_by_the_next_one_of_its_pool_only(night: WholeNight) -> None:
    night.fault({"route": "deploy.start", "nth": 1}, {"do": "hold"})
    first = build(night, "sample")
    assert first.hold()
    (before,) = builders(night, "sample")
    refused = built(night)
    assert refused.code == 8
    assert "another build holds the pool sample: run " in refused.err
    assert f"process {first.process.pid}, since " in refused.err
    assert "wait for it with --wait" in refused.err
    waiting = build(night, "--wait")
    wait_until_it_says(waiting, "another build holds the pool sample: run ")
    other = built(night, "evening")  # one who waits holds no pool
    assert other.code == 0, other.err
    assert builders(night, "sample") == {before}
    first.process.send_signal(signal.SIGKILL)
    night.world.holds.release()
    ended = waiting.end()
    assert ended.code == 0, ended.err
    assert "resuming 1 org that an earlier build did not finish" in ended.err
    assert before not in builders(night, "sample")
    assert_one_org_in_each_pool(night, first.end(), refused, other, ended)


@pytest.mark.parametrize("night", ["sqlite"], indirect=True)
def test_a_frozen_build_keeps_its_pool_and_others_build_theirs(night: WholeNight) -> None:
    """It is frozen between the intent of a sign-up and its answer, which it never gets: the Dev Hub
    has an org that the ledger knows only by its username."""
    night.fault({"route": "sobjects.create", "org": "hub", "nth": 1}, {"do": "hang", "at": "after"})
    frozen = build(night, "sample")
    assert frozen.hold()
    os.kill(frozen.process.pid, signal.SIGSTOP)
    (before,) = rows(night)
    assert (before.state, before.signup_id) == (State.INTENDED, "")
    other = built(night, "evening")
    assert other.code == 0, other.err
    assert before in rows(night)
    refused = built(night, "sample", "evening")
    assert refused.code == 8
    assert "that process is stopped (SIGSTOP)" in refused.err
    reaped = Process(night, "reap").end()
    assert (reaped.code, reaped.out) == (0, "Nothing to delete.\n")
    assert before.username in night.active()
    os.kill(frozen.process.pid, signal.SIGCONT)
    night.world.holds.release()
    ended = frozen.end()
    assert ended.code == 0, ended.err
    assert_one_org_in_each_pool(night, other, refused, reaped, ended)
