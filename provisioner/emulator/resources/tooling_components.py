"""Components as records: what the Tooling API creates, changes and deletes is metadata, too.

Source: "ApexClass", "ApexTrigger", "ApexPage" and "ApexComponent" in the Tooling API reference.
The error of code that does not compile is not in the references: its code and its form are those
that RoseSilverSoftware/IlluminatedCloud#434 shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.emulator.api_versions import NEWEST
from provisioner.emulator.errors import RecordError
from provisioner.emulator.metadata.apex.tokens import ApexProblem
from provisioner.emulator.metadata.apex.units import read_class, read_trigger
from provisioner.emulator.metadata.archive import Archive, pack
from provisioner.emulator.metadata.component_rows import owner_type
from provisioner.emulator.metadata.components import META, Component
from provisioner.emulator.metadata.destruction import forget
from provisioner.emulator.metadata.kinds.apex import check_types
from provisioner.emulator.metadata.kinds.registry import DeployContext
from provisioner.emulator.metadata.problems import Outcome
from provisioner.emulator.metadata.source_members import note_members
from provisioner.emulator.metadata.state import StoredComponent
from provisioner.emulator.metadata.xml_text import document
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.objects.rules import Change, rule

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record
    from provisioner.emulator.org import EmulatedOrg


@dataclass(frozen=True)
class _Code:
    """Where the files of a type are, and which field of its records is the body."""

    folder: str
    suffix: str
    body: str
    described: tuple[str, ...]  # elements of the -meta.xml, by the names of the fields


_CODE = {
    "ApexClass": _Code("classes", "cls", "Body", ("ApiVersion", "Status")),
    "ApexTrigger": _Code("triggers", "trigger", "Body", ("ApiVersion", "Status")),
    "ApexPage": _Code("pages", "page", "Markup", ("ApiVersion", "MasterLabel")),
    "ApexComponent": _Code("components", "component", "Markup", ("ApiVersion", "MasterLabel")),
}
_ELEMENTS = {"ApiVersion": "apiVersion", "Status": "status", "MasterLabel": "label"}


def _compile(org: EmulatedOrg, change: Change) -> None:
    """Check the code of a class or trigger, and fill what the platform fills."""
    record, is_class = change.record, change.type.name == "ApexClass"
    source = str(record["Body"] or "")
    try:
        unit = (read_class if is_class else read_trigger)(source)
        check_types(DeployContext(org, change.user_id, Archive(b"")), unit)
    except ApexProblem as problem:
        text = f"line {problem.line}, column {problem.column}: {problem.text}"
        raise RecordError("INVALID_FIELD_FOR_INSERT_UPDATE", text, ["Body"]) from problem
    twins = change.store.find_by(change.type.name, "Name", unit.name)
    twin = next((one for one in twins if one["Id"] != record["Id"]), None)
    if twin is not None and not twin["NamespacePrefix"]:
        text = f"duplicate value found: <unknown> duplicates value on record with id: {twin['Id']}"
        raise RecordError("DUPLICATE_VALUE", text)
    if unit.trigger_object is not None:
        record["TableEnumOrId"] = unit.trigger_object.text
    record.update(Name=unit.name, IsValid=True, LengthWithoutComments=len(source))


def _describe(_org: EmulatedOrg, change: Change) -> None:
    """What a record gets when the client names no value."""
    defaults = {"ApiVersion": float(NEWEST), "Status": "Active", "ControllerType": "0"}
    for name, value in defaults.items():
        if name in change.type.fields and change.record[name] is None:
            change.record[name] = value


def _keep(org: EmulatedOrg, change: Change) -> None:
    """Store the component of a new or changed record."""
    code, record, kind = _CODE[change.type.name], change.record, change.type.name
    path = f"{code.folder}/{record['Name']}.{code.suffix}"
    description = _description(code, record)
    files = {path: str(record[code.body] or "").encode(), path + META: document(kind, description)}
    component = Component(kind, str(record["Name"]), path, list(files))
    component.element = Element(kind, 0, 0, children=description)
    component.body = files[path]
    context = DeployContext(org, change.user_id, Archive(pack(files)))
    is_new = context.find(kind, component.full_name) is None
    stored = context.keep(component, own_id=record["Id"])
    note_change(org, change, stored, is_new=is_new)


def _description(code: _Code, record: Record) -> list[Element]:
    values = {_ELEMENTS[name]: record.get(name) for name in code.described}
    return [Element(name, 0, 0, str(value)) for name, value in values.items() if value is not None]


def note_change(org: EmulatedOrg, change: Change, stored: StoredComponent, *, is_new: bool) -> None:
    """Track the change of a component."""
    outcome = Outcome(stored.type, stored.full_name, "", id=stored.id, is_created=is_new)
    outcome.is_changed = True
    note_members(org, [outcome], change.user_id)


for _type in _CODE:
    rule(_type, "before insert")(_describe)
    if "Body" in _CODE[_type].body:
        rule(_type, "before insert")(_compile)
        rule(_type, "before update")(_compile)
    rule(_type, "after insert")(_keep)
    rule(_type, "after update")(_keep)


@rule("*", "after delete")
def _delete(org: EmulatedOrg, change: Change) -> None:
    """The component of a deleted record is deleted with it."""
    kinds, record_id = owner_type(change.type.name), change.record["Id"]
    every = org.components.values() if kinds else ()
    stored = next((one for one in every if one.type in kinds and one.id == record_id), None)
    if stored is not None:
        forget(DeployContext(org, change.user_id, Archive(b"")), stored)
        outcome = Outcome(stored.type, stored.full_name, "", id=stored.id, is_deleted=True)
        note_members(org, [outcome], change.user_id)
