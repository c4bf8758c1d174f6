"""Old orgs stay until new ones stand in for them, whatever becomes of these."""

from __future__ import annotations

from provisioner.ledger.base import State
from tests.proof.here import build, run
from tests.proof.scenes import SIZE
from tests.proof.truth import leaks, rows, unfull
from tests.proof.whole_night import WholeNight


def renamed(night: WholeNight) -> None:
    """Another org definition: all orgs are to be renewed."""
    definition = night.folder / "config/project-scratch-def.json"
    text = definition.read_text(encoding="utf-8")
    definition.write_text(text.replace("Visit Planner", "Another name"), encoding="utf-8")


def test_successors_that_fail_leave_the_old_ones_where_they_are(night: WholeNight) -> None:
    assert build(night).code == 0
    old = {org.username for org in rows(night, State.AVAILABLE)}
    renamed(night)
    error = {"do": "error", "error": "INVALID_PACKAGE", "message": "no good"}
    night.fault({"operation": "deploy"}, error, times=0)
    assert build(night).code == 6
    assert {org.username for org in rows(night, State.AVAILABLE)} == old
    assert not [*unfull(night, SIZE), *leaks(night)]


def test_as_many_old_ones_go_as_new_ones_came(night: WholeNight) -> None:
    assert build(night).code == 0
    old = {org.username for org in rows(night, State.AVAILABLE)}
    renamed(night)
    night.write_pool(pool="replacements: 0")
    night.fault({"operation": "signup", "nth": 2}, {"do": "error", "error": "C-1017"})
    assert build(night).code == 6
    available = {org.username for org in rows(night, State.AVAILABLE)}
    assert len(available) == SIZE
    assert len(available & old) == 1
    assert not list(leaks(night))


def test_a_claimed_org_is_never_renewed(night: WholeNight) -> None:
    assert build(night).code == 0
    claimed = run(night, "claim", "--json", "--owner", "ann").document["username"]
    renamed(night)
    assert build(night).code == 0
    assert [org.username for org in rows(night, State.CLAIMED)] == [claimed]
    assert not list(unfull(night, SIZE, claimed=1))
