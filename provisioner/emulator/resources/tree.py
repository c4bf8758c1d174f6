"""`/composite/tree/<Type>`: up to 200 records with their children, all or none.

Source: "sObject Tree" in the REST API Developer Guide; docs/reference/data.md#tree-requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.emulator.dml import Dml, error_entry
from provisioner.emulator.envelopes import OF_THE_PARSER
from provisioner.emulator.errors import ApiError, RecordError
from provisioner.emulator.json_positions import located_in
from provisioner.emulator.objects.schema import Field, ObjectType
from provisioner.emulator.objects.store import Store
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.soql.names import child_relationship

_MAXIMUM_RECORDS = 200
_MAXIMUM_TYPES = 5
_MAXIMUM_DEPTH = 5


@dataclass
class _Node:
    """One record of a tree."""

    reference_id: str
    type_name: str
    values: dict[str, Any]
    children: list[tuple[Field, _Node]] = field(default_factory=list)


class _Problems(Exception):  # noqa: N818 - carries the answer out of the transaction
    def __init__(self, errors: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__("rolled back")
        self.errors = errors


@route("/services/data/v<version>/composite/tree/<type>", "POST", name="tree.create")
def create(call: Call) -> Reply:
    """201 with an id for each reference, or 400 with the failed references and their errors."""
    store = call.session_org().store
    body = call.json()
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list) or not records:
        raise ApiError(400, "INVALID_INPUT", "Include at least one record in the request.")
    try:
        root = store.object_type(call.params["type"])
    except ApiError:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist") from None
    try:
        nodes = [_node(store, root, record, 1) for record in records]
        _check_whole(nodes)
        with located_in(call.body):
            ids = _insert(store, nodes, call.user_id)
    except _Problems as problems:
        results = [{"referenceId": ref, "errors": all_} for ref, all_ in problems.errors.items()]
        return Reply({"hasErrors": True, "results": results}, 400)
    results = [{"referenceId": reference, "id": record_id} for reference, record_id in ids.items()]
    return Reply({"hasErrors": False, "results": results}, 201)


def _refuse(reference: str, message: str) -> _Problems:
    entry = error_entry(RecordError("INVALID_INPUT", message))
    return _Problems({reference: [entry]})


def _node(store: Store, expected: ObjectType, record: Any, depth: int) -> _Node:
    attributes = record.get("attributes") if isinstance(record, Mapping) else None
    if not isinstance(attributes, Mapping):
        raise _refuse("", "Include an attributes map with type and referenceId in each record.")
    reference, type_name = attributes.get("referenceId"), attributes.get("type")
    if not isinstance(reference, str) or not reference:
        raise _refuse("", "Include a reference ID for each record in the request.")
    if depth > _MAXIMUM_DEPTH:
        raise _refuse(reference, f"The request has more than {_MAXIMUM_DEPTH} levels of records.")
    object_type = store.find_type(type_name) if isinstance(type_name, str) else None
    if object_type is None or object_type.name != expected.name or object_type.is_setup:
        message = f"Invalid entity type provided in the request: {type_name}"
        raise _refuse(reference, message)
    node = _Node(reference, object_type.name, {})
    for name, value in record.items():
        if isinstance(value, Mapping) and "records" in value:
            _add_children(store, object_type, node, name, value["records"], depth)
        elif name != "attributes":
            node.values[name] = value
    return node


def _add_children(
    store: Store, parent: ObjectType, node: _Node, name: str, records: Any, depth: int
) -> None:
    found = child_relationship(store, parent, name)
    if found is None or not isinstance(records, list):
        text = f"No such column '{name}' on sobject of type {parent.name}"
        raise RecordError("INVALID_FIELD", text)
    child_type, reference = found
    for record in records:
        node.children.append((reference, _node(store, child_type, record, depth + 1)))


def _walk(nodes: list[_Node]) -> Iterator[_Node]:
    for node in nodes:
        yield node
        yield from _walk([child for _, child in node.children])


def _check_whole(roots: list[_Node]) -> None:
    nodes = list(_walk(roots))
    first = nodes[0].reference_id
    if len(nodes) > _MAXIMUM_RECORDS:
        raise _refuse(first, f"Too many records in the request. The maximum is {_MAXIMUM_RECORDS}.")
    if len({node.type_name for node in nodes}) > _MAXIMUM_TYPES:
        raise _refuse(
            first, f"Too many record types in the request. The maximum is {_MAXIMUM_TYPES}."
        )
    seen: set[str] = set()
    for node in nodes:
        if node.reference_id in seen:
            raise _refuse(node.reference_id, "Duplicate ReferenceId provided in the request.")
        seen.add(node.reference_id)


def _insert(store: Store, roots: list[_Node], user_id: str) -> dict[str, str]:
    """Insert level by level; children of a failed record are skipped.

    What the JSON parser refuses is refused for the whole request, before any record is saved.
    """
    dml = Dml(store, user_id)
    ids: dict[str, str] = {}
    errors: dict[str, list[dict[str, Any]]] = {}
    with store.transaction():
        level: list[tuple[Field | None, str, _Node]] = [(None, "", node) for node in roots]
        while level:
            below: list[tuple[Field | None, str, _Node]] = []
            for link, parent_id, node in level:
                values = node.values if link is None else {**node.values, link.name: parent_id}
                try:
                    ids[node.reference_id] = dml.insert(node.type_name, values)
                except RecordError as error:
                    if error.code in OF_THE_PARSER:
                        raise
                    errors[node.reference_id] = [error_entry(error)]
                    continue
                own_id = ids[node.reference_id]
                below.extend((field_, own_id, child) for field_, child in node.children)
            level = below
        if errors:
            raise _Problems(errors)
    return ids
