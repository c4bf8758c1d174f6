"""Leases are measured by the ledger's clock, not by that of a consumer, which may be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from provisioner.claim.rules import claim, renew
from provisioner.ledger import rows
from provisioner.ledger.base import Ledger, Org, State
from tests.ledger.world import World, bring

pytestmark = pytest.mark.slow  # each world needs a server

DAY = timedelta(days=1)
NEARLY = timedelta(minutes=5)


@pytest.fixture(params=["postgresql", "devhub"])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A ledger that has a clock of its own."""
    world = World.of(request.param, tmp_path)
    yield world
    world.close()


@pytest.fixture(params=[3 * DAY, -3 * DAY], ids=["ahead", "behind"])
def off(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """The clock of this machine is three days off."""
    shift: timedelta = request.param

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Wrong:
            found = datetime.now(tz) + shift
            return cls.fromisoformat(found.isoformat())

    monkeypatch.setattr(rows, "datetime", Wrong)
    assert abs(rows.utc_now() - datetime.now(UTC) - shift) < NEARLY
    return shift


def add(ledger: Ledger, username: str, life: timedelta) -> None:
    """An available org that lives so long from now."""
    org = Org(username, "morning", builder_id="run-1", run="run-1")
    bring(ledger, org, (State.BUILDING, State.AVAILABLE), datetime.now(UTC) + life)


def test_the_ledgers_clock_is_asked(far: World, off: timedelta) -> None:
    assert abs(far.open().now() - datetime.now(UTC)) < NEARLY


def test_a_lease_lasts_as_long_as_was_asked_for(far: World, off: timedelta) -> None:
    ledger = far.open()
    add(ledger, "a@acme.example", 10 * DAY)
    org = claim(ledger, owner="ann", lease=DAY)
    assert org.lease_until is not None
    assert abs(org.lease_until - datetime.now(UTC) - DAY) < NEARLY
    longer = renew(ledger, org.username, owner="ann", lease=2 * DAY)
    assert longer.lease_until is not None
    assert abs(longer.lease_until - datetime.now(UTC) - 2 * DAY) < NEARLY


def test_a_key_keeps_its_org_and_no_dead_one_is_given(far: World, off: timedelta) -> None:
    ledger = far.open()
    add(ledger, "dead@acme.example", -DAY)
    add(ledger, "a@acme.example", 2 * DAY)
    add(ledger, "b@acme.example", 20 * DAY)
    first = claim(ledger, owner="ann", idempotency_key="job-1")
    assert first.username == "a@acme.example"
    assert claim(ledger, owner="ann", idempotency_key="job-1") == first
    assert len(ledger.orgs(states=[State.CLAIMED])) == 1
