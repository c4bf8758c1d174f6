"""A change is an event with a unique key and the row, in one transaction: once or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioner.errors import LedgerError
from provisioner.ledger.base import Claim, Org, State
from provisioner.ledger.devhub.ledger import DevhubLedger
from tests.ledger.world import NOW, World, add_available, moved

from .hub import LedgerHub

COMPOSITE = {"route": "composite"}
CANDIDATES_QUERY = {"do": "pass"}  # a claim starts with a query, also a composite request
RESET_AFTER = {"do": "reset", "at": "after"}
RESET_BEFORE = {"do": "reset", "at": "before"}
BUSY = {"do": "answer", "status": 503}
LOCKED = {
    "do": "answer",
    "status": 400,
    "error": "UNABLE_TO_LOCK_ROW",
    "message": "unable to obtain exclusive access to this record",
}
MAINTENANCE = {"do": "answer", "status": 420}
RETRY = {"do": "answer", "status": 400, "error": "UNKNOWN_ERROR", "message": "retry your request"}
TROUBLES = [
    [RESET_AFTER],
    [RESET_BEFORE],
    [BUSY, BUSY],
    [LOCKED],
    [BUSY, RESET_AFTER],
    [MAINTENANCE, RETRY],
]
IDS = [
    "answer lost",
    "request lost",
    "busy",
    "row locked",
    "busy and answer lost",
    "in maintenance",
]


def claims_in(ledger: DevhubLedger, username: str) -> int:
    """How often an org was claimed."""
    return [event.to_state for event in ledger.events(username=username)].count("claimed")


@pytest.mark.parametrize("before", [[], [CANDIDATES_QUERY]], ids=["of the query", "of the write"])
@pytest.mark.parametrize("then", TROUBLES, ids=IDS)
def test_a_claim_is_made_once_whatever_becomes_of_request_and_answer(
    hub: LedgerHub, ledger: DevhubLedger, then: list[dict[str, Any]], before: list[dict[str, Any]]
) -> None:
    add_available(ledger, "a@acme.example")
    add_available(ledger, "b@acme.example")
    hub.emulated.fault(COMPOSITE, *before, *then)
    org = ledger.claim(Claim("ann"), now=NOW)
    assert org is not None
    assert (org.fence, ledger.get(org.username)) == (1, org)
    assert claims_in(ledger, org.username) == 1
    assert len(ledger.orgs(states=[State.CLAIMED])) == 1


@pytest.mark.parametrize("then", TROUBLES, ids=IDS)
def test_a_row_is_added_once_whatever_becomes_of_request_and_answer(
    hub: LedgerHub, ledger: DevhubLedger, then: list[dict[str, Any]]
) -> None:
    hub.emulated.fault(COMPOSITE, *then)
    ledger.add(Org("a@acme.example", "morning"))
    assert [event.to_state for event in ledger.events()] == ["intended"]
    with pytest.raises(ValueError, match=r"a row for a@acme\.example already"):
        ledger.add(Org("a@acme.example", "morning"))


def test_a_change_that_another_made_meanwhile_is_not_taken_for_ours(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    """Our request is lost on its way; before its repetition arrives, another changes the row."""
    org = add_available(ledger, "a@acme.example")
    hub.emulated.fault(COMPOSITE, CANDIDATES_QUERY, RESET_BEFORE, {"do": "hold", "at": "before"})
    other = hub.open()
    with ThreadPoolExecutor(1) as threads:
        ours = threads.submit(ledger.claim, Claim("ann"), now=NOW)
        assert hub.world.holds.current(wait=60)
        theirs = other.claim(Claim("bob"), now=NOW)
        hub.world.holds.release()
        assert ours.result(timeout=60) is None
    assert theirs is not None
    assert theirs.owner == "bob"
    assert claims_in(ledger, org.username) == 1


@pytest.mark.parametrize("at", ["before", "after"])
def test_a_claimer_killed_while_the_dev_hub_acts_loses_no_org(
    world_of_hub: World, hub: LedgerHub, ledger: DevhubLedger, at: str
) -> None:
    """The same key gives the one org, whether the Dev Hub had acted or not."""
    for number in range(3):
        add_available(ledger, f"org-{number}@acme.example")
    hub.emulated.fault(COMPOSITE, CANDIDATES_QUERY, {"do": "hold", "at": at})
    claimer = world_of_hub.start("stopped_claimer.py", "after")
    assert hub.world.holds.current(wait=60)
    claimer.kill()
    claimer.communicate(timeout=60)
    if at == "after":  # the Dev Hub has done it, and nobody hears the answer
        assert len(ledger.orgs(states=[State.CLAIMED])) == 1
    hub.world.holds.release()

    org = ledger.claim(Claim("ann", idempotency_key="job-1"), now=NOW)
    assert org is not None
    assert (org.username, org.fence) == ("org-0@acme.example", 1)
    assert claims_in(ledger, org.username) == 1
    assert len(ledger.orgs(states=[State.CLAIMED])) == 1


def test_a_request_of_a_dead_claimer_that_arrives_late_gives_the_key_no_second_org(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    """The Dev Hub holds a claim back; its repetition is answered; then the first one acts."""
    for number in range(3):
        add_available(ledger, f"org-{number}@acme.example")
    claim = Claim("ann", idempotency_key="job-1")
    hub.emulated.fault(COMPOSITE, CANDIDATES_QUERY, {"do": "hold", "at": "before"})
    with ThreadPoolExecutor(1) as threads:
        late = threads.submit(hub.open().claim, claim, now=NOW)
        assert hub.world.holds.current(wait=60)
        org = ledger.claim(claim, now=NOW)
        hub.world.holds.release()
        assert late.result(timeout=60) == org
    assert [row.username for row in ledger.orgs(states=[State.CLAIMED])] == ["org-0@acme.example"]


def test_a_key_that_two_use_at_once_for_different_orgs_holds_one(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    """Both have queried, both claim another org: the key is unique among the rows."""
    add_available(ledger, "a@acme.example", pool="morning")
    add_available(ledger, "b@acme.example", pool="evening")
    hub.emulated.fault(COMPOSITE, CANDIDATES_QUERY, {"do": "hold", "at": "before"})
    with ThreadPoolExecutor(1) as threads:
        first = Claim("ann", pool="morning", idempotency_key="job-1")
        late = threads.submit(hub.open().claim, first, now=NOW)
        assert hub.world.holds.current(wait=60)
        second = Claim("ann", pool="evening", idempotency_key="job-1")
        org = ledger.claim(second, now=NOW)
        hub.world.holds.release()
        assert late.result(timeout=60) == org
    assert [row.username for row in ledger.orgs(states=[State.CLAIMED])] == ["b@acme.example"]


def test_two_who_go_for_the_last_org_at_the_same_instant_get_it_once(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    others = [hub.open() for _ in range(4)]
    for round_ in range(5):
        name = f"org-{round_}@acme.example"
        add_available(ledger, name)
        barrier = threading.Barrier(4)

        def take(who: DevhubLedger, barrier: threading.Barrier = barrier) -> Org | None:
            barrier.wait()
            return who.claim(Claim("ann"), now=NOW)

        with ThreadPoolExecutor(4) as threads:
            won = [org for org in threads.map(take, others) if org is not None]
        assert [org.username for org in won] == [name]


def test_old_knowledge_changes_nothing_when_its_keys_were_tidied_away(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    """The key of a change is no longer there; the row is not what the caller saw, all the same."""
    old = add_available(ledger, "a@acme.example")
    new = ledger.change(old, proven_at=NOW)
    store = hub.world.hub.store
    for record in hub.records("Provisioner_Event__c"):
        store.remove("Provisioner_Event__c", record["Id"])
    assert ledger.change(old, proven_at=NOW + timedelta(hours=1)) is None
    assert ledger.move(old, State.EXPIRED) is None
    assert ledger.get(old.username) == new


@pytest.mark.parametrize("hostile", ["@{seen.records[0].Id}", "a@{row.id}b", '"@{', "@{}"])
def test_a_text_is_never_read_as_a_reference(ledger: DevhubLedger, hostile: str) -> None:
    """Composite requests replace `@{…}` in whatever they are sent."""
    org = add_available(ledger, "a@acme.example")
    claim = Claim(hostile, purpose=hostile, idempotency_key=hostile)
    claimed = ledger.claim(claim, now=NOW)
    assert claimed is not None
    assert (claimed.owner, claimed.purpose) == (hostile, hostile)
    assert ledger.get(org.username) == claimed
    assert ledger.events()[-1].note == hostile
    with pytest.raises(ValueError, match="names must not contain @"):
        ledger.add(Org(f"x{hostile}", "morning"))


SOQL = [
    "o'hara@acme.example",
    "x' OR Username__c != '",
    "back\\slash@acme.example",
    "_%@acme.example",
    'quo"te@acme.example',
    "a@acme.example' LIMIT 0",
    "line\nbreak@acme.example",
    "ключ@п.рф",
]


@pytest.mark.parametrize("username", SOQL)
def test_a_username_is_never_read_as_soql(ledger: DevhubLedger, username: str) -> None:
    add_available(ledger, "bystander@acme.example")
    assert ledger.get(username) is None
    assert ledger.claim(Claim("ann", username=username), now=NOW) is None
    add_available(ledger, username, pool=username)
    assert [org.username for org in ledger.orgs(pool=username)] == [username]
    claimed = ledger.claim(Claim("ann", username=username, pool=username), now=NOW)
    assert claimed is not None
    assert claimed.username == username
    assert ledger.events(username=username)[-1].to_state == "claimed"


def test_capitals_tell_keys_apart_and_pools(ledger: DevhubLedger) -> None:
    """The platform compares without regard to case; the contract does not."""
    add_available(ledger, "a@acme.example")
    add_available(ledger, "b@acme.example")
    first = ledger.claim(Claim("ann", idempotency_key="job"), now=NOW)
    second = ledger.claim(Claim("ann", idempotency_key="JOB"), now=NOW)
    assert first is not None
    assert second is not None
    assert first.username != second.username
    assert ledger.orgs(pool="MORNING") == []


def test_long_texts_are_cut_and_the_row_still_moves(ledger: DevhubLedger) -> None:
    org = Org("a@acme.example", "morning", builder_id="run-1")
    ledger.add(org)
    error = '"é' * 40_000
    failed = moved(ledger, org, State.FAILED, error=error, note=error)
    found = ledger.get(failed.username)
    assert found is not None
    assert error.startswith(found.error.removesuffix("…"))
    assert len(found.error) == 30_001
    assert len(ledger.events()[-1].note) == 15_001


def test_a_dev_hub_that_stays_silent_is_an_error_that_says_so(hub: LedgerHub) -> None:
    ledger = hub.open(retry_seconds=0.2)
    add_available(ledger, "a@acme.example")
    hub.emulated.fault(COMPOSITE, RESET_BEFORE, times=0)
    with pytest.raises(LedgerError) as caught:
        ledger.claim(Claim("ann"), now=NOW)
    assert caught.value.code == "ledger_unreachable"
    assert caught.value.message.startswith(
        "the ledger on the Dev Hub hub@acme.example does not answer: "
    )


def test_a_session_that_ends_is_renewed_in_the_middle_of_a_claim(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    add_available(ledger, "a@acme.example")
    hub.emulated.fault(COMPOSITE, CANDIDATES_QUERY, {"do": "expire_session"})
    assert ledger.claim(Claim("ann"), now=NOW) is not None


COSTS: dict[str, tuple[int, Callable[[DevhubLedger], object]]] = {
    "a claim, login included": (3, lambda ledger: ledger.claim(Claim("ann"), now=NOW)),
    "a claim under a key": (
        3,
        lambda ledger: ledger.claim(Claim("ann", idempotency_key="k"), now=NOW),
    ),
    "a status": (2, lambda ledger: ledger.orgs()),
    "one org": (2, lambda ledger: ledger.get("a@acme.example")),
    "a change": (2, lambda ledger: ledger.change(Org("a@acme.example", "morning"), step=1)),
    "an adoption of 120": (5, lambda ledger: ledger.adopt("run-2")),
}


@pytest.mark.parametrize("what", COSTS)
def test_what_is_done_costs_few_requests(hub: LedgerHub, what: str) -> None:
    first = hub.open()
    add_available(first, "a@acme.example")
    if "120" in what:
        with ThreadPoolExecutor(8) as threads:
            names = [f"org-{number}@acme.example" for number in range(120)]
            list(threads.map(lambda n: first.add(Org(n, "morning", builder_id="run-1")), names))
    most, act = COSTS[what]
    ledger, before = hub.open(), hub.mark()
    act(ledger)
    assert len(hub.requests(since=before)) <= most


def test_an_adoption_that_another_disturbs_takes_the_rest(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    orgs = [Org(f"org-{number}@acme.example", "morning", builder_id="run-1") for number in range(4)]
    for org in orgs:
        ledger.add(org)
    hub.emulated.fault(COMPOSITE, {"do": "hold", "at": "before"})
    with ThreadPoolExecutor(1) as threads:
        adoption = threads.submit(ledger.adopt, "run-2")
        assert hub.world.holds.current(wait=60)
        changed = hub.open().change(orgs[1], step=7)
        hub.world.holds.release()
        adopted = adoption.result(timeout=60)
    assert changed == replace(orgs[1], step=7, version=1)
    assert [org.builder_id for org in adopted] == ["run-2", "run-1", "run-2", "run-2"]
    assert [org.step for org in adopted] == [0, 7, 0, 0]
