"""createMetadata, updateMetadata, upsertMetadata and deleteMetadata as SOAP calls send them.

Source: "CRUD-Based Calls" in the Metadata API Developer Guide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.emulator.errors import SoapFault
from provisioner.emulator.metadata.component_types import CHILD_TYPES, type_names
from provisioner.emulator.metadata.crud import Mode, delete, save
from provisioner.emulator.metadata.listing import read_record
from provisioner.emulator.metadata.setup_queue import settle
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.routing import Call

MOST_RECORDS = 10  # of one call


def _read(call: Call, request: Element) -> dict[str, Any]:
    wanted, names = type_of(request), _every(request, "fullNames")
    org = call.session_org()
    settle(org)
    return {"records": [read_record(org, wanted, name.text) for name in names]}


def _saving(mode: Mode) -> Callable[[Call, Element], list[dict[str, Any]]]:
    def operation(call: Call, request: Element) -> list[dict[str, Any]]:
        given = _every(request, "metadata")
        org = call.session_org()
        settle(org)
        return [save(org, one, mode, call.user_id) for one in given]

    return operation


def _delete(call: Call, request: Element) -> list[dict[str, Any]]:
    wanted, names = type_of(request), _every(request, "fullNames")
    org = call.session_org()
    settle(org)
    return [delete(org, wanted, name.text, call.user_id) for name in names]


def type_of(query: Element) -> str:
    """The metadata type that a call names. Raises SoapFault INVALID_TYPE."""
    wanted = query.value("type")
    if wanted not in type_names() and wanted not in CHILD_TYPES:
        raise SoapFault("INVALID_TYPE", f"Unknown type:{wanted}")
    return wanted


def _every(request: Element, name: str) -> list[Element]:
    records = list(request.every(name))
    if len(records) > MOST_RECORDS:
        raise SoapFault("LIMIT_EXCEEDED", f"No more than {MOST_RECORDS} records are allowed")
    return records


CRUD_CALLS: Mapping[str, Callable[[Call, Element], Any]] = {
    "createMetadata": _saving("create"),
    "deleteMetadata": _delete,
    "readMetadata": _read,
    "updateMetadata": _saving("update"),
    "upsertMetadata": _saving("upsert"),
}
