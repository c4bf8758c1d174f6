"""`/recent`: the records that the user has created or changed last, newest first.

Source: "Recently Viewed Items" in the REST API Developer Guide; an answer that
NangoHQ/integration-templates recorded: records that were created by the API are among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import ApiError
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.representation import record_url
from provisioner.emulator.objects.rules import Change, rule
from provisioner.emulator.objects.schema import ObjectType
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.typed import in_digits

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

_MOST = 200


@rule("*", "after insert")
@rule("*", "after update")
def _note(org: EmulatedOrg, change: Change) -> None:
    if change.type.is_tooling or change.type.is_setup:
        return
    recent = org.recent.setdefault(change.user_id, {})
    recent.pop(change.record["Id"], None)
    recent[change.record["Id"]] = change.type.name
    if len(recent) > _MOST:
        del recent[next(iter(recent))]


@route("/services/data/v<version>/recent", name="recent")
def recent_records(call: Call) -> Reply:
    """Up to `?limit=` of them, by default and at most 200."""
    limit = in_digits(call.query.get("limit", str(_MOST)))
    if limit is None:
        text = f"limit must be a number: {call.query['limit']}"
        raise ApiError(400, "MALFORMED_QUERY", text)
    return Reply(recent_items(call)[:limit])


def recent_items(call: Call, only: ObjectType | None = None) -> list[dict[str, Any]]:
    """`[{attributes, Id, Name}]` of all objects, or of one; without deleted records."""
    org = call.session_org()
    with org.store.lock:
        found = [*org.recent.get(call.user_id, {}).items()][::-1]
    pairs = ((org.store.types[name], org.store.peek(name, one)) for one, name in found)
    return [
        _item(call, object_type, row)
        for object_type, row in pairs
        if row is not None and (only is None or object_type.name == only.name)
    ]


def _item(call: Call, object_type: ObjectType, row: Record) -> dict[str, Any]:
    url = record_url(object_type, row["Id"], call.version)
    name = row.get(object_type.name_field or "Name")
    return {"attributes": {"type": object_type.name, "url": url}, "Id": row["Id"], "Name": name}
