"""Facts of Dev Hubs: kept by subject, hints that never stop anybody."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provisioner.ledger import open_ledger
from provisioner.ledger.base import Ledger
from provisioner.ledger.facts import HubFacts, subject_of
from provisioner.plain_text import visible
from tests.ledger.world import World, run

SUBJECT = subject_of("Hub@Acme.example", "3MVG9.key_")
FACTS = HubFacts(
    probed_at=datetime(2026, 11, 28, 2, 0, tzinfo=UTC),
    api_version="68.0",
    sign_up_way="deployed",
    sign_up_way_reason="sign-up: C-1016 'é' @{x}",
    sign_up_seconds=24.5,
    login_delay_seconds=130.0,
    login_url="https://acme.scratch.my.salesforce.com",
    audience="https://test.salesforce.com",
    asked_consumer_key_kept=True,
    setup_entity_access="inserted",
    limits_readable=False,
    daily_spent=1,
    active_limit=40,
    daily_limit=80,
    can_delete=True,
    snapshots=False,
)


def test_nothing_is_known_at_first(ledger: Ledger) -> None:
    assert ledger.facts(SUBJECT) == HubFacts()


def test_facts_are_kept_for_their_subject_alone(world: World, ledger: Ledger) -> None:
    ledger.record_facts(SUBJECT, FACTS)
    assert world.open().facts(SUBJECT) == FACTS
    for other in (subject_of("hub@acme.example", "another"), "", "%"):
        assert ledger.facts(other) == HubFacts()


def test_later_facts_take_the_place_of_earlier_ones(ledger: Ledger) -> None:
    ledger.record_facts(SUBJECT, FACTS)
    later = replace(FACTS, sign_up_way="replicated", sign_up_way_reason="")
    ledger.record_facts(SUBJECT, later)
    assert ledger.facts(SUBJECT) == later


def test_facts_are_neither_runs_nor_orgs_nor_events(ledger: Ledger) -> None:
    with ledger.builder_lock(run("run-1"), wait=False):
        ledger.record_facts(SUBJECT, FACTS)
    ledger.finish_run(run("run-1"))
    assert [one.id for one in ledger.runs()] == ["run-1"]
    assert (ledger.orgs(), ledger.events(), ledger.broken()) == ([], [], [])
    assert ledger.facts(SUBJECT) == FACTS


def test_many_may_record_facts_at_once(world: World) -> None:
    ledgers = [world.open() for _ in range(4)]
    recorded = [replace(FACTS, daily_spent=number) for number in range(4)]
    threads = [
        threading.Thread(target=ledger.record_facts, args=(SUBJECT, facts))
        for ledger, facts in zip(ledgers, recorded, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.open().facts(SUBJECT) in recorded


def test_as_json_says_null_for_what_is_unknown() -> None:
    document = HubFacts().as_json()
    assert set(document.values()) == {None}
    assert set(document) == {one.name for one in fields(HubFacts)}
    assert FACTS.as_json()["probed_at"] == "2026-11-28T02:00:00Z"


@pytest.mark.parametrize("name", [one.name for one in fields(HubFacts)])
@pytest.mark.parametrize(
    "wrong", [[], {}, "?" * 2000, "nonsense", -1, 1e300, float("nan"), True, "2026-11-28", None]
)
def test_a_value_of_a_wrong_type_is_unknown(name: str, wrong: Any) -> None:
    read = HubFacts.from_json({**FACTS.as_json(), name: wrong, "new": 1})
    value = getattr(read, name)
    assert value in (None, "") or value == wrong
    for other in fields(HubFacts):
        if other.name != name:
            assert getattr(read, other.name) == getattr(FACTS, other.name)


@pytest.mark.parametrize("name", ["sign_up_seconds", "login_delay_seconds", "daily_spent"])
@pytest.mark.parametrize("digits", [400, 5_000])
def test_a_number_of_any_length_is_unknown(name: str, digits: int) -> None:
    text = FACTS.text().replace(json.dumps(getattr(FACTS, name)), "9" * digits, 1)
    assert getattr(HubFacts.from_text(text), name) is None


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00"])
def test_a_time_that_does_not_exist_in_utc_is_unknown(at: str) -> None:
    read = HubFacts.from_json({**FACTS.as_json(), "probed_at": at})
    assert read == replace(FACTS, probed_at=None)
    assert read == HubFacts.from_text(read.text())
    assert HubFacts(probed_at=datetime.fromisoformat(at)).as_json()["probed_at"] is None


def test_a_time_of_any_zone_is_kept_as_the_same_moment() -> None:
    read = HubFacts.from_json({"probed_at": "2026-11-28T04:00:00+02:00"})
    assert read.as_json()["probed_at"] == "2026-11-28T02:00:00Z"


@pytest.mark.parametrize("text", ["a \ud800 b", "a \x00 b", "a \x1b[31m b"])
def test_a_character_that_not_every_ledger_can_keep_is_escaped(ledger: Ledger, text: str) -> None:
    ledger.record_facts(SUBJECT, replace(FACTS, sign_up_way_reason=text))
    assert ledger.facts(SUBJECT).sign_up_way_reason == visible(text)
    assert HubFacts.from_json({"sign_up_way_reason": text}).sign_up_way_reason == ""


def test_a_reason_that_is_too_long_is_cut(ledger: Ledger) -> None:
    ledger.record_facts(SUBJECT, replace(FACTS, sign_up_way_reason="é\x00" * 1_000))
    reason = ledger.facts(SUBJECT).sign_up_way_reason
    assert (len(reason), reason[:5], reason[-1]) == (1_000, "é\\x00", "…")
    ledger.record_facts(SUBJECT, ledger.facts(SUBJECT))
    assert ledger.facts(SUBJECT).sign_up_way_reason == reason


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "[" * 100_000, None, 7])
def test_a_text_that_cannot_be_read_says_nothing(text: Any) -> None:
    assert HubFacts.from_text(text) == HubFacts()


def test_a_broken_row_says_nothing(path: Path) -> None:
    with closing(open_ledger(f"sqlite:///{path}", path.parent)) as ledger:
        ledger.record_facts(SUBJECT, FACTS)
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE meta SET value = 'x' WHERE key LIKE 'facts %'")
        assert ledger.facts(SUBJECT) == HubFacts()
