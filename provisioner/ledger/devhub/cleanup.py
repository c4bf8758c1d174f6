"""Deletes old records of the ledger on the Dev Hub, whose storage is limited.

A record takes 2 KB whatever is in it, and a Developer Edition has 5 MB. Events of
changes without a move are deleted after one day, as are places in the queue. Rows of deleted orgs
are deleted with their events after one week, runs after one month, or both after the time that
`keep_history` says. The newest runs stay. Ages are measured by the Dev Hub's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from provisioner.errors import LedgerError
from provisioner.ledger.devhub.answers import Record
from provisioner.ledger.devhub.errors import BUILDER, LostError, RefusedError
from provisioner.ledger.devhub.records import EVENT, ORG, RUN, WAITER, literal
from provisioner.ledger.devhub.session import API
from provisioner.ledger.devhub.writes import BATCH, part, send

if TYPE_CHECKING:
    from provisioner.ledger.devhub.answers import Record
    from provisioner.ledger.devhub.session import HubSession

# S608: SOQL out of constants
_OLD_WAITERS = (
    f"SELECT Id FROM {WAITER} "  # noqa: S608
    f"WHERE LastModifiedDate < LAST_N_DAYS:1 LIMIT {BATCH}"
)
_NEWEST_RUNS = f"SELECT Id FROM {RUN} ORDER BY Started_At__c DESC, Name DESC LIMIT 30"  # noqa: S608
"""As many as `provisioner.builder.history` reads."""


def _old_changes(days: int) -> str:
    """Changes without a move, and after `days` the events of no org."""
    return (
        f"SELECT Id FROM {EVENT} "  # noqa: S608
        "WHERE (To_State__c = null AND CreatedDate < LAST_N_DAYS:1) "
        f"OR (Username__c = null AND CreatedDate < LAST_N_DAYS:{days}) LIMIT 1000"
    )


def _old_rows(days: int) -> str:
    return (
        f"SELECT Id, Username__c FROM {ORG} "  # noqa: S608
        f"WHERE State__c = 'deleted' AND LastModifiedDate < LAST_N_DAYS:{days} LIMIT {BATCH}"
    )


def _old_runs(days: int) -> str:
    where = f"CreatedDate < LAST_N_DAYS:{days}"
    return f"SELECT Id FROM {RUN} WHERE {where} ORDER BY Started_At__c LIMIT {BATCH}"  # noqa: S608


def tidy(session: HubSession, keep: timedelta | None = None) -> None:
    """Delete old records; one request if there are none. Only for a build.

    `keep` is how long rows of deleted orgs and runs are kept, in place of a week and a month.
    Records that cannot be deleted now are left to the next build.
    """
    rows_for, runs_for = (keep.days, keep.days) if keep else (7, 30)
    wanted = {
        "changes": _old_changes(runs_for),
        "rows": _old_rows(rows_for),
        "runs": _old_runs(runs_for),
        "waiters": _OLD_WAITERS,
        "newest": _NEWEST_RUNS,
    }
    parts = [part(name, "GET", f"query?q={quote_plus(soql)}") for name, soql in wanted.items()]
    try:
        answers = [list(one["body"]["records"]) for one in send(session, parts)]
        changes, rows, runs, waiters, newest = answers
        kept = {record["Id"] for record in newest}
        runs = [record for record in runs if record["Id"] not in kept]
        events = _events_of(session, rows)
        # A row goes after its events, so that whatever has no row has no events either.
        delete(session, [record["Id"] for record in (*changes, *events, *rows, *runs, *waiters)])
    except (LostError, RefusedError, LedgerError):
        return


def delete(session: HubSession, ids: Sequence[str]) -> None:
    """Delete records, 200 in a request; a missing one is no error. Raises LedgerError."""
    for start in range(0, len(ids), BATCH):
        batch = ",".join(ids[start : start + BATCH])
        path = f"{API}/composite/sobjects?ids={batch}&allOrNone=false"
        session.repeat("DELETE", path, needs=BUILDER)


def _events_of(session: HubSession, rows: Sequence[Record]) -> list[Record]:
    if not rows:
        return []
    usernames = ", ".join(literal(record["Username__c"]) for record in rows)
    soql = f"SELECT Id FROM {EVENT} WHERE Username__c IN ({usernames})"  # noqa: S608 - quoted
    return session.query(soql, needs=BUILDER)
