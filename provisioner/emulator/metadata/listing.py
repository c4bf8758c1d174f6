"""What `listMetadata` and `readMetadata` say of an org's components.

Standard objects, their standard list views and layouts are listed though nobody deployed them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from provisioner.emulator.metadata.component_types import find_type
from provisioner.emulator.metadata.soap import Raw
from provisioner.emulator.metadata.state import StoredComponent, find
from provisioner.emulator.metadata.xml_text import document
from provisioner.emulator.objects.values import format_datetime

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

_VIEWS = {
    "Account": ("AllAccounts", "MyAccounts", "NewThisWeek", "RecentlyViewedAccounts"),
    "Case": ("AllCases", "AllOpenCases", "MyCases", "MyOpenCases"),
    "Contact": ("AllContacts", "MyContacts", "NewThisWeek"),
    "Lead": ("AllOpenLeads", "MyUnreadLeads", "TodaysLeads"),
    "Opportunity": ("AllOpportunities", "MyOpportunities", "ClosingThisMonth", "Won"),
}
"""List views that a new org has, of the objects that most projects touch."""


def listed(org: EmulatedOrg, wanted: str) -> list[dict[str, Any]]:
    """The FileProperties of all components of a type."""
    stored = [one for one in org.components.values() if isinstance(one, StoredComponent)]
    found = [properties(org, one) for one in stored if one.type == wanted]
    known = {str(one["fullName"]).lower() for one in found}
    return found + [
        _standard(org, wanted, name)
        for name in _standard_names(org, wanted)
        if name.lower() not in known
    ]


def properties(org: EmulatedOrg, stored: StoredComponent) -> dict[str, Any]:
    """The FileProperties of one component."""

    def name(user_id: str) -> str:
        row = org.store.peek("User", user_id)
        return str(row["Name"]) if row else ""

    return {
        "createdById": stored.created_by,
        "createdByName": name(stored.created_by),
        "createdDate": stored.created.replace("+0000", "Z"),
        "fileName": f"unpackaged/{stored.file_name}",
        "fullName": stored.full_name,
        "id": stored.id,
        "lastModifiedById": stored.modified_by,
        "lastModifiedByName": name(stored.modified_by),
        "lastModifiedDate": stored.modified.replace("+0000", "Z"),
        "manageableState": "installed" if stored.namespace else "unmanaged",
        "namespacePrefix": stored.namespace,
        "type": stored.type,
    }


def read_record(org: EmulatedOrg, component_type: str, full_name: str) -> Raw:
    """A component as `readMetadata` answers it; nothing for one that does not exist."""
    stored = find(org, component_type, full_name)
    if stored is None or stored.element is None:
        return Raw("")
    text = document("x", stored.element.children).decode()
    inner = text.partition("\n<x ")[2].partition(">\n")[2].rpartition("</x>")[0]
    return Raw(f"<fullName>{stored.full_name}</fullName>{inner}", component_type)


def _standard_names(org: EmulatedOrg, wanted: str) -> Iterator[str]:
    """Names of components of a type that an org has from the beginning."""
    if wanted == "CustomObject":
        types = org.store.types
        yield from (
            name
            for name, one in sorted(types.items())
            if not one.is_tooling and not one.is_setup and not one.is_custom
        )
    elif wanted == "Layout":
        yield from (f"{name}-{name} Layout" for name in _VIEWS)
    elif wanted == "ListView":
        yield from (f"{name}.{view}" for name, views in _VIEWS.items() for view in views)


def _standard(org: EmulatedOrg, component_type: str, full_name: str) -> dict[str, Any]:
    parent_type = "CustomObject" if component_type == "ListView" else component_type
    declared = find_type(parent_type)
    assert declared is not None
    name = full_name.partition(".")[0] if component_type == "ListView" else full_name
    suffix = f".{declared.suffix}" if declared.suffix else ""
    created = format_datetime(org.created).replace("+0000", "Z")
    return {
        "createdById": org.admin_id,
        "createdByName": "User User",
        "createdDate": created,
        "fileName": f"{declared.folder}/{name}{suffix}",
        "fullName": full_name,
        "id": "",
        "lastModifiedById": org.admin_id,
        "lastModifiedByName": "User User",
        "lastModifiedDate": created,
        "manageableState": None,
        "namespacePrefix": "",
        "type": component_type,
    }
