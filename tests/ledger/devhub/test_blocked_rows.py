"""A row whose next change is recorded already blocks no other, and one claim sends few requests."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioner.claim.rules import claim
from provisioner.errors import NoOrgError
from provisioner.ledger.base import Claim, State
from provisioner.ledger.devhub import claims as devhub_claims
from provisioner.ledger.devhub.ledger import DevhubLedger
from tests.ledger.breaking import block_row
from tests.ledger.world import NOW, World, add_available, run

from .hub import LedgerHub

HOUR = timedelta(hours=1)
MOST = 12


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody sleeps between two attempts."""
    monkeypatch.setattr(devhub_claims, "_FIRST_WAIT", 0.0)


def add_blocked(world: World, ledger: DevhubLedger, name: str) -> str:
    """An available org whose row cannot be claimed, before all others."""
    org = add_available(ledger, f"{name}@acme.example", life=20 * HOUR)
    block_row(world, org.username, org.version + 1)
    return org.username


def test_claims_take_what_is_behind_it_and_tell_of_it(
    world_of_hub: World, hub: LedgerHub, ledger: DevhubLedger
) -> None:
    blocked = add_blocked(world_of_hub, ledger, "blocked")
    for number in range(3):
        add_available(ledger, f"org-{number}@acme.example", life=40 * HOUR)
    won = set()
    for number in range(3):
        consumer, before = hub.open(), hub.mark()
        org = consumer.claim(Claim(f"owner-{number}"), now=NOW)
        assert org is not None
        won.add(org.username)
        assert len(hub.requests(since=before)) <= MOST
        assert [row.username for row in consumer.broken()] == [blocked]
    assert won == {f"org-{number}@acme.example" for number in range(3)}
    assert ledger.get(blocked) in ledger.orgs(states=[State.AVAILABLE])


@pytest.mark.parametrize(("count", "most"), [(1, 6), (4, MOST), (60, MOST)])
def test_when_no_row_can_be_claimed_a_claim_ends_soon_and_tries_none_twice(
    world_of_hub: World, hub: LedgerHub, ledger: DevhubLedger, count: int, most: int
) -> None:
    for number in range(count):
        add_blocked(world_of_hub, ledger, f"blocked-{number}")
    consumer, before = hub.open(), hub.mark()
    with pytest.raises(NoOrgError):
        claim(consumer, owner="ann", now=lambda: NOW)
    assert len(hub.requests(since=before)) <= most
    assert consumer.broken()
    assert not [org for org in ledger.orgs() if org.state is State.CLAIMED]


def test_it_is_seen_without_a_claim_and_repaired_by_a_build(
    world_of_hub: World, hub: LedgerHub, ledger: DevhubLedger
) -> None:
    blocked = add_blocked(world_of_hub, ledger, "blocked")
    block_row(world_of_hub, blocked, 9)
    add_available(ledger, "sound@acme.example")
    [row] = ledger.broken(ledger.orgs())
    assert row.username == blocked
    assert "its change to version 4 is refused" in row.why
    with ledger.builder_lock(run("run-9"), wait=False):
        assert ledger.repair(ledger.orgs()) == [row]
    assert ledger.broken(ledger.orgs()) == []
    org = ledger.claim(Claim("ann"), now=NOW)
    assert org is not None
    assert (org.username, org.fence, org.version) == (blocked, 1, 11)
    assert ledger.get(blocked) == org


def test_a_row_that_another_takes_meanwhile_is_not_called_broken(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    org = add_available(ledger, "a@acme.example")
    seen = ledger.orgs()
    assert ledger.change(org, step=1) is not None
    assert ledger.broken(seen) == []


def test_a_healthy_ledger_is_checked_with_one_request_for_a_hundred_rows(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    for number in range(5):
        add_available(ledger, f"org-{number}@acme.example")
    rows, before = ledger.orgs(), hub.mark()
    assert ledger.broken(rows) == []
    assert len(hub.requests(since=before)) == 1


def test_a_record_without_a_username_blocks_nobody_and_is_for_a_hand_to_repair(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    org = add_available(ledger, "nameless@acme.example", life=20 * HOUR)
    add_available(ledger, "sound@acme.example", life=40 * HOUR)
    [record] = [r for r in hub.records("Provisioner_Org__c") if r["Username__c"] == org.username]
    hub.world.hub.store.set_fields("Provisioner_Org__c", record["Id"], {"Username__c": None})
    found = ledger.claim(Claim("ann"), now=NOW)
    assert found is not None
    assert found.username == "sound@acme.example"
    [broken] = ledger.broken()
    assert (broken.username, broken.name) == ("", f"the record {record['Id']}")
    assert f"repair or delete the record {record['Id']} by hand" in str(broken)
    with ledger.builder_lock(run("run-9"), wait=False):
        assert ledger.repair(ledger.orgs()) == []
    assert ledger.broken() == [broken]
