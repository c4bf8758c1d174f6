"""What `listMetadata` and `readMetadata` say of an org's components.

Standard objects, their list views and layouts, and profiles are listed though nobody deployed
them. Source: "listMetadata()" and "FileProperties" in the Metadata API Developer Guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import NotEmulatedError
from provisioner.emulator.metadata.component_types import (
    CHILD_ELEMENTS,
    FOLDER_MEMBERS,
    find_type,
    reported_type,
)
from provisioner.emulator.metadata.composition import composed
from provisioner.emulator.metadata.standard_components import find_standard, standard_components
from provisioner.emulator.metadata.state import StoredComponent, find
from provisioner.emulator.metadata.xml_text import document
from provisioner.emulator.xml_values import Raw, escaped

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

_NEVER_LISTED = frozenset({"StandardValueSet"})
"""`listMetadata` has no entry for them (@salesforce/source-deploy-retrieve works around it)."""


def listed(org: EmulatedOrg, wanted: str, folder: str = "") -> list[dict[str, Any]]:
    """The FileProperties of all components of a type; of types in folders, of one folder."""
    if wanted in _NEVER_LISTED:
        return []
    found = {one.full_name.lower(): one for one in _deployed(org, wanted, folder)}
    for one in standard_components(org, wanted):
        found.setdefault(one.full_name.lower(), one)
    return [{**properties(org, one), "type": wanted} for one in found.values()]


def _deployed(org: EmulatedOrg, wanted: str, folder: str) -> Iterator[StoredComponent]:
    kind, member_type = find_type(wanted), FOLDER_MEMBERS.get(wanted, wanted)
    is_in_folder = kind is not None and kind.is_in_folder
    for one in list(org.components.values()):
        if not isinstance(one, StoredComponent) or one.type != member_type:
            continue
        parent, has_parent, _ = one.full_name.rpartition("/")
        if wanted != member_type:  # the folders themselves
            if reported_type(member_type, one.file_name) == wanted:
                yield one
        elif not is_in_folder or (has_parent and parent == folder):
            yield one


def properties(org: EmulatedOrg, stored: StoredComponent, root: str = "") -> dict[str, Any]:
    """The FileProperties of one component; `root` is the folder of its file."""

    def name(user_id: str) -> str:
        row = org.store.peek("User", user_id)
        return str(row["Name"]) if row else ""

    return {
        "createdById": stored.created_by,
        "createdByName": name(stored.created_by),
        "createdDate": stored.created.replace("+0000", "Z"),
        "fileName": root + stored.file_name,
        "fullName": stored.full_name,
        "id": stored.id,
        "lastModifiedById": stored.modified_by,
        "lastModifiedByName": name(stored.modified_by),
        "lastModifiedDate": stored.modified.replace("+0000", "Z"),
        "manageableState": _state(stored),
        "namespacePrefix": "" if stored.is_standard else stored.namespace,
        "type": reported_type(stored.type, stored.file_name),
    }


def _state(stored: StoredComponent) -> str | None:
    if stored.is_standard:
        return None
    return "installed" if stored.namespace else "unmanaged"


def read_record(org: EmulatedOrg, component_type: str, full_name: str) -> Raw:
    """A component as `readMetadata` answers it; nothing for one that does not exist."""
    stored = find(org, component_type, full_name) or find_standard(org, component_type, full_name)
    if stored is None:
        return Raw("")
    if component_type in CHILD_ELEMENTS:
        elements = composed(org, stored, {stored.key})
    elif stored.element is not None:
        elements = stored.element.children
    else:
        raise NotEmulatedError(f"the content of {component_type} {full_name}")
    text = document("x", elements).decode()
    inner = text.partition("\n<x ")[2].partition(">\n")[2].rpartition("</x>")[0]
    return Raw(f"<fullName>{escaped(stored.full_name)}</fullName>{inner}", component_type)
