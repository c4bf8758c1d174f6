"""`/sobjects`, `/sobjects/<Type>`, `/sobjects/<Type>/describe`: what objects an org has.

Source: "Describe Global" and "sObject Describe" in the REST API Developer Guide.
"""

from __future__ import annotations

from typing import Any

from provisioner.emulator.conditional import with_schema_date
from provisioner.emulator.describe.types import describe_briefly, describe_fully
from provisioner.emulator.errors import ApiError
from provisioner.emulator.objects import permissions
from provisioner.emulator.objects.schema import ObjectType
from provisioner.emulator.resources.recent import recent_items
from provisioner.emulator.routing import Call, Reply, route

_DATA = "/services/data/v<version>/sobjects"
_TOOLING = "/services/data/v<version>/tooling/sobjects"


@route(_DATA, name="describe.global")
@route(_TOOLING, name="tooling.describe.global")
def describe_global(call: Call) -> Reply:
    """A summary of all objects."""
    is_tooling = _is_tooling(call)
    store = call.session_org().store
    types = [
        permissions.view(store, one, call.user_id)
        for one in list(store.types.values())
        if (_serves_tooling(one) if is_tooling else not one.is_tooling)
        and permissions.may_read(store, one, call.user_id)
    ]
    entries = [describe_briefly(one, _base(call)) for one in sorted(types, key=lambda t: t.name)]
    found = {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries}
    return with_schema_date(call, Reply(found))


@route(f"{_DATA}/<type>", name="describe.basic")
@route(f"{_TOOLING}/<type>", name="tooling.describe.basic")
def describe_basic(call: Call) -> Reply:
    """A summary of one object, and the records that the user has changed last."""
    object_type = _type(call)
    items = [] if _is_tooling(call) else recent_items(call, object_type)
    found = {"objectDescribe": describe_briefly(object_type, _base(call)), "recentItems": items}
    return Reply(found)


@route(f"{_DATA}/<type>/describe", name="describe")
@route(f"{_TOOLING}/<type>/describe", name="tooling.describe")
def describe(call: Call) -> Reply:
    """One object with its fields and relationships."""
    store = call.session_org().store
    with store.lock:
        found: dict[str, Any] = describe_fully(store, _type(call), _base(call), call.base_url)
    return with_schema_date(call, Reply(found))


def _type(call: Call) -> ObjectType:
    store = call.session_org().store
    try:
        found = store.object_type(call.params["type"], tooling=_is_tooling(call))
    except ApiError:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist") from None
    if not permissions.may_read(store, found, call.user_id):
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return permissions.view(store, found, call.user_id)


def _is_tooling(call: Call) -> bool:
    return "/tooling/" in call.path


def _serves_tooling(object_type: ObjectType) -> bool:
    return object_type.is_tooling or bool(object_type.properties.get("in_tooling"))


def _base(call: Call) -> str:
    tooling = "/tooling" if _is_tooling(call) else ""
    return f"/services/data/v{call.version}{tooling}/sobjects"
