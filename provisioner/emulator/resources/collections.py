"""`/composite/sobjects`: up to 200 records created, updated, upserted, deleted or read at once.

Source: "sObject Collections" in the REST API Developer Guide; docs/reference/http.md#collections.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from provisioner.emulator.dml import Dml, error_entry, given, key_field
from provisioner.emulator.errors import ApiError, NotEmulatedError, RecordError
from provisioner.emulator.ids import is_id, to_15
from provisioner.emulator.json_body import parse_body
from provisioner.emulator.objects.store import Store
from provisioner.emulator.resources.query import query_context
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.soql.evaluate import run

_BASE = "/services/data/v<version>/composite/sobjects"
_MAXIMUM = 200
_MAXIMUM_READ = 2000
_MAXIMUM_CHUNKS = 10
_FIELD = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_ROLLED_BACK = {
    "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "message": "Record rolled back because not all records were valid and the request was using "
    "AllOrNone header",
    "fields": [],
}
_NO_ATTRIBUTES = (
    "Nested object for polymorphic foreign key must have an attributes field before any other "
    "fields."
)

Result = dict[str, Any]
Operation = Callable[[], Result]


@route(_BASE, "POST", name="collections.create")
def create(call: Call) -> Reply:
    """Insert records of one type or several."""
    dml = _dml(call)

    def insert(record: Mapping[str, Any]) -> Result:
        return {"id": dml.insert(_type_of(record), record)}

    return _write(call, insert)


@route(_BASE, "PATCH", name="collections.update")
def update(call: Call) -> Reply:
    """Update records, each by its id."""
    dml = _dml(call)

    def change(record: Mapping[str, Any]) -> Result:
        return {"id": dml.update(_type_of(record), record)}

    return _write(call, change)


@route(f"{_BASE}/<type>/<field>", "PATCH", name="collections.upsert")
def upsert(call: Call) -> Reply:
    """Upsert records of one type by an external id."""
    dml, type_name, key = _dml(call), call.params["type"], call.params["field"]
    records = _records(call.json())
    key_field(call.session_org().store.object_type(type_name), key)
    keys = Counter(str(given(record, key)).lower() for record in records if given(record, key))

    def save(record: Mapping[str, Any]) -> Result:
        if "attributes" not in record:
            raise RecordError("JSON_PARSER_ERROR", _NO_ATTRIBUTES)
        value = given(record, key)
        if keys[str(value).lower()] > 1:
            raise RecordError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}")
        record_id, created = dml.upsert(type_name, key, record)
        return {"id": record_id, "created": created}

    reply = _write(call, save)
    return Reply([one if one["success"] else {**one, "created": False} for one in reply.body])


@route(_BASE, "DELETE", name="collections.delete")
def delete(call: Call) -> Reply:
    """Delete the records `?ids=` of any types; `allOrNone` is a parameter, too."""
    ids = [one for one in call.query.get("ids", "").split(",") if one]
    if not ids:
        raise ApiError(400, "MISSING_ARGUMENT", "The ids parameter is required")
    _check_size(ids, _MAXIMUM)
    _check_chunks([one[:3] for one in ids])
    dml = _dml(call)
    operations = [_deletion(dml, one) for one in ids]
    all_or_none = call.query.get("allOrNone", "").lower() == "true"
    return Reply(_run(call.session_org().store, operations, all_or_none))


@route(f"{_BASE}/<type>", "GET", name="collections.read")
def read(call: Call) -> Reply:
    """The records `?ids=` with `&fields=`; null for a missing one."""
    ids = [one for one in call.query.get("ids", "").split(",") if one]
    names = [one.strip() for one in call.query.get("fields", "").split(",") if one.strip()]
    return Reply(_read(call, ids, names))


@route(f"{_BASE}/<type>", "POST", name="collections.read_many")
def read_many(call: Call) -> Reply:
    """The same with `{"ids": […], "fields": […]}` in the body, for up to 2,000 records."""
    body = call.json()
    if not isinstance(body, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "The request body must be a JSON object")
    return Reply(_read(call, list(body.get("ids") or ()), list(body.get("fields") or ())))


def _dml(call: Call) -> Dml:
    return Dml(call.session_org().store, call.user_id)


def _body(call: Call) -> Any:
    """The body: JSON, or multipart with a file for each record that names one.

    Source: "Insert or Update Blob Data" in the REST API Developer Guide.
    """
    if call.form is None or call.files is None:
        return call.json()
    if len(call.form) != 1:
        raise NotEmulatedError("a multipart body without one part of JSON")
    (text,) = call.form.values()
    body = parse_body(text)
    records = body.get("records") if isinstance(body, dict) else None
    for record in records if isinstance(records, list) else ():
        attributes = record.get("attributes") if isinstance(record, dict) else None
        if isinstance(attributes, dict) and (name := attributes.pop("binaryPartName", "")):
            if name not in call.files:
                raise NotEmulatedError(f"a multipart body without the part {name}")
            content = base64.b64encode(call.files[name]).decode()
            record[attributes.pop("binaryPartNameAlias", "")] = content
    return body


def _records(body: Any) -> list[Mapping[str, Any]]:
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise ApiError(400, "INVALID_FIELD", "Required field 'records' is missing or no list")
    if not records:
        raise ApiError(400, "REQUIRED_FIELD_MISSING", "At least 1 record is required")
    _check_size(records, _MAXIMUM)
    return records


def _check_size(entries: Sequence[Any], maximum: int) -> None:
    if len(entries) > maximum:
        text = f"record limit reached. cannot submit more than {maximum} records into this call"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", text)


def _check_chunks(kinds: Sequence[str]) -> None:
    """Records are processed in chunks of one type; at most ten chunks are allowed."""
    if sum(1 for _ in groupby(kinds)) > _MAXIMUM_CHUNKS:
        text = (
            "Cannot have more than 10 chunks in a single operation. Please rearrange the data "
            "to reduce chunking."
        )
        raise ApiError(400, "LIMIT_EXCEEDED", text)


def _type_of(record: Mapping[str, Any]) -> str:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, Mapping) else None
    if not isinstance(name, str) or not name:
        raise RecordError("JSON_PARSER_ERROR", _NO_ATTRIBUTES)
    return name


def _kind(record: Mapping[str, Any]) -> str:
    """The type of a record, "" for a record that names none."""
    try:
        return _type_of(record).lower()
    except RecordError:
        return ""


def _write(call: Call, save: Callable[[Mapping[str, Any]], Result]) -> Reply:
    body = _body(call)
    records = _records(body)
    if "type" not in call.params:
        _check_chunks([_kind(record) for record in records])

    def operation(record: Mapping[str, Any]) -> Operation:
        return lambda: save(record)

    operations = [operation(record) for record in records]
    return Reply(_run(call.session_org().store, operations, body.get("allOrNone") is True))


def _deletion(dml: Dml, record_id: str) -> Operation:
    return lambda: {"id": dml.delete(record_id)}


class _RolledBackError(Exception):
    """Rolls back the transaction of a request with allOrNone."""


def _run(store: Store, operations: Sequence[Operation], all_or_none: bool) -> list[Result]:
    """A result for each record; with `all_or_none` one failure rolls all back."""
    if not all_or_none:
        return [_attempt(operation) for operation in operations]
    results: list[Result] = []
    try:
        _run_all(store, operations, results)
    except _RolledBackError:
        return [
            {"success": False, "errors": [_ROLLED_BACK]} if one["success"] else one
            for one in results
        ]
    return results


def _run_all(store: Store, operations: Sequence[Operation], results: list[Result]) -> None:
    with store.transaction():
        results.extend(_attempt(operation) for operation in operations)
        if not all(one["success"] for one in results):
            raise _RolledBackError


def _attempt(operation: Operation) -> Result:
    try:
        return {**operation(), "success": True, "errors": []}
    except RecordError as error:
        return {"success": False, "errors": [error_entry(error)]}


def _read(call: Call, ids: Sequence[Any], names: Sequence[Any]) -> list[Any]:
    if not ids or not names:
        missing = "ids" if not ids else "fields"
        raise ApiError(400, "MISSING_ARGUMENT", f"The {missing} parameter is required")
    _check_size(ids, _MAXIMUM_READ)
    object_type = call.session_org().store.object_type(call.params["type"])
    known = [one for one in ids if is_id(one) and one.startswith(object_type.key_prefix)]
    fields = list(dict.fromkeys(str(name) for name in names))
    if wrong := next((name for name in fields if not _FIELD.fullmatch(name)), None):
        text = f"No such column '{wrong}' on sobject of type {object_type.name}"
        raise ApiError(400, "INVALID_FIELD", text)
    text = f"SELECT {','.join(fields)} FROM {object_type.name}"  # noqa: S608 - SOQL of our own
    chosen = ",".join(f"'{one}'" for one in known)
    text += f" WHERE Id IN ({chosen})" if known else " LIMIT 0"
    records = run(query_context(call, text)).records
    by_id = {to_15(one["attributes"]["url"].rpartition("/")[2]): one for one in records}
    return [by_id.get(to_15(str(one))) for one in ids]
