"""Storage is scarce on a Dev Hub: each build deletes what nobody needs any more, and no more."""

from __future__ import annotations

from datetime import timedelta

from provisioner.ledger.base import Claim, Org, State
from provisioner.ledger.devhub.ledger import DevhubLedger
from tests.ledger.world import NOW, add_available, moved, run

from .hub import LedgerHub

DAY = 86_400
EVENT, ORG, RUN = "Provisioner_Event__c", "Provisioner_Org__c", "Provisioner_Run__c"


def build(ledger: DevhubLedger, name: str) -> None:
    """A build that only removes old history."""
    with ledger.builder_lock(run(name), wait=False):
        ledger.prune(None)


def test_changes_without_a_move_go_after_a_day_and_moves_stay(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    org = add_available(ledger, "a@acme.example")
    for _ in range(5):
        changed = ledger.change(org, proven_at=NOW)
        assert changed is not None
        org = changed
    before = ledger.events()
    assert len(hub.records(EVENT)) == len(before) + 5
    build(ledger, "run-1")
    assert len(hub.records(EVENT)) == len(before) + 5

    hub.world.clock.advance(2 * DAY)
    build(ledger, "run-2")
    assert len(hub.records(EVENT)) == len(before)
    assert ledger.events() == before
    assert ledger.get(org.username) == org
    assert ledger.claim(Claim("ann"), now=NOW) is not None


def test_a_deleted_org_goes_after_a_week_with_its_events_and_others_stay(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    kept = add_available(ledger, "kept@acme.example")
    gone = moved(ledger, add_available(ledger, "it's@acme.example"), State.RELEASED)
    moved(ledger, gone, State.DELETED)
    hub.world.clock.advance(6 * DAY)
    build(ledger, "run-1")
    assert len(ledger.orgs(states=State)) == 2

    hub.world.clock.advance(3 * DAY)
    build(ledger, "run-2")
    assert ledger.orgs(states=State) == [kept]
    assert ledger.events(username="it's@acme.example") == []
    assert len(ledger.events(username=kept.username)) == 4
    ledger.add(Org("it's@acme.example", "morning"))


def test_runs_go_after_a_month_except_the_newest(hub: LedgerHub, ledger: DevhubLedger) -> None:
    for number in range(33):
        ledger.finish_run(run(f"old-{number:02}", at=NOW + timedelta(hours=number)))
    hub.world.clock.advance(32 * DAY)
    ledger.finish_run(run("new", at=NOW + timedelta(days=32)))
    ledger.prune(None)
    kept = [known.id for known in ledger.runs(limit=50)]
    assert len(kept) == 30
    assert {"new", "old-32", "old-05"} <= {*kept}
    assert "old-03" not in kept


def test_keep_history_is_how_long_deleted_orgs_and_runs_stay(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    moved(
        ledger,
        moved(ledger, add_available(ledger, "a@acme.example"), State.RELEASED),
        State.DELETED,
    )
    for number in range(31):
        ledger.finish_run(run(f"run-{number:02}", at=NOW + timedelta(hours=number)))
    hub.world.clock.advance(32 * DAY)
    ledger.prune(timedelta(days=40))
    assert (len(ledger.orgs(states=State)), len(ledger.runs(limit=50))) == (1, 31)
    hub.world.clock.advance(10 * DAY)
    ledger.prune(timedelta(days=40))
    assert (len(ledger.orgs(states=State)), len(ledger.runs(limit=50))) == (0, 30)


def test_a_build_with_nothing_to_tidy_asks_once(hub: LedgerHub, ledger: DevhubLedger) -> None:
    build(ledger, "run-0")
    before = hub.mark()
    build(ledger, "run-1")
    routes = [route for _, route in hub.requests(since=before)]
    assert routes.count("composite") == 2  # the lock, and the query for old records
    assert len(routes) <= 6


def test_what_cannot_be_tidied_fails_no_build(hub: LedgerHub) -> None:
    ledger = hub.open(retry_seconds=0.1)
    org = add_available(ledger, "a@acme.example")
    assert ledger.change(org, proven_at=NOW) is not None
    hub.world.clock.advance(2 * DAY)
    busy = {"do": "answer", "status": 503}
    hub.emulated.fault({"route": "collections.delete"}, busy, times=0)
    build(ledger, "run-1")
    assert hub.records("Provisioner_Lease__c") == []
