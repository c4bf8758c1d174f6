"""CustomApplication (Tooling): apps as records, whose Metadata can be changed.

Source: "CustomApplication" in the Tooling API reference; the tests "conflicts" of
plugin-deploy-retrieve, which change an app in the org.
"""

from __future__ import annotations

from provisioner.emulator.errors import RecordError
from provisioner.emulator.metadata import state
from provisioner.emulator.metadata.archive import Archive, pack
from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.kinds.loaded import kind_of
from provisioner.emulator.metadata.kinds.registry import DeployContext
from provisioner.emulator.metadata.metadata_json import as_elements
from provisioner.emulator.metadata.state import StoredComponent
from provisioner.emulator.metadata.xml_text import document
from provisioner.emulator.metadata.xml_tree import parse
from provisioner.emulator.objects.rules import Change, rule
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.resources.tooling_components import note_change

_TYPE = "CustomApplication"


@rule(_TYPE, "before insert")
@rule(_TYPE, "before update")
def _check(org: EmulatedOrg, change: Change) -> None:
    record, is_new = change.record, change.old is None
    missing = [name for name in ("FullName", "Metadata") if is_new and record[name] is None]
    if missing:
        text = f"Required fields are missing: [{', '.join(missing)}]"
        raise RecordError("REQUIRED_FIELD_MISSING", text, missing)
    if "Metadata" in change.given and not isinstance(record["Metadata"], dict):
        text = "Cannot deserialize instance of CustomApplication from the value of Metadata"
        raise RecordError("JSON_PARSER_ERROR", text, ["Metadata"])
    known = state.find(org, _TYPE, str(record["FullName"])) if is_new else None
    if known is not None:
        text = f"duplicate value found: <unknown> duplicates value on record with id: {known.id}"
        raise RecordError("DUPLICATE_VALUE", text)


@rule(_TYPE, "after insert")
def _create(org: EmulatedOrg, change: Change) -> None:
    """The component of a new record has the record's id."""
    name, own_id = str(change.record["FullName"]), change.record["Id"]
    state.keep_without_file(org, _TYPE, name, user_id=change.user_id, own_id=own_id)
    org.store.on_undo(lambda: org.components.pop((_TYPE, name.lower())))
    _apply(org, change, name, f"applications/{name}.app")


@rule(_TYPE, "after update")
def _update(org: EmulatedOrg, change: Change) -> None:
    """The component of a changed record gets new elements, and its file is written again."""
    if "Metadata" in change.given:
        known = _component_of(org, change.record["Id"])
        key = (_TYPE, known.full_name.lower())
        org.store.on_undo(lambda: org.components.update({key: known}))
        _apply(org, change, known.full_name, known.file_name)


def _apply(org: EmulatedOrg, change: Change, name: str, path: str) -> None:
    """Apply the metadata of a record as a deploy of its file does. Raises RecordError."""
    content = document(_TYPE, as_elements(change.record["Metadata"]))
    component = Component(_TYPE, name, path, [path])
    component.element = parse(content)
    archive = Archive(pack({path: content}))
    kind_of(_TYPE)(DeployContext(org, change.user_id, archive), component)
    if component.problems:
        text = component.problems[0].text
        raise RecordError("FIELD_INTEGRITY_EXCEPTION", text, ["Metadata"])
    stored = _component_of(org, change.record["Id"])
    note_change(org, change, stored, is_new=change.old is None)


def _component_of(org: EmulatedOrg, record_id: str) -> StoredComponent:
    for stored in list(org.components.values()):
        if isinstance(stored, StoredComponent) and stored.id == record_id:
            return stored
    raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
