"""ApexLog, TraceFlag and DebugLevel: debug logs, which trace flags of a user turn on.

Anonymous Apex and test runs leave a log while a trace flag of their user is active.

Source: "ApexLog", "TraceFlag" and "DebugLevel" in the Tooling API reference. The refusal of a
second trace flag is in joeferraro/MavensMate-SublimeText#850.
"""

from __future__ import annotations

from datetime import timedelta

from provisioner.emulator.errors import ApiError, RecordError
from provisioner.emulator.metadata.debug_logs import LOG
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.rules import Change, rule
from provisioner.emulator.objects.values import format_datetime, parse_datetime
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.routing import Call, Reply, route

_FLAG = "TraceFlag"
_DAY = timedelta(days=1)


@route("/services/data/v<version>/tooling/sobjects/ApexLog/<id>/Body", name="tooling.log_body")
@route("/services/data/v<version>/sobjects/ApexLog/<id>/Body", name="log_body")
def body(call: Call) -> Reply:
    """The text of a log."""
    found = call.session_org().store.get(LOG, call.params["id"])
    if found is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return Reply(str(found["Body"]), content_type="text/plain;charset=UTF-8")


@rule(_FLAG, "before insert")
@rule(_FLAG, "before update")
def _check_flag(org: EmulatedOrg, change: Change) -> None:
    """Set what is not given: from now on, for a day. Two flags of an entity must not overlap."""
    record = change.record
    record["StartDate"] = record["StartDate"] or format_datetime(org.now())
    record["ExpirationDate"] = record["ExpirationDate"] or format_datetime(org.now() + _DAY)
    others = change.store.find_by(_FLAG, "TracedEntityId", record["TracedEntityId"] or "")
    for other in others:
        is_same = other["Id"] == record["Id"] or other["LogType"] != record["LogType"]
        if not is_same and _overlap(other, record):
            raise RecordError(
                "FIELD_INTEGRITY_EXCEPTION",
                "This entity is already being traced by a trace flag with a start and expiration "
                "date that overlap this trace flag's start and expiration date.",
                ["TracedEntityId"],
            )


def _overlap(one: Record, other: Record) -> bool:
    return _moment(one, "StartDate") < _moment(other, "ExpirationDate") and _moment(
        other, "StartDate"
    ) < _moment(one, "ExpirationDate")


def _moment(flag: Record, name: str) -> float:
    return parse_datetime(flag[name]).timestamp()
