"""Every SQL statement of the ledger, once: they serve sqlite3 and psycopg alike.

Parameters are named as sqlite3 wants them (`:username`); `pyformat` turns them into what
psycopg wants. Only what both databases understand is used, so no column needs more than
TEXT and INTEGER, and a changed row is known by what RETURNING gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from provisioner.ledger.base import State
from provisioner.ledger.rows import ORG_COLUMNS

_PARAMETER = re.compile(r"(?<![:\w]):([a-z]\w*)")


def pyformat(statement: str) -> str:
    """The statement with `%(name)s` for `:name`, and `%` kept literal."""
    return _PARAMETER.sub(r"%(\1)s", statement.replace("%", "%%"))


STATE_PARAMETERS = tuple(f"state_{number}" for number in range(len(State)))
"""`ORGS` takes as many states as there are; those not needed are empty."""

_columns = ", ".join(ORG_COLUMNS)
_values = ", ".join(f":{name}" for name in ORG_COLUMNS)
_settings = ", ".join(f"{name} = :{name}" for name in ORG_COLUMNS if name != "username")
_states = ", ".join(f":{name}" for name in STATE_PARAMETERS)
_known = ", ".join(f"'{state}'" for state in State)

# S608: nothing but the names above is put into these texts.
ADD_ORG = (
    f"INSERT INTO org ({_columns}) VALUES ({_values}) "  # noqa: S608
    "ON CONFLICT DO NOTHING RETURNING username"
)

ORG = f"SELECT number, {_columns} FROM org WHERE lower(username) = lower(:username)"  # noqa: S608
"""Salesforce usernames know no difference between capitals and small letters."""

ORGS = (
    f"SELECT number, {_columns} FROM org "  # noqa: S608
    f"WHERE (state IN ({_states}) OR state NOT IN ({_known})) "
    "AND (:pool = '' OR pool = :pool) ORDER BY number"
)
"""Includes rows with an unknown state, so that they are reported as broken."""


def of_states(states: Iterable[State], pool: str = "") -> dict[str, str]:
    """The parameters of ORGS: rows in any of `states`, of one pool when given."""
    parameters = dict.fromkeys(STATE_PARAMETERS, "")
    parameters.update(zip(parameters, sorted({state.value for state in states}), strict=False))
    return {**parameters, "pool": pool}


CHANGE_ORG = (
    f"UPDATE org SET {_settings} "  # noqa: S608
    "WHERE username = :username AND version = :seen_version AND builder_id = :seen_builder_id "
    "RETURNING version"
)
"""The compare-and-swap: it changes a row only as long as it is what the caller saw."""

REPAIR_ORG = f"UPDATE org SET {_settings} WHERE number = :number RETURNING number"  # noqa: S608
"""A row that cannot be read, so that nothing in it can be compared; only builds do it."""

HELD = (
    f"SELECT number, {_columns} FROM org "  # noqa: S608
    "WHERE state = 'claimed' AND idempotency_key = :idempotency_key "
    "AND (expires_at IS NULL OR expires_at > :now) ORDER BY number LIMIT 1"
)
"""The org, not yet deleted, that is claimed under a key."""

CANDIDATE = (
    f"SELECT number, {_columns} FROM org "  # noqa: S608
    "WHERE state = 'available' AND (:pool = '' OR pool = :pool) "
    "AND :skipped NOT LIKE '%,' || number || ',%' "
    "AND (:username = '' OR lower(username) = lower(:username)) "
    "AND (expires_at IS NULL OR (expires_at > :now AND expires_at >= :usable_until)) "
    "ORDER BY CASE WHEN expires_at IS NULL THEN 1 ELSE 0 END, expires_at, number LIMIT 1"
)
"""The org to claim: that with the least life left which is still enough, but none of those whose
numbers `skipped` lists (`,7,12,`). Ends so that a database with row locks can append `FOR UPDATE
SKIP LOCKED`."""

WAITERS = (
    "SELECT id, owner, pool, username, usable_until, since, seen_at FROM waiter ORDER BY number"
)
"""The queue, in the order in which they came."""

SHOW_WAITER = (
    "INSERT INTO waiter (id, owner, pool, username, usable_until, since, seen_at) "
    "VALUES (:id, :owner, :pool, :username, :usable_until, :since, :seen_at) "
    "ON CONFLICT (id) DO UPDATE SET usable_until = excluded.usable_until, "
    "seen_at = excluded.seen_at"
)
"""Join the queue at its end, or renew the place in it."""

FORGET_WAITER = "DELETE FROM waiter WHERE id = :id"

ADD_EVENT = (
    "INSERT INTO event (at, username, run, from_state, to_state, note) "
    "VALUES (:at, :username, :run, :from_state, :to_state, :note)"
)

EVENTS = (
    "SELECT at, username, run, from_state, to_state, note FROM event "
    "WHERE (:username = '' OR lower(username) = lower(:username)) "
    "AND (:run = '' OR run = :run) ORDER BY number"
)

START_RUN = (
    "INSERT INTO run (id, host, pid, started_at, finished_at, summary) "
    "VALUES (:id, :host, :pid, :started_at, :finished_at, :summary) ON CONFLICT DO NOTHING"
)

FINISH_RUN = (
    "INSERT INTO run (id, host, pid, started_at, finished_at, summary) "
    "VALUES (:id, :host, :pid, :started_at, :finished_at, :summary) "
    "ON CONFLICT (id) DO UPDATE SET finished_at = excluded.finished_at, "
    "summary = excluded.summary"
)

RUNS = (
    "SELECT id, host, pid, started_at, finished_at, summary FROM run "
    "ORDER BY started_at DESC, number DESC LIMIT :limit"
)

FACTS = "SELECT value FROM meta WHERE key = :key"
"""The facts of a Dev Hub have the key `facts SUBJECT`, beside the version in the same table: an
earlier provisioner ignores them."""

ALL_FACTS = "SELECT key, value FROM meta WHERE key LIKE 'facts %'"

SET_FACTS = (
    "INSERT INTO meta (key, value) VALUES (:key, :value) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)

SCHEMA_VERSION = "SELECT value FROM meta WHERE key = 'schema_version'"

SET_SCHEMA_VERSION = (
    "INSERT INTO meta (key, value) VALUES ('schema_version', :version) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
