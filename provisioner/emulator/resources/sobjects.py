"""`/sobjects/<Type>[/<Id>]`: one record created, read, updated or deleted; both APIs.

Source: "sObject Basic Information" and "sObject Rows" in the REST API Developer Guide;
docs/reference/http.md#error-bodies.
"""

from __future__ import annotations

import base64
from typing import Any

from provisioner.emulator.conditional import with_record_date
from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.ids import to_18
from provisioner.emulator.json_body import parse_body
from provisioner.emulator.json_positions import located_in
from provisioner.emulator.objects import permissions
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.representation import as_json, record_url
from provisioner.emulator.objects.schema import ObjectType
from provisioner.emulator.routing import Call, Reply, route

_DATA = "/services/data/v<version>/sobjects/<type>"
_TOOLING = "/services/data/v<version>/tooling/sobjects/<type>"
_NOT_FOUND = "The requested resource does not exist"


@route(_DATA, "POST", name="sobjects.create")
@route(_TOOLING, "POST", name="tooling.sobjects.create")
def create(call: Call) -> Reply:
    """Insert a record; 201 with its id."""
    object_type = object_type_of(call)
    values = values_of(call)
    with located_in(call.body):
        record_id = call.session_org().store.insert(object_type.name, values, user_id=call.user_id)
    location = record_url(object_type, record_id, call.version)
    body = {"id": record_id, "success": True, "errors": []}
    return Reply(body, 201, headers={"Location": location})


@route(f"{_DATA}/<id>", "GET", name="sobjects.read")
@route(f"{_TOOLING}/<id>", "GET", name="tooling.sobjects.read")
def read(call: Call) -> Reply:
    """A record: all fields or `?fields=A,B`."""
    object_type = object_type_of(call)
    record = record_of(call, object_type)
    fields = [one.strip() for one in call.query.get("fields", "").split(",") if one.strip()]
    reply = Reply(as_json(object_type, record, call.version, fields or None))
    return reply if object_type.is_tooling else with_record_date(call, reply, record)


@route(f"{_DATA}/<id>", "PATCH", name="sobjects.update")
@route(f"{_TOOLING}/<id>", "PATCH", name="tooling.sobjects.update")
def update(call: Call) -> Reply:
    """Change fields of a record; 204."""
    object_type = object_type_of(call)
    record_id = record_of(call, object_type)["Id"]
    values = values_of(call)
    refuse_key(values, "Id")
    with located_in(call.body):
        call.session_org().store.update(object_type.name, record_id, values, user_id=call.user_id)
    return Reply(status=204)


@route(f"{_DATA}/<id>", "DELETE", name="sobjects.delete")
@route(f"{_TOOLING}/<id>", "DELETE", name="tooling.sobjects.delete")
def delete(call: Call) -> Reply:
    """Delete a record; 204."""
    object_type = object_type_of(call)
    record_id = record_of(call, object_type)["Id"]
    call.session_org().store.delete(object_type.name, record_id, user_id=call.user_id)
    return Reply(status=204)


def object_type_of(call: Call) -> ObjectType:
    """The type that the path names, as the user sees it; 404 if they have no such type."""
    is_tooling, store = "/tooling/" in call.path, call.session_org().store
    try:
        found = store.object_type(call.params["type"], tooling=is_tooling)
    except ApiError as error:
        raise ApiError(404, "NOT_FOUND", _NOT_FOUND) from error
    if not permissions.may_read(store, found, call.user_id):
        raise ApiError(404, "NOT_FOUND", _NOT_FOUND)
    return permissions.view(store, found, call.user_id)


def record_of(call: Call, object_type: ObjectType) -> Record:
    """The record that the path names; 404 NOT_FOUND, or ENTITY_IS_DELETED for a change of it."""
    store, record_id = call.session_org().store, call.params["id"]
    record = store.get(object_type.name, record_id)
    if record is not None and permissions.seen(store, object_type, [record], call.user_id):
        return record
    if call.method != "GET" and store.is_deleted(object_type.name, record_id):
        raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", [])
    if len(to_18(record_id)) != 18 or not record_id.isalnum():
        text = f"Provided external ID field does not exist or is not accessible: {record_id}"
        raise ApiError(404, "NOT_FOUND", text)
    raise ApiError(404, "NOT_FOUND", _NOT_FOUND)


def values_of(call: Call) -> dict[str, Any]:
    """The values in a body: JSON, or multipart with binary fields beside the JSON."""
    if call.form is None or call.files is None:
        values = call.json()
    else:
        values = _multipart_values(dict(call.form), dict(call.files))
    if not isinstance(values, dict):
        raise ApiError(
            400,
            "JSON_PARSER_ERROR",
            "The HTTP entity body is required, but this request has no entity body.",
        )
    return values


def refuse_key(values: dict[str, Any], key: str) -> None:
    """The path names the record, so the body must not. Raises ApiError: INVALID_FIELD.

    Source: "Create Records Using sObject Basic Information" in the REST API Developer Guide.
    """
    if any(name.lower() == key.lower() for name in values):
        text = f"The {key} field should not be specified in the sobject data."
        raise ApiError(400, "INVALID_FIELD", text)


def _multipart_values(form: dict[str, str], files: dict[str, bytes]) -> Any:
    """One part is JSON (a form field or a file); the others are base64 fields by part name."""
    names = [name for name in [*form, *files] if name.startswith("entity_")] or [*form][:1]
    if not names:
        raise NotEmulatedError("a multipart body without an entity_… part")
    text = form.pop(names[0], None)
    values = parse_body(text if text is not None else files.pop(names[0]))
    if not isinstance(values, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "the record must be a JSON object")
    blobs = {name: base64.b64encode(content).decode() for name, content in files.items()}
    return {**values, **blobs}
