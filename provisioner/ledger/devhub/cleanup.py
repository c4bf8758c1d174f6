"""What a build leaves behind on the Dev Hub is deleted by later ones: storage there is scarce.

A record takes 2 KB whatever is in it, and a Developer Edition has 5 MB. Changes without a move go
after a day: nothing needs them but a transaction that is under way; so do places in the queue. Rows
of orgs that are deleted go after a week with their events, runs after a month. Ages are told by the
Dev Hub's clock.
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
    """Delete what is old: one request when there is nothing. Only for a build.

    What cannot be deleted now is left for the next time.
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
    """Delete records, 200 a request; one that is gone is fine. Raises LedgerError."""
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
