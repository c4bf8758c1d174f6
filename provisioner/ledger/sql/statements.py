"""Every SQL statement of the ledger, once: they serve sqlite3 and psycopg alike.

Parameters are named as sqlite3 wants them (`:username`); `pyformat` turns them into what
psycopg wants. Only what both databases understand is used, so no column needs more than
TEXT and INTEGER, and a changed row is known by what RETURNING gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from provisioner.ledger.base import State
from provisioner.ledger.rows import ORG_COLUMNS

_PARAMETER = re.compile(r"(?<![:\w]):([a-z]\w*)")


@lru_cache(maxsize=256)
def pyformat(statement: str) -> str:
    """The statement with `%(name)s` for `:name`, and `%` kept literal."""
    return _PARAMETER.sub(r"%(\1)s", statement.replace("%", "%%"))


STATE_PARAMETERS = tuple(f"state_{number}" for number in range(len(State)))
"""`orgs_in` takes as many states as there are; those not needed are empty."""

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

_in_states = f"(state IN ({_states}) OR state NOT IN ({_known})) AND (:pool = '' OR pool = :pool)"

LIVE_ORGS = (
    f"SELECT number, {_columns} FROM org "  # noqa: S608
    f"WHERE state <> 'deleted' AND {_in_states} ORDER BY number"
)
"""Includes rows with an unknown state, so that they are reported as broken. The first condition is
that of the index `org_live`: no deleted row is read."""

ALL_ORGS = f"SELECT number, {_columns} FROM org WHERE {_in_states} ORDER BY number"  # noqa: S608


def orgs_in(states: Iterable[State]) -> str:
    """The statement that reads the rows in any of `states`."""
    return ALL_ORGS if State.DELETED in states else LIVE_ORGS


def of_states(states: Iterable[State], pool: str = "") -> dict[str, str]:
    """The parameters of `orgs_in`: rows in any of `states`, of one pool when given."""
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

CANDIDATES = (
    f"SELECT number, {_columns} FROM org "  # noqa: S608
    "WHERE state = 'available' AND (:pool = '' OR pool = :pool) "
    "AND :skipped NOT LIKE '%,' || number || ',%' "
    "AND (:username = '' OR lower(username) = lower(:username)) "
    "AND (expires_at IS NULL OR (expires_at > :now AND expires_at >= :usable_until)) "
    "ORDER BY CASE WHEN expires_at IS NULL THEN 1 ELSE 0 END, expires_at, number LIMIT :most"
)
"""The orgs to claim: those with the least life left which is still enough, but none of those whose
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

FORGET_WAITER = "DELETE FROM waiter WHERE id = :id RETURNING pool"

ADD_EVENT = (
    "INSERT INTO event (at, username, run, from_state, to_state, note) "
    "VALUES (:at, :username, :run, :from_state, :to_state, :note)"
)

_events = "SELECT at, username, run, from_state, to_state, note FROM event"

EVENTS = f"{_events} ORDER BY number"

EVENTS_OF_ORG = (
    f"{_events} WHERE lower(username) = lower(:username) "
    "AND (:run = '' OR run = :run) ORDER BY number"
)

EVENTS_OF_RUN = f"{_events} WHERE run = :run ORDER BY number"


def events_of(username: str, run: str) -> str:
    """The statement that reads the events of an org, of a run, of both, or all."""
    if username:
        return EVENTS_OF_ORG
    return EVENTS_OF_RUN if run else EVENTS


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

POOLS = "SELECT DISTINCT pool FROM org"

BUILT = (
    "SELECT snapshot, fingerprint, max(available_at) AS available_at FROM org "
    "GROUP BY snapshot, fingerprint"
)
"""What orgs have been built with, and whether one of them was available; the index
`org_by_content` has all of it."""

VERIFIED_KEY = (
    "SELECT number FROM org WHERE consumer_key = :consumer_key AND available_at IS NOT NULL LIMIT 1"
)

OLDEST = 2_000  # rows whose events are examined: few enough for PostgreSQL to plan well

# A subquery for one value is evaluated row by row, by its index. PostgreSQL would join EXISTS with
# all events, and compile a statement that may examine all rows.
_old_orgs = (
    "SELECT number FROM (SELECT number, username FROM org "  # noqa: S608
    "WHERE state = 'deleted' AND coalesce(created_at, '') < :before "
    "AND (snapshot = '' OR (SELECT newer.number FROM org AS newer "
    "WHERE newer.snapshot = org.snapshot AND newer.number > org.number "
    "AND (newer.available_at IS NOT NULL OR org.available_at IS NULL) LIMIT 1) IS NOT NULL) "
    f"ORDER BY coalesce(created_at, '') LIMIT {OLDEST}) AS old "
    "WHERE (SELECT event.number FROM event WHERE lower(event.username) = lower(old.username) "
    "AND (event.at >= :before OR event.run IN (SELECT id FROM run)) LIMIT 1) IS NULL "
    "LIMIT :batch"
)

HAS_OLD_ORGS = _old_orgs
"""Rows of orgs that were deleted before a time, and that no run of the ledger has an event of. Of
each org snapshot, the newest row stays, and the newest of a verified org: names are never used
again. The index `org_deleted` finds them by their age."""

PRUNE_ORGS = f"DELETE FROM org WHERE number IN ({_old_orgs}) RETURNING username"  # noqa: S608

BATCH = 100  # rows that one transaction removes: claims wait for it
NAMES = tuple(f"name_{number}" for number in range(BATCH))
"""The parameters of PRUNE_EVENTS; those not needed are None, which is no username."""

_names = ", ".join(f"lower(:{name})" for name in NAMES)
PRUNE_EVENTS = f"DELETE FROM event WHERE lower(username) IN ({_names})"  # noqa: S608

_old_notes = "SELECT number FROM event WHERE lower(username) = '' AND at < :before LIMIT :batch"

HAS_OLD_NOTES = _old_notes
"""Events of no org."""

PRUNE_NOTES = f"DELETE FROM event WHERE number IN ({_old_notes}) RETURNING number"  # noqa: S608

_newest = "ORDER BY started_at DESC, number DESC LIMIT :kept"
_old_runs = (
    "SELECT number FROM run WHERE started_at < :before "  # noqa: S608
    f"AND number NOT IN (SELECT number FROM run {_newest}) "
    f"AND number NOT IN (SELECT number FROM run WHERE summary LIKE :measured {_newest}) "
    "AND id NOT IN (SELECT run FROM org WHERE state <> 'deleted') "
    "ORDER BY started_at LIMIT :batch"
)

HAS_OLD_RUNS = _old_runs
"""Runs that started before a time, except the newest ones, the newest ones that measured durations,
and those that signed up an org that is not deleted."""

PRUNE_RUNS = f"DELETE FROM run WHERE number IN ({_old_runs}) RETURNING number"  # noqa: S608

META = "SELECT value FROM meta WHERE key = :key"
"""Beside the version, the table has the facts of a Dev Hub with the key `facts SUBJECT`, and the
figures of one with the key `hub HUB`: an earlier provisioner ignores them. Ends so that a
database with row locks can append `FOR UPDATE`."""

ADD_META = "INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT DO NOTHING"

SET_META = (
    "INSERT INTO meta (key, value) VALUES (:key, :value) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)

ALL_FACTS = "SELECT key, value FROM meta WHERE key LIKE 'facts %'"

SCHEMA_VERSION = "SELECT value FROM meta WHERE key = 'schema_version'"

SET_SCHEMA_VERSION = (
    "INSERT INTO meta (key, value) VALUES ('schema_version', :version) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
