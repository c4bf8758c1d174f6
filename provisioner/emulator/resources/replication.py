"""`/sobjects/<Type>/updated` and `/deleted`: what was changed or deleted in a time span.

Source: "sObject Get Updated" and "sObject Get Deleted" in the REST API Developer Guide;
docs/reference/data.md#changed-and-deleted-records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.objects import permissions
from provisioner.emulator.objects.values import format_datetime, parse_datetime
from provisioner.emulator.resources.sobjects import object_type_of
from provisioner.emulator.routing import Call, Reply, route

_TYPE = "/services/data/v<version>/sobjects/<type>"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)\Z")
_MINUTE = timedelta(minutes=1)
_OLDEST_START = timedelta(days=30)
_OLDEST_DELETION = timedelta(days=15)


@dataclass(frozen=True)
class _Span:
    """From `start`, before `end`, both in whole minutes; `covered` is the end of what is known."""

    start: datetime
    end: datetime
    covered: str

    def contains(self, moment: str) -> bool:
        """Whether a datetime of a record is in the span."""
        return self.start <= parse_datetime(moment) < self.end


@route(f"{_TYPE}/updated", name="sobjects.updated")
def updated(call: Call) -> Reply:
    """`{ids, latestDateCovered}` of the records that were created or changed and still exist."""
    object_type, store = object_type_of(call), call.session_org().store
    names = [one for one in ("SystemModstamp", "LastModifiedDate") if one in object_type.fields]
    if not names:
        raise NotEmulatedError(f"GET {call.path}: {object_type.name} has no date of its changes")
    span = _span(call)
    rows = permissions.seen(store, object_type, store.rows(object_type.name), call.user_id)
    ids = [row["Id"] for row in rows if row[names[0]] and span.contains(row[names[0]])]
    return Reply({"ids": ids, "latestDateCovered": span.covered})


@route(f"{_TYPE}/deleted", name="sobjects.deleted")
def deleted(call: Call) -> Reply:
    """`{deletedRecords: [{deletedDate, id}], earliestDateAvailable, latestDateCovered}`."""
    object_type, org = object_type_of(call), call.session_org()
    span, store = _span(call), org.store
    earliest = max(_whole_minutes(org.created), _whole_minutes(org.now() - _OLDEST_DELETION))
    with store.lock:
        rows = store.deleted_rows(object_type.name)
        dates = {row["Id"]: store.deletion_date(row["Id"]) for row in rows}
    found = [
        {"deletedDate": dates[row["Id"]], "id": row["Id"]}
        for row in permissions.seen(store, object_type, rows, call.user_id)
        if span.contains(dates[row["Id"]]) and parse_datetime(dates[row["Id"]]) >= earliest
    ]
    return Reply(
        {
            "deletedRecords": found,
            "earliestDateAvailable": format_datetime(earliest),
            "latestDateCovered": span.covered,
        }
    )


def _span(call: Call) -> _Span:
    """The span that a request names; INVALID_REPLICATION_DATE for one that is not allowed."""
    start, end = _moment(call, "start"), _moment(call, "end")
    org = call.session_org()
    if end - start < _MINUTE:
        # The platform's own words, although they say the opposite.
        raise _refusal("startDate must be at least one minute greater than endDate")
    if start < _whole_minutes(org.now() - _OLDEST_START):
        raise _refusal("startDate cannot be more than 30 days ago")
    if start < _whole_minutes(org.created):
        raise _refusal("startDate before org replication enabled date")
    return _Span(start, end, format_datetime(min(end, _whole_minutes(org.now()))))


def _moment(call: Call, name: str) -> datetime:
    """A parameter; its seconds are ignored."""
    if name not in call.query:
        raise NotEmulatedError(f"GET {call.path} without {name}")
    text, wrong = call.query[name], _refusal(f"{name} date is not in the correct format")
    if not _MOMENT.match(text):
        raise wrong
    try:
        return _whole_minutes(parse_datetime(text))
    except ValueError as error:
        raise wrong from error


def _whole_minutes(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _refusal(text: str) -> ApiError:
    return ApiError(400, "INVALID_REPLICATION_DATE", text)
