"""CustomApplication (Tooling): apps as records, whose Metadata can be changed.

Source: "CustomApplication" in the Tooling API reference; the tests "conflicts" of
plugin-deploy-retrieve, which change an app in the org.
"""

from __future__ import annotations

from provisioner.emulator.errors import NotEmulatedError, RecordError
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
def _create(_org: EmulatedOrg, _change: Change) -> None:
    raise NotEmulatedError("creating a CustomApplication by the Tooling API; deploy it")


@rule(_TYPE, "before update")
def _check(_org: EmulatedOrg, change: Change) -> None:
    if "Metadata" in change.given and not isinstance(change.record["Metadata"], dict):
        text = "Cannot deserialize instance of CustomApplication from the value of Metadata"
        raise RecordError("JSON_PARSER_ERROR", text, ["Metadata"])


@rule(_TYPE, "after update")
def _change_metadata(org: EmulatedOrg, change: Change) -> None:
    """The component of a changed record gets new elements, and its file is written again."""
    if "Metadata" not in change.given:
        return
    known = _component_of(org, change.record["Id"])
    content = document(_TYPE, as_elements(change.record["Metadata"]))
    component = Component(_TYPE, known.full_name, known.file_name, [known.file_name])
    component.element = parse(content)
    archive = Archive(pack({known.file_name: content}))
    kind_of(_TYPE)(DeployContext(org, change.user_id, archive), component)
    if component.problems:
        text = component.problems[0].text
        raise RecordError("FIELD_INTEGRITY_EXCEPTION", text, ["Metadata"])
    changed = _component_of(org, change.record["Id"])
    org.store.on_undo(lambda: org.components.update({(_TYPE, known.full_name.lower()): known}))
    note_change(org, change, changed, is_new=False)


def _component_of(org: EmulatedOrg, record_id: str) -> StoredComponent:
    for stored in org.components.values():
        if isinstance(stored, StoredComponent) and stored.id == record_id:
            return stored
    raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
