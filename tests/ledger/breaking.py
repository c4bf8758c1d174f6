"""Puts values into a ledger's rows that no code of ours writes, as a hand or a bad disk would."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg

from provisioner.ledger.devhub.ledger import DevhubLedger
from provisioner.ledger.devhub.records import EVENT, ORG, WAITER, org_query
from provisioner.ledger.devhub.session import API, HubSession
from provisioner.ledger.sqlite.address import path_of
from tests.ledger.opening import opened
from tests.ledger.world import World

_FIELDS = {"state": "State__c", "pool": "Pool__c", "version": "Version__c"}


def break_row(world: World, username: str, column: str, value: Any) -> None:
    """Write `value` into a column of one row, whatever it is."""
    if world.url == "devhub":
        _break_record(world, username, column, value)
        return
    _execute(world, f"UPDATE org SET {column} = ? WHERE username = ?", value, username)


def break_waiters(world: World) -> None:
    """Make every place in the queue unreadable."""
    if world.url != "devhub":
        _execute(world, "UPDATE waiter SET seen_at = ?", "just now")
        return
    with _session(world) as session:
        for record in session.query(f"SELECT Id FROM {WAITER}"):
            session.repeat("PATCH", f"{API}/sobjects/{WAITER}/{record['Id']}", {"Claim__c": "[]"})


def block_row(world: World, username: str, version: int) -> None:
    """On a Dev Hub: record a change to `version` that was never made."""
    key = {"Key__c": f"{username}:{version}", "Username__c": username, "Writer__c": "a hand"}
    key["At__c"] = "2026-11-24T02:00:00.000000+00:00"
    with _session(world) as session:
        session.repeat("POST", f"{API}/sobjects/{EVENT}", key)


def _execute(world: World, statement: str, *values: Any) -> None:
    if world.url.startswith("sqlite"):
        with closing(sqlite3.connect(path_of(world.url, world.directory))) as file, file:
            file.execute(statement, values)
        return
    with psycopg.connect(world.url) as server:
        server.execute(statement.replace("?", "%s").encode(), values)


def _break_record(world: World, username: str, column: str, value: Any) -> None:
    with _session(world) as session:
        [record] = session.query(org_query(username))
        changes: dict[str, Any] = {_FIELDS.get(column, ""): value}
        if column not in _FIELDS:
            field = next(f for f in ("Build__c", "Claim__c") if column in json.loads(record[f]))
            changes = {field: json.dumps({**json.loads(record[field]), column: value})}
        session.repeat("PATCH", f"{API}/sobjects/{ORG}/{record['Id']}", changes)


@contextmanager
def _session(world: World) -> Iterator[HubSession]:
    with closing(opened(world.url, world.directory)) as ledger:
        assert isinstance(ledger, DevhubLedger)
        yield ledger.session
