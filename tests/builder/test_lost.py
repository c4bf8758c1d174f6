"""Canary and breaker in a real build; and what becomes of orgs whose ledger is lost."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from provisioner.builder.connections import Connections
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY
from provisioner.ledger.base import State
from provisioner.upkeep.rebuild import UNKNOWN_OWNER
from tests.builder.night import Night
from tests.builder.test_interruption import Command

pytestmark = pytest.mark.slow

BROKEN = "- assign_permission_sets: [No_Such_Set]\n"


def test_a_canary_that_fails_by_content_costs_one_sign_up_of_five(night: Night) -> None:
    night.write_pool(size=5, steps=BROKEN)
    result = night.build()
    assert result.exit_code == 6
    assert len(night.hub_rows("ScratchOrgInfo")) == 1
    assert "No_Such_Set" in result.stopped_because
    error = result.error()
    assert error is not None
    assert "No_Such_Set" in error.message


def test_without_canary_the_breaker_stops_after_three(night: Night) -> None:
    night.write_pool(
        size=8, steps=BROKEN, pool="canary: false", top="limits: { concurrent_signups: 1 }"
    )
    result = night.build()
    assert result.exit_code == 6
    assert 3 <= len(night.hub_rows("ScratchOrgInfo")) < 8
    assert "3 orgs in a row" in result.stopped_because


def test_a_pool_that_was_built_before_needs_no_canary(night: Night) -> None:
    night.write_pool(size=1)
    night.build()
    night.write_pool(size=6)
    assert len(night.build().built) == 5


def lose_ledger(night: Night) -> None:
    shutil.rmtree(night.folder / ".provisioner")


def reap(night: Night, *options: str) -> list[dict[str, Any]]:
    code, out, err = Command(night, "reap", "--json", *options).end()
    assert code == 0, err
    orgs: list[dict[str, Any]] = json.loads(out)["orgs"]
    return orgs


def foreign_org(night: Night) -> str:
    """A scratch org of somebody else on the same Dev Hub."""
    with Connections(night.config()) as connections:
        hub = connections.hub
        fields = {
            "OrgName": "Somebody else's",
            "Edition": "Developer",
            "Username": "theirs@acme.example",
            "ConnectedAppConsumerKey": DEFAULT_CONSUMER_KEY,
            "ConnectedAppCallbackUrl": "http://localhost:1717/OauthRedirect",
            "Description": '{"provisioner":{"project":"theirs","pool":"sample"}}',
        }
        made = hub.client.create("ScratchOrgInfo", fields)
        while hub.signups([made], [])[0].status != "Active":
            night.world.clock.advance(60)
    return "theirs@acme.example"


def test_orphans_of_a_lost_ledger_are_listed_and_deleted_and_foreign_orgs_are_not(
    night: Night,
) -> None:
    night.build()
    theirs = foreign_org(night)
    lose_ledger(night)
    listed = reap(night, "--dry-run")
    assert len(listed) == 2
    assert all("no row in the ledger" in item["reason"] for item in listed)
    assert len(night.active()) == 3
    assert all(item["deleted"] for item in reap(night))
    assert night.active() == [theirs]


def test_reap_leaves_known_orgs_alone(night: Night) -> None:
    night.build()
    assert reap(night) == []
    assert len(night.active()) == 2


def test_another_project_does_not_take_our_orgs_for_its_own(night: Night) -> None:
    night.write_pool(top="project: acme-one")
    night.build()
    lose_ledger(night)
    night.write_pool(top="project: acme-two")
    assert reap(night) == []
    night.write_pool(top="project: acme-one")
    assert len(reap(night, "--dry-run")) == 2


def test_a_lost_ledger_is_rebuilt_and_the_next_build_creates_nothing(night: Night) -> None:
    before = {org.username: org.fingerprint for org in night.build().built}
    lose_ledger(night)
    assert len(reap(night, "--rebuild")) == 2
    orgs = night.orgs(State.AVAILABLE)
    assert {org.username: org.fingerprint for org in orgs} == before
    assert all(org.expires_at and org.org_id and org.consumer_key for org in orgs)
    assert night.build().wanted == 0
    assert reap(night) == []


def test_an_org_that_somebody_has_logged_in_to_is_never_offered_again(night: Night) -> None:
    night.build()
    used, free = night.orgs(State.AVAILABLE)
    night.world.clock.advance(600)
    with Connections(night.config()) as connections:
        connections.sign_in(used)
    night.world.clock.advance(-600)
    lose_ledger(night)
    reap(night, "--rebuild")
    assert [org.username for org in night.orgs(State.AVAILABLE)] == [free.username]
    (claimed,) = night.orgs(State.CLAIMED)
    assert (claimed.username, claimed.owner) == (used.username, UNKNOWN_OWNER)


def test_an_unfinished_org_of_a_lost_ledger_is_ended_and_not_offered(night: Night) -> None:
    night.write_pool(size=1)
    night.fault({"route": "tree.create"}, {"do": "hold"})
    command = Command(night, "build", "--time-scale", "0.002")
    assert night.world.holds.current(wait=30)
    command.process.kill()
    command.end()
    night.world.holds.close()
    lose_ledger(night)
    (rebuilt,) = reap(night, "--rebuild")
    assert "not complete" in rebuilt["how"]
    assert night.build().exit_code == 0
    (available,) = night.orgs(State.AVAILABLE)
    assert night.active() == [available.username] != [rebuilt["org"]["username"]]


def test_an_active_org_whose_row_is_closed_is_deleted(night: Night) -> None:
    night.write_pool(size=1)
    night.build()
    (org,) = night.orgs()
    from provisioner.ledger import open_ledger

    config = night.config()
    ledger = open_ledger(config.ledger, config.directory)
    released = ledger.move(org, State.RELEASED)
    assert released is not None
    assert ledger.move(released, State.DELETED) is not None
    ledger.close()
    (item,) = reap(night)
    assert "but active on the Dev Hub" in item["reason"]
    assert night.active() == []


def test_the_unclaimed_orgs_of_a_removed_pool_are_deleted_on_request(night: Night) -> None:
    """No build deletes them: another pool.yaml with the same ledger may have the pool."""
    night.write_pool(size=2, steps="")
    assert night.build().exit_code == 0
    claimed, available = sorted(org.username for org in night.orgs())
    assert Command(night, "claim", claimed).end()[0] == 0
    path = night.folder / "pool.yaml"
    path.write_text(path.read_text("utf-8").replace("  sample:", "  other:"), encoding="utf-8")
    assert reap(night) == []
    (listed,) = reap(night, "--removed-pool", "sample", "--dry-run")
    assert listed["reason"] == "pool.yaml does not have the pool sample"
    (deleted,) = reap(night, "--removed-pool", "sample")
    assert (deleted["org"]["username"], deleted["deleted"]) == (available, True)
    assert night.active() == [claimed]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--removed-pool", "sample"],
            "error: --removed-pool: pool.yaml has the pool sample\nhint: remove the pool from "
            "pool.yaml first, so that no build fills it again\n",
        ),
        (
            ["--removed-pool", "old"],
            "error: --removed-pool: the ledger has no orgs of a pool old\n",
        ),
        (
            ["--removed-pool", "old", "--rebuild"],
            "error: --removed-pool cannot be used with --rebuild\n",
        ),
    ],
)
def test_only_a_pool_that_was_removed_is_emptied(
    night: Night, options: list[str], message: str
) -> None:
    assert Command(night, "reap", *options).end() == (2, "", message)
