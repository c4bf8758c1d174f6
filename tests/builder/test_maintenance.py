"""An org that answers as a deleted one does may live: nothing is destroyed on such an answer."""

from __future__ import annotations

import json

import pytest

from provisioner.ledger.base import Org, State
from provisioner.retry import CALL
from provisioner.upkeep.rebuild import UNKNOWN_OWNER
from tests.builder.night import Night
from tests.builder.test_health import claim, kill
from tests.builder.test_interruption import Command
from tests.builder.test_lost import lose_ledger, reap

pytestmark = pytest.mark.slow

MAINTENANCE = {"do": "answer", "status": 420}
RETRY = {"do": "answer", "status": 400, "error": "unknown_error", "message": "retry your request"}
INACTIVE = {"do": "answer", "status": 400, "error": "inactive_org", "message": "org is locked"}
LOCKED = {"do": "answer", "status": 403, "error": "ORG_LOCKED", "message": "org is locked"}
LOGINS = {"route": "oauth.token", "subject": "^sample-"}
ALWAYS = "prove_after: 0s"


def questions(night: Night) -> int:
    """How often the Dev Hub was asked which orgs are active."""
    counts = night.world.log.counts()
    return counts.get("hub", {}).get("query", 0)


def unlucky(night: Night) -> Org:
    """The org that a claim comes upon first; of equal ones, the first in the ledger."""
    return min(night.orgs(), key=lambda org: str(org.expires_at))


@pytest.mark.parametrize("answer", [MAINTENANCE, RETRY, INACTIVE])
def test_a_new_org_that_is_not_ready_for_logins_is_waited_for(
    night: Night, answer: dict[str, object]
) -> None:
    night.fault(LOGINS, answer, times=12)
    result = night.build()
    assert (result.exit_code, len(result.built), result.failed) == (0, 2, ())


@pytest.mark.parametrize("answer", [MAINTENANCE, LOCKED])
def test_an_org_in_maintenance_continues_with_the_same_step(
    night: Night, answer: dict[str, object]
) -> None:
    night.fault({"org": "scratch", "path": "deployRequest|tree|sobjects"}, answer, times=24)
    result = night.build()
    assert (result.exit_code, len(result.built), result.failed) == (0, 2, ())


def test_an_org_that_is_verified_in_maintenance_is_verified_later(night: Night) -> None:
    night.write_pool(steps="")
    night.fault({"org": "scratch", "route": "query"}, MAINTENANCE, times=12)
    result = night.build()
    assert (result.exit_code, len(result.built), result.failed) == (0, 2, ())


def test_maintenance_that_does_not_end_leaves_the_org_to_the_next_build(night: Night) -> None:
    night.write_pool(size=1, pool="replacements: 1")
    refusal = night.fault({"org": "scratch", "route": "deploy.start"}, MAINTENANCE, times=0)
    result = night.build()
    assert (result.exit_code, result.failed, len(result.unconfirmed)) == (6, (), 1)
    (org,) = night.orgs(State.BUILDING)
    assert night.active() == [org.username]
    assert "under maintenance" in org.error
    night.world.faults.remove(refusal)
    assert night.build().exit_code == 0
    (row,) = night.orgs(State.AVAILABLE)
    assert (row.username, row.error) == (org.username, "")


def test_a_canary_that_is_left_is_followed_by_the_next(night: Night) -> None:
    night.write_pool(size=4, steps="- deploy_source: { path: . }")
    night.fault({"route": "deploy.start"}, MAINTENANCE, times=21)
    result = night.build()
    assert (len(result.built), len(result.unconfirmed)) == (3, 1)


def test_an_org_that_refuses_for_two_nights_is_given_up_and_replaced(night: Night) -> None:
    night.write_pool(size=1, pool="replacements: 1")
    refusal = night.fault({"org": "scratch", "route": "deploy.start"}, MAINTENANCE, times=0)
    night.build()
    (org,) = night.orgs(State.BUILDING)
    night.world.faults.remove(refusal)
    night.fault({"org": org.org_id, "route": "deploy.start"}, MAINTENANCE, times=0)
    result = night.build()
    assert [failed.username for failed in result.failed] == [org.username]
    assert org.username not in night.active()
    assert len(night.orgs(State.AVAILABLE)) == 1


def test_the_dev_hub_in_maintenance_ends_no_sign_up(night: Night) -> None:
    polls = [*range(2, 18)]  # each is sent four times; the first query is the survey
    night.fault({"org": "hub", "route": "query", "nth": polls}, MAINTENANCE, times=16)
    result = night.build()
    assert (result.exit_code, len(result.built), result.failed) == (0, 2, ())


def test_a_refused_poll_fails_no_sign_up(night: Night) -> None:
    denied = {"do": "answer", "status": 403, "error": "INSUFFICIENT_ACCESS", "message": "no"}
    night.fault({"org": "hub", "route": "query", "nth": [2, 3]}, denied, times=2)
    result = night.build()
    assert (result.exit_code, len(result.built), result.failed) == (0, 2, ())


def test_an_org_that_was_deleted_is_replaced_as_soon_as_the_dev_hub_says_so(night: Night) -> None:
    """Both end in the same step: one request asks about both."""
    night.write_pool(steps="- deploy_source: { path: . }")
    night.fault({"route": "deploy.start"}, {"do": "hold"}, {"do": "hold"})
    command = Command(night, "build", "--json", "--time-scale", "0.002")
    while len(night.world.holds.current(wait=30)) < 2:
        pass
    doomed = set(night.active())
    for org in list(night.world.orgs.values()):
        if org is not night.world.hub:
            org.end()
    night.world.holds.release()
    code, out, _ = command.end()
    assert code == 0, out
    assert len(night.orgs(State.AVAILABLE)) == 2
    assert not doomed & set(night.active())
    reasons = [org.error for org in night.orgs(State.DELETED)]
    assert len(reasons) == 2
    assert all("the Dev Hub reports the org as deleted" in reason for reason in reasons)


def test_status_prove_quarantines_no_org_for_420_and_asks_once_for_all(night: Night) -> None:
    night.write_pool(size=3, steps="")
    dead = night.build().built[0]
    kill(night, dead)
    night.fault(LOGINS, MAINTENANCE, times=0)
    before = questions(night)
    code, out, err = Command(night, "status", "--prove", "--json").end()
    assert code == 0
    states = [org["state"] for org in json.loads(out)["pools"][0]["orgs"]]
    assert sorted(states) == ["available", "available", "expired"]
    assert err.count("could not be verified") == 2
    assert err.count("the next build replaces it") == 1
    assert questions(night) - before == 2, "one for all, and one for what is not active"


def test_without_an_answer_of_the_dev_hub_no_org_is_quarantined(night: Night) -> None:
    night.write_pool(steps="")
    for org in night.build().built:
        kill(night, org)
    night.fault({"route": "oauth.token", "subject": "^(?!sample-)"}, MAINTENANCE, times=0)
    code, _, err = Command(night, "status", "--prove").end()
    assert (code, err.count("the next build replaces it")) == (0, 0)
    assert "the Dev Hub did not say whether it is deleted" in err
    assert len(night.orgs(State.AVAILABLE)) == 2


def test_a_claim_leaves_an_org_in_maintenance_and_takes_the_next(night: Night) -> None:
    night.write_pool(pool=ALWAYS, steps="")
    night.build()
    first = unlucky(night)
    night.fault({"route": "oauth.token", "subject": first.username}, MAINTENANCE, times=0)
    code, out, err = claim(night, "--idempotency-key", "job-7")
    assert code == 0
    assert json.loads(out)["username"] != first.username
    assert f"{first.username} cannot be used now" in err
    rows = {org.username: org for org in night.orgs()}
    assert (rows[first.username].state, rows[first.username].owner) == (State.AVAILABLE, "")
    again = json.loads(claim(night, "--idempotency-key", "job-7")[1])
    assert again["username"] == json.loads(out)["username"]


def test_an_org_whose_identity_cannot_be_asked_is_left_too(night: Night) -> None:
    night.write_pool(pool=ALWAYS, steps="")
    night.build()
    night.fault({"path": "^/id/|userinfo"}, MAINTENANCE, times=2 * CALL.tries)
    first = unlucky(night)
    code, out, _ = claim(night)
    assert code == 0
    assert json.loads(out)["username"] != first.username
    assert [org.username for org in night.orgs(State.AVAILABLE)] == [first.username]


def test_when_all_orgs_are_in_maintenance_a_claim_gets_none_and_deletes_none(night: Night) -> None:
    night.write_pool(pool=ALWAYS, steps="")
    night.build()
    night.fault(LOGINS, MAINTENANCE, times=0)
    code, out, _ = claim(night)
    assert code == 3
    error = json.loads(out)["error"]
    assert "2 available orgs refused the login" in error["message"]
    assert "maintenance" in error["message"]
    code, out, _ = claim(night, unlucky(night).username)
    assert code == 3
    assert len(night.orgs(State.AVAILABLE)) == len(night.active()) == 2


def test_a_rebuild_deletes_no_org_that_refuses_the_login(night: Night) -> None:
    night.write_pool(steps="")
    night.build()
    lose_ledger(night)
    fault = night.fault(LOGINS, MAINTENANCE, times=0)
    assert all("the login failed" in item["how"] for item in reap(night, "--rebuild"))
    night.world.faults.remove(fault)
    assert [org.owner for org in night.orgs(State.CLAIMED)] == [UNKNOWN_OWNER] * 2
    assert reap(night) == []
    assert len(night.active()) == 2
