"""Deletes old records of the ledger on the Dev Hub, whose storage is limited.

A record takes 2 KB whatever is in it, and a Developer Edition has 5 MB. Events of
changes without a move are deleted after one day, as are places in the queue. Rows of deleted orgs
are deleted with their events after one week, runs after one month. Ages are measured by the Dev
Hub's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
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
_OLD_CHANGES = (
    f"SELECT Id FROM {EVENT} "  # noqa: S608
    "WHERE To_State__c = null AND CreatedDate < LAST_N_DAYS:1 LIMIT 1000"
)
_OLD_ROWS = (
    f"SELECT Id, Username__c FROM {ORG} "  # noqa: S608
    f"WHERE State__c = 'deleted' AND LastModifiedDate < LAST_N_DAYS:7 LIMIT {BATCH}"
)
_OLD_WAITERS = (
    f"SELECT Id FROM {WAITER} "  # noqa: S608
    f"WHERE LastModifiedDate < LAST_N_DAYS:1 LIMIT {BATCH}"
)
_OLD_RUNS = f"SELECT Id FROM {RUN} WHERE CreatedDate < LAST_N_DAYS:30 LIMIT {BATCH}"  # noqa: S608


def tidy(session: HubSession) -> None:
    """Delete old records; one request if there are none. Only for a build.

    Records that cannot be deleted now are left to the next build.
    """
    wanted = {
        "changes": _OLD_CHANGES,
        "rows": _OLD_ROWS,
        "runs": _OLD_RUNS,
        "waiters": _OLD_WAITERS,
    }
    parts = [part(name, "GET", f"query?q={quote_plus(soql)}") for name, soql in wanted.items()]
    try:
        answers = [list(one["body"]["records"]) for one in send(session, parts)]
        changes, rows, runs, waiters = answers
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
