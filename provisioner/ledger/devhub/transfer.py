"""All that a ledger on a Dev Hub holds: read for a copy, or written as one (`ledger copy`)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from provisioner.errors import LedgerError, UsageError
from provisioner.ledger.base import State
from provisioner.ledger.devhub import facts as devhub_facts
from provisioner.ledger.devhub.cleanup import delete
from provisioner.ledger.devhub.errors import BUILDER, LostError, RefusedError
from provisioner.ledger.devhub.records import (
    EVENT,
    ORG,
    RUN,
    event_of,
    event_record,
    events_query,
    fitted_event,
    fitted_org,
    org_of,
    org_record,
    orgs_query,
    run_of,
    run_record,
    runs_query,
)
from provisioner.ledger.devhub.session import HubSession
from provisioner.ledger.devhub.writes import BATCH, collection, part, refusals, send
from provisioner.ledger.transfer import Contents, unreadable_translated

_ALL = 50_000  # the most that LIMIT takes
_POLLS = 5  # until nothing has changed between two reads


def read(session: HubSession) -> Contents:
    """All of it, as it was at one instant. Raises LedgerError when claims never cease."""
    rows = session.query(orgs_query(State))
    for _ in range(_POLLS):
        events, runs = session.query(events_query()), session.query(runs_query(_ALL))
        facts = devhub_facts.read_all(session)
        before, rows = rows, session.query(orgs_query(State))
        if rows == before:
            with unreadable_translated(session.name):
                return Contents(
                    tuple(map(org_of, rows)),
                    tuple(map(event_of, events)),
                    tuple(map(run_of, reversed(runs))),
                    facts,
                )
    raise LedgerError(
        f"{session.name} changed during each of {_POLLS} attempts to read it; nothing was copied",
        hint="try again when fewer orgs are claimed",
    )


def fill(session: HubSession, contents: Contents) -> None:
    """Write it into an empty ledger, whole or not at all. Raises UsageError when not empty."""
    found = read(session)
    if found.has_rows:
        raise UsageError(
            f"the ledger to copy to is not empty: it has {found}",
            code="ledger_not_empty",
            hint="if its rows are not needed, empty it: run `provisioner hub uninstall`, then "
            "`provisioner hub install`",
        )
    wanted = Contents(
        tuple(map(fitted_org, contents.orgs)),
        tuple(map(fitted_event, contents.events)),
        contents.runs,
        contents.facts_over(found.facts),
    )
    try:
        _write(session, wanted)
        if read(session) != wanted:
            raise LedgerError("the copy differs from the original; nothing was written")  # noqa: TRY301
    except BaseException:
        _empty(session)
        devhub_facts.replace_all(session, found.facts)
        raise


def _write(session: HubSession, contents: Contents) -> None:
    token = secrets.token_hex(4)
    orgs = _with_single_keys([org_record(org) for org in contents.orgs])
    events = [
        event_record(event, key=f"copy:{token}:{number}", writer=token)
        for number, event in enumerate(contents.events)
    ]
    runs = [{"Run_Id__c": run.id, **run_record(run)} for run in contents.runs]
    for type_name, rows in ((ORG, orgs), (EVENT, events), (RUN, runs)):
        for start in range(0, len(rows), BATCH):
            _insert(session, type_name, rows[start : start + BATCH])
    for subject, facts in contents.facts:
        devhub_facts.record(session, subject, facts)


def _with_single_keys(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A key that was used again after its org had expired holds only the later org."""
    held: set[str] = set()
    for row in reversed(rows):
        if row["Held_Key__c"] in held:
            row["Held_Key__c"] = None
        elif row["Held_Key__c"]:
            held.add(row["Held_Key__c"])
    return rows


def _insert(session: HubSession, type_name: str, rows: Sequence[dict[str, Any]]) -> None:
    parts = [part("rows", "POST", "composite/sobjects", collection(type_name, rows))]
    try:
        failed = refusals(send(session, parts))
    except LostError as error:
        raise session.given_up(error) from None
    except RefusedError as error:
        raise session.translated(error, BUILDER) from None
    if failed:
        raise session.translated(failed[0][1], BUILDER)


def _empty(session: HubSession) -> None:
    """Delete what was written. The caller holds the lock, and the ledger was empty before."""
    for type_name in (EVENT, ORG, RUN):
        found = session.query(f"SELECT Id FROM {type_name}", needs=BUILDER)  # noqa: S608
        delete(session, [record["Id"] for record in found])
