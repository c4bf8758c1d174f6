"""The ledger goes away in mid-night: the build stops, and no org is lost or somebody else's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioner.emulator.keys import KeyPair
from provisioner.ledger.base import State
from tests.proof.contents import Complete
from tests.proof.here import build, run
from tests.proof.processes import TIME_SCALE, Ended, Process
from tests.proof.truth import crashes, doubles, leaks, rows, unfit, unfull
from tests.proof.whole_night import WholeNight, whole_night

SIZE = 3
PROJECT = "project: acme-proof\n"


def without_ledger(night: WholeNight) -> None:
    """Only the database is gone, with its two companions."""
    for path in (night.folder / ".provisioner").glob("ledger.db*"):
        if not path.name.endswith(".build-lock"):
            path.unlink()


def without_folder(night: WholeNight) -> None:
    """All of the state is gone."""
    shutil.rmtree(night.folder / ".provisioner")


def with_another(night: WholeNight) -> None:
    """Another file stands in the place of the ledger."""
    without_ledger(night)
    (night.folder / ".provisioner/ledger.db").touch()


Loss = Callable[[WholeNight], None]
LOSSES: list[Loss] = [without_ledger, without_folder, with_another]


def lose(night: WholeNight, loss: Loss, **when: Any) -> Ended:
    """A build whose ledger is lost while it waits for an answer."""
    night.write_pool(top=PROJECT)
    night.fault(when, {"do": "hold", "at": "after"})
    process = Process(night, "build", "--time-scale", TIME_SCALE)
    assert process.hold()
    loss(night)
    night.world.holds.release()
    return process.end()


def assert_all_is_well(night: WholeNight, whole: Complete) -> None:
    """Exactly three orgs, complete, and none beside them."""
    assert not [*unfull(night, SIZE), *leaks(night), *doubles(night), *unfit(night, whole)]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_the_build_stops_and_says_so(night: WholeNight, loss: Loss) -> None:
    signed_up = len(night.hub_rows("ScratchOrgInfo"))
    ended = lose(night, loss, route="tree.create", nth=1)
    assert ended.code == 2
    assert "ledger.db" in ended.err
    assert "deleted" in ended.err
    assert not list(crashes(night, ended))
    assert len(night.hub_rows("ScratchOrgInfo")) <= signed_up + SIZE


@pytest.mark.parametrize("loss", LOSSES[:2], ids=lambda loss: loss.__name__)
def test_reap_ends_what_the_new_ledger_does_not_know(
    night: WholeNight, whole: Complete, loss: Loss
) -> None:
    lose(night, loss, route="tree.create", nth=5)
    lost = set(night.active())
    assert lost
    assert build(night).code == 0
    listed = run(night, "reap", "--dry-run", "--json")
    assert {item["org"]["username"] for item in listed.document["orgs"]} == lost
    assert lost <= set(night.active()), "a dry run ends nothing"
    ended = run(night, "reap", "--json")
    assert ended.code == 0, ended.err
    assert_all_is_well(night, whole)


def test_a_ledger_that_is_rebuilt_offers_what_was_complete_and_ends_the_rest(
    night: WholeNight, whole: Complete
) -> None:
    night.write_pool(size=1, top=PROJECT)
    assert build(night).code == 0
    (complete,) = night.active()
    lose(night, without_folder, route="tree.create", nth=1)
    rebuilt = run(night, "reap", "--rebuild", "--json")
    assert not list(crashes(night, rebuilt))
    assert [org.username for org in rows(night, State.AVAILABLE)] == [complete]
    assert not list(leaks(night))
    assert build(night).code == 0
    run(night, "reap")
    assert complete in night.active()
    assert_all_is_well(night, whole)


def test_an_org_in_use_is_not_offered_again_after_its_ledger_was_lost(night: WholeNight) -> None:
    night.write_pool(size=2, top=PROJECT)
    assert build(night).code == 0
    claimed = run(night, "claim", "--json", "--owner", "ann").document["username"]
    night.world.clock.advance(600)  # ann works in it a while after it was proven
    assert run(night, "login", claimed, "--json").code == 0
    without_folder(night)
    run(night, "reap", "--rebuild", "--json")
    assert claimed not in {org.username for org in rows(night, State.AVAILABLE)}
    assert claimed in night.active()


@pytest.fixture
def neighbour(
    night: WholeNight, tmp_path_factory: pytest.TempPathFactory, key_pair: KeyPair
) -> str:
    """A scratch org of another project on the same Dev Hub."""
    folder = tmp_path_factory.mktemp("neighbour")
    other = WholeNight(folder, night.server, key_pair.private_key)
    other.write_pool(size=1, top="project: somebody-elses\n")
    assert build(other).code == 0
    (username,) = other.active()
    return username


def test_orgs_of_others_are_never_touched(
    night: WholeNight, whole: Complete, neighbour: str
) -> None:
    untagged = night.world.add_scratch_org("person@acme.example")
    lose(night, without_folder, route="tree.create", nth=1)
    for command in (
        ("reap", "--rebuild"),
        ("reap",),
        ("build", "--time-scale", TIME_SCALE),
        ("reap",),
    ):
        run(night, *command)
    assert neighbour in night.active()
    assert not untagged.is_over()
    known = {org.username for org in rows(night)}
    assert set(night.active()) == known | {neighbour}


def test_a_copy_in_another_folder_is_no_owner_of_our_orgs(
    night: WholeNight, tmp_path: Path, key_pair: KeyPair
) -> None:
    """Without `project` two checkouts never take each other's orgs for their own."""
    assert build(night).code == 0
    ours = set(night.active())
    with whole_night(_made(tmp_path / "copy"), key_pair) as unused:
        other = WholeNight(unused.folder, night.server, key_pair.private_key)
        assert run(other, "reap", "--json").document["orgs"] == []
    assert set(night.active()) == ours


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
