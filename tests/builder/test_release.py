"""An org that is given back is deleted at once, or by the next build when that cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioner.ledger.base import Org, State
from tests.builder.night import Night
from tests.builder.test_interruption import Command

pytestmark = pytest.mark.slow


@pytest.fixture
def held(night: Night) -> Org:
    """A claimed org."""
    night.write_pool(size=2)
    night.build()
    code, out, err = Command(night, "claim", "--json", "--owner", "ann").end()
    assert code == 0, err
    (org,) = night.orgs(State.CLAIMED)
    assert json.loads(out)["username"] == org.username
    return org


def release(night: Night, org: Org, *options: str) -> tuple[dict[str, Any], str]:
    """JSON and stderr of a release that must succeed."""
    code, out, err = Command(
        night, "release", org.username, "--owner", "ann", "--json", *options
    ).end()
    assert code == 0, err
    return json.loads(out), err


def test_a_released_org_is_deleted_and_the_next_build_replaces_it(night: Night, held: Org) -> None:
    document, err = release(night, held)
    assert (document["state"], err) == ("deleted", "")
    assert held.username not in night.active()
    assert len(night.active()) == 1
    assert len(night.build().built) == 1
    assert len(night.active()) == 2


def test_releasing_it_again_is_no_error(night: Night, held: Org) -> None:
    release(night, held)
    assert release(night, held)[0]["state"] == "deleted"


def test_a_dev_hub_that_refuses_leaves_it_to_the_next_build(night: Night, held: Org) -> None:
    night.fault(
        {"route": "collections.delete"},
        {"do": "answer", "status": 403, "error": "INSUFFICIENT_ACCESS", "message": "not you"},
    )
    document, err = release(night, held)
    assert document["state"] == "released"
    assert f"{held.username} could not be deleted now: " in err
    assert "not you" in err
    assert held.username in night.active()
    night.build()
    assert held.username not in night.active()


def test_a_dev_hub_out_of_reach_leaves_it_to_the_next_build(night: Night, held: Org) -> None:
    fault = night.fault({"route": "oauth.token"}, {"do": "reset"}, times=0)
    document, err = release(night, held)
    assert document["state"] == "released"
    assert f"{held.username} could not be deleted now: " in err
    night.world.faults.remove(fault)
    night.build()
    assert held.username not in night.active()


def test_one_that_is_killed_between_the_two_is_ended_by_the_next_build(
    night: Night, held: Org
) -> None:
    night.fault({"route": "collections.delete"}, {"do": "hold"})
    command = Command(night, "release", held.username, "--owner", "ann")
    assert night.world.holds.current(wait=30)
    command.process.kill()
    command.end()
    night.world.holds.close()
    assert [org.username for org in night.orgs(State.RELEASED)] == [held.username]
    night.build()
    assert night.orgs(State.RELEASED) == []
    assert held.username not in night.active()


def test_a_reused_one_is_not_deleted(night: Night, held: Org) -> None:
    night.write_pool(size=2, pool="reuse: true\n")
    document, _ = release(night, held, "--reuse")
    assert document["state"] == "available"
    assert held.username in night.active()
