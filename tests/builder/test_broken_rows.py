"""With one broken row in the ledger, all commands continue, and no org is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from provisioner.ledger.base import Org, State
from tests.builder.night import Night
from tests.proof import here

pytestmark = pytest.mark.slow

BREAKS = [("state", "vanished"), ("expires_at", "soon"), ("users", "{"), ("step", "two")]
NAMELESS = ("username", b"\xff\xfe")


def break_row(night: Night, org: Org, column: str, value: Any) -> None:
    """Write into the row what no code of ours writes."""
    with closing(sqlite3.connect(night.folder / ".provisioner" / "ledger.db")) as file, file:
        file.execute(f"UPDATE org SET {column} = ? WHERE username = ?", (value, org.username))


def run(night: Night, *arguments: str) -> tuple[Any, str]:
    """What a command prints as JSON, and what it says."""
    done = here.run(night, *arguments, "--json")
    assert done.code == 0, (done.out, done.err)
    return done.document, done.err


@pytest.mark.parametrize(("column", "value"), BREAKS)
def test_the_row_is_reported_and_replaced_and_its_org_is_left_to_its_user(
    night: Night, column: str, value: Any
) -> None:
    night.write_pool(size=2)
    broken, sound = night.build().built
    break_row(night, broken, column, value)

    document, err = run(night, "status")
    assert [org["username"] for org in document["pools"][0]["orgs"]] == [sound.username]
    assert [row["username"] for row in document["broken"]] == [broken.username]
    assert document["broken"][0]["why"].startswith(f"{column} ")
    assert f"(got {value!r})" in document["broken"][0]["why"]
    assert err == ""
    document, err = run(night, "plan")
    assert f"{broken.username}: its row in the ledger is broken: {column} " in err
    for option in ("--dry-run", "--kept"):
        document, err = run(night, "reap", option)
        assert document["orgs"] == [], "it is no orphan: its row is there"
        assert broken.username in err

    document, err = run(night, "build", "--time-scale", "0.001")
    assert f"{broken.username}: repaired its broken row in the ledger" in err
    assert document["built"] == 1
    assert {broken.username, sound.username} <= set(night.active())
    assert len(night.active()) == 3
    document, err = run(night, "status")
    assert "broken" not in document
    [failed] = [o for o in document["pools"][0]["orgs"] if o["state"] == "failed"]
    assert failed["username"] == broken.username
    assert f"its row in the ledger was broken: {column} " in failed["error"]


def test_if_a_row_has_no_readable_name_no_org_is_listed_as_an_orphan(night: Night) -> None:
    night.write_pool(size=2)
    broken, sound = night.build().built
    break_row(night, broken, *NAMELESS)
    document, err = run(night, "reap")
    assert document["orgs"] == []
    assert "repair or delete row" in err
    document, err = run(night, "reap", "--rebuild")
    assert document["orgs"] == []
    document, err = run(night, "build", "--time-scale", "0.001")
    assert "repair or delete row" in err
    assert {broken.username, sound.username} <= set(night.active())


def test_what_was_kept_is_shown_and_deleted_on_demand_alone(night: Night) -> None:
    night.write_pool(size=1, steps="- assign_permission_sets: [No_Such_Set]\n")
    night.build(keep_failed=True)
    (kept,) = night.orgs(State.FAILED)
    status = here.run(night, "status")
    assert status.code == 0
    assert "1 failed (1 kept)" in status.out
    assert run(night, "reap")[0]["orgs"] == []
    document, _ = run(night, "reap", "--kept", "--dry-run")
    [found] = document["orgs"]
    assert (found["org"]["username"], found["deleted"]) == (kept.username, False)
    assert found["reason"].startswith("failed, kept: ")
    assert night.active() == [kept.username]
    document, _ = run(night, "reap", "--kept")
    assert [one["deleted"] for one in document["orgs"]] == [True]
    assert night.active() == []
    assert night.orgs(State.DELETED)[0].username == kept.username


def test_a_kept_org_that_is_gone_is_closed_without_being_asked_to(night: Night) -> None:
    night.write_pool(size=1, steps="- assign_permission_sets: [No_Such_Set]\n")
    night.build(keep_failed=True)
    (kept,) = night.orgs(State.FAILED)
    run(night, "reap", "--kept")
    row = night.orgs(State.DELETED)[0]
    assert row.username == kept.username
    break_row(night, kept, "kept", 1)
    break_row(night, kept, "state", "failed")  # as if another program had deleted the org
    document, _ = run(night, "reap")
    assert [one["reason"] for one in document["orgs"]] == ["no longer on the Dev Hub"]
    assert night.orgs(State.FAILED) == []
