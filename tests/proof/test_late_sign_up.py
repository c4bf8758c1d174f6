"""A sign-up that the Dev Hub receives after its sender was killed never becomes a second org."""

from __future__ import annotations

import time

import pytest

from provisioner.emulator.holds import Hold
from tests.proof.contents import Complete
from tests.proof.here import build, run
from tests.proof.processes import TIME_SCALE, Process
from tests.proof.truth import leaks, unfit, unfull
from tests.proof.whole_night import WholeNight

SIZE = 3
ENDED = {"Active", "Error", "Deleted"}


def killed_at_a_sign_up(night: WholeNight) -> Hold:
    """A build that is killed while one sign-up is in transit; the others have arrived."""
    night.fault({"route": "sobjects.create", "nth": 2}, {"do": "hold"})
    process = Process(night, "build", "--time-scale", TIME_SCALE)
    hold = process.hold()
    assert hold
    while len(night.hub_rows("ScratchOrgInfo")) < SIZE - 1:
        assert process.process.poll() is None
        time.sleep(0.001)
    process.kill()
    return hold


def let_in(night: WholeNight, hold: Hold) -> None:
    """The request arrives now, and the platform carries it out."""
    release(night, hold)
    settle(night)


def settle(night: WholeNight) -> None:
    """Wait until each sign-up has ended; a query of the Dev Hub lets the emulator continue."""
    while {row["Status"] for row in night.hub_rows("ScratchOrgInfo")} - ENDED:
        run(night, "reap", "--dry-run")


def release(night: WholeNight, hold: Hold) -> None:
    """Let a request continue, and wait until the Dev Hub has it."""
    before = len(night.hub_rows("ScratchOrgInfo"))
    night.world.holds.release(hold.number)
    while len(night.hub_rows("ScratchOrgInfo")) == before:
        time.sleep(0.001)  # it is being handled in the emulator's thread


def test_after_the_next_build_sent_it_again(night: WholeNight, whole: Complete) -> None:
    hold = killed_at_a_sign_up(night)
    assert build(night).code == 0
    let_in(night, hold)
    assert not [*unfull(night, SIZE), *leaks(night), *unfit(night, whole)]


@pytest.mark.parametrize("is_first", [True, False], ids=["before it", "after it"])
def test_while_the_next_build_sends_it_again(
    night: WholeNight, whole: Complete, is_first: bool
) -> None:
    """Of two sign-ups with one username only one can live, whichever it is."""
    late = killed_at_a_sign_up(night)
    night.fault({"route": "sobjects.create"}, {"do": "hold"})
    process = Process(night, "build", "--time-scale", TIME_SCALE)
    while len(holds := night.world.holds.current(wait=0.05)) < 2:
        assert process.process.poll() is None
    again = next(hold for hold in holds if hold.number != late.number)
    for hold in (late, again) if is_first else (again, late):
        release(night, hold)
    ended = process.end()
    assert ended.code == 0, ended.err
    settle(night)
    statuses = [row["Status"] for row in night.hub_rows("ScratchOrgInfo")]
    assert sorted(statuses) == ["Active"] * SIZE + ["Error"]
    assert not [*unfull(night, SIZE), *leaks(night), *unfit(night, whole)]


def test_after_its_row_was_closed(night: WholeNight, whole: Complete) -> None:
    """Nothing was there when the row was closed: `reap` finds the org by its ownership tag."""
    hold = killed_at_a_sign_up(night)
    night.write_json("config/project-scratch-def.json", {"edition": "Developer"})
    assert build(night).code == 0
    let_in(night, hold)
    (late,) = leaks(night)
    listed = run(night, "reap", "--dry-run", "--json").document["orgs"]
    wanted = "but active on the Dev Hub"
    orphans = [item["org"]["username"] for item in listed if wanted in item["reason"]]
    assert [name in late for name in orphans] == [True]
    for _ in range(2):  # what was still being signed up when its row was closed is ended, too
        run(night, "reap")
    assert not [*unfull(night, SIZE), *leaks(night)]
