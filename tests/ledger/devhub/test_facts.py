"""Facts on the Dev Hub are beside the lock of a build: neither is taken for the other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.errors import BusyError, LedgerError
from provisioner.ledger.devhub import facts as devhub_facts
from provisioner.ledger.devhub.build_lock import find, unlock
from provisioner.ledger.devhub.ledger import DevhubLedger
from provisioner.ledger.facts import HubFacts
from provisioner.ledger.transfer import Contents
from tests.ledger.world import run

from .hub import CONSUMER, LedgerHub

SUBJECT = "hub@acme.example key"
FACTS = HubFacts(sign_up_way="deployed", sign_up_way_reason="sign-up: C-1016")
LEASE, RUN = "Provisioner_Lease__c", "Provisioner_Run__c"
MONTHS = 32 * 86_400


def taken() -> dict[str, object]:
    """The refusal of an insert that came second."""
    text = "duplicate value found: Key__c duplicates value on record with id: a01000000000001"
    return {"do": "answer", "status": 400, "error": "DUPLICATE_VALUE", "message": text}


def test_facts_are_no_lock_of_a_build(hub: LedgerHub, ledger: DevhubLedger) -> None:
    ledger.record_facts(SUBJECT, FACTS)
    assert find(ledger.session) is None
    with pytest.raises(LedgerError, match="no build holds the lock of the ledger"):
        unlock(ledger.session, "run-1")
    with ledger.builder_lock(run("run-1"), wait=False):
        ledger.record_facts(SUBJECT, replace(FACTS, can_delete=True))
        ledger.record_facts("another", FACTS)
        assert len(hub.records(LEASE)) == 3
        with pytest.raises(BusyError, match="run run-1"):
            hub.open().builder_lock(run("run-2"), wait=False).__enter__()
        assert unlock(hub.open().session, "run-1")["run"] == "run-1"
    assert len(hub.records(LEASE)) == 2
    assert ledger.facts(SUBJECT) == replace(FACTS, can_delete=True)


def test_facts_are_no_runs_and_stay_when_old_records_are_deleted(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    ledger.record_facts(SUBJECT, FACTS)
    assert hub.records(RUN) == []  # an earlier version counts and deletes whatever is there
    hub.world.clock.advance(MONTHS)
    with ledger.builder_lock(run("run-1"), wait=False):
        pass
    assert [one.id for one in ledger.runs(limit=1)] == ["run-1"]
    assert ledger.facts(SUBJECT) == FACTS


def test_the_second_of_two_first_records_takes_the_place_of_the_first(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    hub.emulated.fault({"route": "sobjects.upsert"}, taken())
    ledger.record_facts(SUBJECT, FACTS)
    assert ledger.facts(SUBJECT) == FACTS


def test_a_key_that_is_always_taken_is_an_error(hub: LedgerHub, ledger: DevhubLedger) -> None:
    hub.emulated.fault({"route": "sobjects.upsert"}, taken(), times=0)
    with pytest.raises(LedgerError, match="DUPLICATE_VALUE"):
        ledger.record_facts(SUBJECT, FACTS)


@pytest.mark.parametrize("content", [None, "", "{", "[]", "7", '{"subject": "x"}', "[" * 20_000])
def test_a_record_that_cannot_be_read_says_nothing(
    hub: LedgerHub, ledger: DevhubLedger, content: str | None
) -> None:
    ledger.record_facts(SUBJECT, FACTS)
    [record] = hub.records(LEASE)
    hub.world.hub.store.set_fields(LEASE, record["Id"], {"Holder__c": content})
    assert ledger.facts(SUBJECT) == HubFacts()
    assert ledger.contents() == Contents()


def test_nothing_is_known_to_a_user_who_may_not_read_it(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    ledger.record_facts(SUBJECT, FACTS)
    hub.add_user()
    hub.install(consumers=[CONSUMER])
    consumer = hub.open(CONSUMER)
    assert consumer.facts(SUBJECT) == HubFacts()
    with pytest.raises(LedgerError) as caught:
        consumer.record_facts(SUBJECT, FACTS)
    assert caught.value.code == "hub_permission"


def test_a_dev_hub_that_does_not_answer_is_an_error(hub: LedgerHub) -> None:
    ledger = hub.open(retry_seconds=0.0)
    hub.emulated.fault({"route": "query"}, {"do": "reset"}, times=0)
    with pytest.raises(LedgerError) as caught:
        ledger.facts(SUBJECT)
    assert caught.value.code == "ledger_unreachable"


def test_a_copy_to_the_dev_hub_replaces_facts_and_puts_them_back_when_it_fails(
    hub: LedgerHub, ledger: DevhubLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.record_facts(SUBJECT, FACTS)
    ledger.record_facts("another", FACTS)
    copied = HubFacts(sign_up_way="replicated")
    contents = Contents(runs=(run("run-1"),), facts=(("a new one", FACTS), (SUBJECT, copied)))

    with monkeypatch.context() as patched:
        patched.setattr("provisioner.ledger.devhub.transfer.run_record", lambda _run: {})
        with pytest.raises(LedgerError):
            ledger.fill(contents)
    assert ledger.contents() == Contents(facts=(("another", FACTS), (SUBJECT, FACTS)))

    ledger.fill(contents)
    facts = (("a new one", FACTS), ("another", FACTS), (SUBJECT, copied))
    assert ledger.contents() == replace(contents, facts=facts)
    assert devhub_facts.read_all(ledger.session) == facts
    assert len(hub.records(LEASE)) == 3
