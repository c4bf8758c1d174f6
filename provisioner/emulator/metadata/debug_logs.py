"""Debug logs: their text, and when one is kept as an ApexLog.

Source: "Debug Log" in the Apex Developer Guide, which has the format; "ApexLog" and "TraceFlag" in
the Tooling API reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provisioner.emulator.objects.values import format_datetime, parse_datetime

if TYPE_CHECKING:
    from datetime import datetime

    from provisioner.emulator.org import EmulatedOrg

LOG, TOPIC = "ApexLog", "/systemTopic/Logging"
_LEVELS = "APEX_CODE,DEBUG;APEX_PROFILING,INFO"
_LIMITS = """\
  Number of SOQL queries: 0 out of 100
  Number of query rows: 0 out of 50000
  Number of SOSL queries: 0 out of 20
  Number of DML statements: 0 out of 150
  Number of Publish Immediate DML: 0 out of 150
  Number of DML rows: 0 out of 10000
  Maximum CPU time: 0 out of 10000
  Maximum heap size: 0 out of 6000000
  Number of callouts: 0 out of 100
  Number of Email Invocations: 0 out of 10
  Number of future calls: 0 out of 50
  Number of queueable jobs added to the queue: 0 out of 50
  Number of Mobile Apex push calls: 0 out of 10
"""


def text_of(
    now: datetime, version: str, unit: str, events: Sequence[str], *, head: Sequence[str] = ()
) -> str:
    """The text of a log: levels, `head`, then the events of one unit, each with its time."""
    at = f"{now:%H:%M:%S}.{now.microsecond // 1000} ("
    limits = ["CUMULATIVE_LIMIT_USAGE", f"LIMIT_USAGE_FOR_NS|(default)|\n{_LIMITS}"]
    all_events = [
        "EXECUTION_STARTED",
        f"CODE_UNIT_STARTED|[EXTERNAL]|{unit}",
        *events,
        *limits,
        "CUMULATIVE_LIMIT_USAGE_END\n",
        f"CODE_UNIT_FINISHED|{unit.rpartition('|')[2]}",
        "EXECUTION_FINISHED",
    ]
    timed = [f"{at}{number * 1_000_000})|{event}" for number, event in enumerate(all_events, 1)]
    return "\n".join([f"{version} {_LEVELS}", *head, *timed]) + "\n"


def keep(
    org: EmulatedOrg, user_id: str, text: str, *, operation: str, status: str = "Success"
) -> str | None:
    """Keep a log as a record if a trace flag is active for the user; its id."""
    if not is_traced(org, user_id):
        return None
    values = {
        "Application": "Unknown",
        "Body": text,  # in the row, and no field of the object: it has a resource of its own
        "DurationMilliseconds": 10,
        "Location": "Monitoring",
        "LogLength": len(text.encode()),
        "LogUserId": user_id,
        "Operation": operation,
        "Request": "Api",
        "StartTime": format_datetime(org.now()),
        "Status": status[:255],
    }
    log_id = org.store.add(LOG, values, user_id=user_id)
    event = {"createdDate": values["StartTime"], "type": "created"}
    org.streams.publish(TOPIC, {"event": event, "sobject": {"Id": log_id}})
    return log_id


def is_traced(org: EmulatedOrg, user_id: str) -> bool:
    """Whether a trace flag of the user is active."""
    now = org.now()
    for flag in org.store.find_by("TraceFlag", "TracedEntityId", user_id):
        starts, ends = flag["StartDate"], flag["ExpirationDate"]
        if ends and (not starts or parse_datetime(starts) <= now) and now < parse_datetime(ends):
            return True
    return False
