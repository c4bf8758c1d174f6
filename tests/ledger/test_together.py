"""Claims of several threads at the same time share a transaction, and none gets another's org."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from provisioner.ledger.base import Claim, Org, State
from provisioner.ledger.postgresql.errors import uncertain
from provisioner.ledger.postgresql.ledger import PostgresqlLedger
from provisioner.ledger.sql.together import Request, Together
from provisioner.ledger.sqlite.ledger import SqliteLedger
from tests.ledger.world import NOW, World, add_available

Database = SqliteLedger | PostgresqlLedger
KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
OWNERS = ["ann", "bob", "eve", "kim"]


@pytest.fixture(params=KINDS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    world = World.of(request.param, tmp_path)
    ledger = world.open()
    assert isinstance(ledger, Database)
    yield ledger
    world.close()


class Commits:
    """Counts the transactions that write."""

    def __init__(self, ledger: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        transaction = ledger._transaction

        def counted(*, write: bool) -> Any:
            self.count += write
            return transaction(write=write)

        monkeypatch.setattr(ledger, "_transaction", counted)


def claim_together(ledger: Database, claims: Sequence[Claim]) -> list[Future[Org | None]]:
    """All claims, by a thread each; they arrive while another thread uses the connection."""
    with ThreadPoolExecutor(len(claims)) as threads:
        with ledger._mutex:
            done = [threads.submit(ledger.claim, claim, now=NOW) for claim in claims]
            give_up = time.monotonic() + 60
            while len(ledger._together._waiting) < len(claims):
                assert time.monotonic() < give_up
                time.sleep(0.001)
        return done


def test_claims_at_the_same_time_share_one_commit(
    ledger: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, pool in enumerate(["morning", "morning", "evening", "morning"]):
        add_available(ledger, f"org-{number}@acme.example", pool=pool)
    commits = Commits(ledger, monkeypatch)
    claims = [Claim(owner, "evening" if owner == "eve" else "morning") for owner in OWNERS]
    orgs = [one.result() for one in claim_together(ledger, claims)]
    assert commits.count == 1
    assert [org and (org.owner, org.pool) for org in orgs] == [(c.owner, c.pool) for c in claims]
    rows = ledger.orgs(states=[State.CLAIMED])
    assert sorted(rows, key=lambda org: org.owner) == orgs
    events = [event for event in ledger.events() if event.to_state == State.CLAIMED]
    assert sorted(event.note for event in events) == OWNERS


def test_two_claims_with_one_key_at_the_same_time_get_one_org(ledger: Database) -> None:
    for number in range(4):
        add_available(ledger, f"org-{number}@acme.example")
    claims = [Claim("ann", idempotency_key="job-1")] * 2 + [Claim("bob", idempotency_key="job-0")]
    first, second, other = (one.result() for one in claim_together(ledger, claims))
    assert first == second
    assert len(ledger.orgs(states=[State.CLAIMED])) == 2
    assert other is not None
    assert other.owner == "bob"


def test_an_invalid_claim_fails_alone(ledger: Database) -> None:
    for number in range(3):
        add_available(ledger, f"org-{number}@acme.example")
    wrong = Claim("eve", lease_until=datetime(2026, 11, 24))  # without a zone
    ann, eve, bob = claim_together(ledger, [Claim("ann"), wrong, Claim("bob")])
    with pytest.raises(TypeError, match="offset-naive"):
        eve.result()
    assert {org and org.owner for org in (ann.result(), bob.result())} == {"ann", "bob"}
    assert len(ledger.orgs(states=[State.CLAIMED])) == 2


def test_a_claim_that_waits_is_served_before_claims_at_the_same_time(ledger: Database) -> None:
    assert ledger.claim(Claim("ann", waiter="place"), now=NOW) is None
    for number in range(2):
        add_available(ledger, f"org-{number}@acme.example")
    done = claim_together(ledger, [Claim("bob"), Claim("eve")])
    assert [one.result() is None for one in done].count(True) == 1
    assert ledger.claim(Claim("ann", waiter="place"), now=NOW) is not None


@pytest.mark.slow
@pytest.mark.parametrize("is_saved", [True, False])
def test_an_unanswered_commit_gives_each_claim_its_org_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_saved: bool
) -> None:
    """The connection breaks after the commit was sent; each claim finds out whether it is saved."""
    world = World.of("postgresql", tmp_path)
    ledger = world.open()
    assert isinstance(ledger, PostgresqlLedger)
    for number in range(4):
        add_available(ledger, f"org-{number}@acme.example")
    commit, session = ledger._session._commit, ledger._session

    def unanswered(connection: Any) -> None:
        monkeypatch.setattr(session, "_commit", commit)
        if is_saved:
            commit(connection)
        connection.close()
        raise uncertain(ledger.address)

    monkeypatch.setattr(session, "_commit", unanswered)
    orgs = [one.result() for one in claim_together(ledger, [Claim(owner) for owner in OWNERS])]
    assert [org and org.owner for org in orgs] == OWNERS
    assert sorted(ledger.orgs(states=[State.CLAIMED]), key=lambda org: org.owner) == orgs
    assert {org and org.fence for org in orgs} == {1}
    world.close()


class Interrupted(threading.Semaphore):
    """Ctrl-C while its thread waits for its turn; `then` happens before."""

    def __init__(self, then: Any) -> None:
        super().__init__(0)
        self._then = then

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """The first call is interrupted."""
        if blocking:
            self._then()
            raise KeyboardInterrupt
        return super().acquire(blocking, timeout)


def test_an_interrupted_claim_passes_the_lead_on() -> None:
    together, served = Together(), list[str]()
    serve = lambda take: served.extend(one.claim.owner for one in take())  # noqa: E731
    interrupted = Request(Claim("ann"), NOW, turn=Interrupted(lambda: None))
    with pytest.raises(KeyboardInterrupt):
        together.add(interrupted, serve)
    together.add(Request(Claim("bob"), NOW), serve)
    assert served == ["bob"]


def test_a_claim_that_is_interrupted_while_it_leads_passes_the_lead_on() -> None:
    """It waits for the connection, and another claim has come meanwhile."""
    together, served = Together(), list[str]()

    def serve(take: Callable[[], Sequence[Request]]) -> None:
        served.extend(one.claim.owner for one in take())

    def interrupted(_take: object) -> None:
        threads.submit(together.add, Request(Claim("bob"), NOW), serve)
        while len(together._waiting) < 2:
            time.sleep(0.001)
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as threads, pytest.raises(KeyboardInterrupt):
        together.add(Request(Claim("ann"), NOW), interrupted)
    assert served == ["bob"]


def test_an_interrupted_claim_that_was_served_keeps_no_org(
    ledger: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_available(ledger, "a@acme.example")

    def interrupt(request: Request, _serve: object) -> None:
        request.org = ledger._claim_alone(request.claim, request.now)  # as another thread would
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger._together, "add", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ledger.claim(Claim("ann"), now=NOW)
    [org] = ledger.orgs()
    assert (org.state, org.owner) == (State.AVAILABLE, "")
    assert ledger.events()[-1].note == "claim cancelled: ann did not get its result"
