"""`/sobjects/<Type>/<Field>/<value>`: records by external id, and the bytes of a record's file.

Source: "sObject Rows by External ID" in the REST API Developer Guide.
"""

from __future__ import annotations

import base64
from typing import Any

from provisioner.emulator.conditional import with_record_date
from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.json_positions import located_in
from provisioner.emulator.objects import permissions
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.representation import as_json, record_url
from provisioner.emulator.objects.schema import ObjectType
from provisioner.emulator.resources.sobjects import object_type_of, refuse_key, values_of
from provisioner.emulator.routing import Call, Reply, route

_DATA = "/services/data/v<version>/sobjects/<type>/<field>/<path:value>"


@route(_DATA, "PATCH", "POST", name="sobjects.upsert")
def upsert(call: Call) -> Reply:
    """Update the record with this key, or insert one: 201 created, 200 updated (204 before v46)."""
    object_type, store = object_type_of(call), call.session_org().store
    name = _key(object_type, call.params["field"])
    values = values_of(call)
    refuse_key(values, name)
    with store.lock, located_in(call.body):
        found = _matches(call, object_type, name)
        if len(found) > 1:
            return _choices(call, object_type, found)
        if not found:
            if name == "Id" or call.query.get("updateOnly", "").lower() == "true":
                raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
            values[name] = call.params["value"]
            record_id = store.insert(object_type.name, values, user_id=call.user_id)
        else:
            record_id = found[0]["Id"]
            store.update(object_type.name, record_id, values, user_id=call.user_id)
    if found and float(call.version) < 46:
        return Reply(status=204)
    body = {"id": record_id, "success": True, "errors": [], "created": not found}
    location = record_url(object_type, record_id, call.version)
    return Reply(body, 200 if found else 201, headers={"Location": location})


@route(_DATA, "GET", name="sobjects.read_by_key")
def read(call: Call) -> Reply:
    """The record with this key; or, below a record's id, the bytes of its base64 field."""
    object_type = object_type_of(call)
    blob = object_type.find_field(call.params["value"])
    if blob is not None and blob.type == "base64":
        return _blob(call, object_type, blob.name)
    if object_type.find_field(call.params["field"]) is None:
        raise NotEmulatedError(f"GET {call.path}")
    name = _key(object_type, call.params["field"])
    found = _matches(call, object_type, name)
    if len(found) > 1:
        return _choices(call, object_type, found)
    if not found:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    reply = Reply(as_json(object_type, found[0], call.version))
    return with_record_date(call, reply, found[0])


@route(_DATA, "DELETE", name="sobjects.delete_by_key")
def delete(call: Call) -> Reply:
    """Delete the record with this key; 204."""
    object_type = object_type_of(call)
    found = _matches(call, object_type, _key(object_type, call.params["field"]))
    if len(found) > 1:
        return _choices(call, object_type, found)
    if not found:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    call.session_org().store.delete(object_type.name, found[0]["Id"], user_id=call.user_id)
    return Reply(status=204)


def _key(object_type: ObjectType, name: str) -> str:
    """The field of the key; 404, as on the platform, unless it is an external id."""
    field = object_type.find_field(name)
    lookups = object_type.properties.get("id_lookup", ())
    if field is None or not (field.name == "Id" or field.is_external_id or field.name in lookups):
        text = f"Provided external ID field does not exist or is not accessible: {name}"
        raise ApiError(404, "NOT_FOUND", text)
    return field.name


def _matches(call: Call, object_type: ObjectType, name: str) -> list[Record]:
    store, value = call.session_org().store, call.params["value"]
    if name == "Id":
        record = store.get(object_type.name, value)
        return permissions.seen(store, object_type, [record] if record else [], call.user_id)
    key: Any = value
    if object_type.fields[name].type in ("double", "int"):
        try:
            key = float(value)
        except ValueError as error:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist") from error
    found = store.find_by(object_type.name, name, key)
    return permissions.seen(store, object_type, found, call.user_id)


def _choices(call: Call, object_type: ObjectType, found: list[Record]) -> Reply:
    return Reply([record_url(object_type, one["Id"], call.version) for one in found], 300)


def _blob(call: Call, object_type: ObjectType, name: str) -> Reply:
    record = call.session_org().store.get(object_type.name, call.params["field"])
    if record is None or record.get(name) is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return Reply(base64.b64decode(record[name]), content_type="application/octet-stream")
