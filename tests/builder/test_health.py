"""A deleted org never reaches a consumer, and never blocks those behind it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from provisioner.ledger import open_ledger
from provisioner.ledger.base import Org, State
from tests.builder.night import Night
from tests.builder.test_interruption import Command

pytestmark = pytest.mark.slow

ALWAYS = "prove_after: 0s"


def kill(night: Night, org: Org) -> None:
    """Let the org end behind everybody's back."""
    night.world.orgs[org.org_id[:15]].end()


def claim(night: Night, *options: str) -> tuple[int, str, str]:
    return Command(night, "claim", "--json", "--owner", "ann", *options).end()


def test_a_claim_proves_an_org_and_hands_out_the_next_when_it_is_dead(night: Night) -> None:
    night.write_pool(pool=ALWAYS, steps="")
    night.build()
    first = min(night.orgs(), key=lambda org: (org.expires_at or datetime.max, org.username))
    for org in night.orgs():
        if org.username == first.username:
            kill(night, org)
    code, out, _ = claim(night)
    assert code == 0
    alive = json.loads(out)["username"]
    assert alive in night.active()
    states = {org.username: org.state for org in night.orgs()}
    assert states[alive] is State.CLAIMED


def test_when_all_orgs_are_deleted_a_claim_gets_none_and_all_are_quarantined(night: Night) -> None:
    night.write_pool(pool=ALWAYS, steps="")
    for org in night.build().built:
        kill(night, org)
    code, _, err = claim(night)
    assert code == 3
    assert err.count("is unusable; the next build replaces it") == 2
    assert len(night.orgs(State.EXPIRED)) == 2
    assert night.build().exit_code == 0
    assert len(night.orgs(State.AVAILABLE)) == len(night.active()) == 2


def test_a_dead_org_claimed_by_name_is_refused_and_says_so(night: Night) -> None:
    night.write_pool(pool=ALWAYS, steps="")
    org = night.build().built[0]
    kill(night, org)
    code, out, err = claim(night, org.username)
    assert code == 3
    assert "is unusable; the next build replaces it" in err
    assert "expired" in json.loads(out)["error"]["message"]


def test_a_recent_verification_is_not_repeated(night: Night) -> None:
    night.write_pool(steps="")
    night.build()
    before = night.requests("oauth.token")
    assert claim(night)[0] == 0
    assert night.requests("oauth.token") == before


def test_an_org_that_cannot_be_checked_stays_available(night: Night) -> None:
    night.write_pool(pool=ALWAYS, steps="")
    night.build()
    night.server.stop()
    code, out, err = claim(night)
    assert code == 0
    assert json.loads(out)["state"] == "claimed"
    assert "could not be verified" in err
    assert night.orgs(State.EXPIRED) == []


def test_status_prove_sets_deleted_orgs_aside_and_dates_active_ones(night: Night) -> None:
    night.write_pool(steps="")
    deleted, active = night.build().built
    kill(night, deleted)
    code, out, err = Command(night, "status", "--prove", "--json").end()
    assert code == 0
    assert deleted.username in err
    states = {org["username"]: org["state"] for org in json.loads(out)["pools"][0]["orgs"]}
    assert states == {deleted.username: "expired", active.username: "available"}
    (row,) = night.orgs(State.AVAILABLE)
    assert row.proven_at
    assert active.proven_at
    assert row.proven_at > active.proven_at


def test_a_build_replaces_orgs_that_somebody_deleted_on_the_dev_hub(night: Night) -> None:
    night.write_pool(steps="")
    deleted = night.build().built[0]
    kill(night, deleted)
    result = night.build()
    assert len(result.built) == 1
    assert any(deleted.username in text for text in night.watcher.messages)
    assert sorted(night.active()) == sorted(o.username for o in night.orgs(State.AVAILABLE))


def test_an_org_that_is_not_listed_but_not_known_to_be_deleted_is_left_alone(night: Night) -> None:
    night.write_pool(steps="")
    org = night.build().built[0]
    store = night.world.hub.store
    for row in night.hub_rows("ScratchOrgInfo"):
        if row["SignupUsername"] == org.username:
            store.delete("ScratchOrgInfo", row["Id"])
    night.build()
    assert org.username in [row.username for row in night.orgs(State.AVAILABLE)]


def test_an_org_close_to_its_end_is_replaced(night: Night) -> None:
    night.write_pool(steps="", size=1)
    (org,) = night.build().built
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory)
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert ledger.change(ledger.get(org.username) or org, expires_at=soon) is not None
    ledger.close()
    (row,) = night.hub_rows("ScratchOrgInfo")
    day = {"ExpirationDate": f"{soon:%Y-%m-%d}"}
    night.world.hub.store.set_fields("ScratchOrgInfo", row["Id"], day)
    assert len(night.build().built) == 1
    assert org.username not in night.active()
