"""The stored metadata of an org: components by type and full name, with ids and dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.objects.values import format_datetime

if TYPE_CHECKING:
    from provisioner.emulator.clock import Progression
    from provisioner.emulator.org import EmulatedOrg

_PREFIXES = {
    "ApexClass": "01p", "ApexComponent": "099", "ApexPage": "066", "ApexTestSuite": "05F",
    "ApexTrigger": "01q",
    "AuraDefinitionBundle": "0Ab", "BusinessProcess": "019", "CompactLayout": "0AH",
    "CustomApplication": "02u", "CustomField": "00N", "CustomLabel": "101",
    "CustomMetadata": "m00", "CustomObject": "01I", "CustomPermission": "0CP", "CustomTab": "01r",
    "Dashboard": "01Z", "Document": "015", "EmailTemplate": "00X", "FieldSet": "0IX",
    "FlexiPage": "0M0", "Flow": "300", "GlobalValueSet": "0Nt", "Group": "00G", "Layout": "00h",
    "LightningComponentBundle": "0Rb", "ListView": "00B", "NamedCredential": "0XA",
    "PermissionSet": "0PS", "PermissionSetGroup": "0PG", "Profile": "00e", "Queue": "00G",
    "QuickAction": "09D", "RecordType": "012", "RemoteSiteSetting": "0rp", "Report": "00O",
    "ReportType": "070", "Role": "00E", "StaticResource": "081", "ValidationRule": "03d",
    "WebLink": "00b", "Workflow": "01Q", "ExternalClientApplication": "0xI",
}  # fmt: skip
_NO_ID = frozenset({"Settings", "CustomLabels", "StandardValueSet", "SharingRules", "Workflow"})
_ANY_PREFIX = "0MD"  # types whose prefix no client uses


@dataclass
class StoredComponent:
    """One component of an org."""

    type: str
    full_name: str
    file_name: str
    id: str
    created: str  # in the format of records
    created_by: str
    modified: str
    modified_by: str
    element: Element | None = None
    body: str = ""
    namespace: str | None = None
    digest: int = 0  # of the files that it came from
    files: Mapping[str, bytes] = field(default_factory=dict)  # by path in the package
    progression: Progression | None = None  # an operation in the background
    is_standard: bool = False  # the org has it from the beginning, and no deploy changed it

    @property
    def key(self) -> tuple[str, str]:
        """Its key among the components of an org: names are compared in any case."""
        return self.type, self.full_name.lower()


def component_id(org: EmulatedOrg, component_type: str) -> str:
    """A new id for a component of this type; "" for types that have none."""
    if component_type in _NO_ID:
        return ""
    known = org.store.types.get(component_type)  # an object of the same name, as MessagingChannel
    prefix = _PREFIXES.get(component_type) or (known.key_prefix if known else "")
    return org.world.ids.new(prefix or _ANY_PREFIX)


def keep(org: EmulatedOrg, stored: StoredComponent) -> None:
    """Store a component, or replace the one with its name; the caller rolls back."""
    org.components[stored.key] = stored


def keep_without_file(
    org: EmulatedOrg,
    component_type: str,
    full_name: str,
    *,
    user_id: str = "",
    own_id: str = "",
    namespace: str | None = None,
) -> None:
    """Store a component that a package or a feature has brought, unless it exists."""
    if find(org, component_type, full_name) is None:
        at = now(org)
        own_id = own_id or component_id(org, component_type)
        keep(org, StoredComponent(component_type, full_name, "", own_id, at, user_id, at, user_id,
                                  namespace=namespace))  # fmt: skip


def find(org: EmulatedOrg, component_type: str, full_name: str) -> StoredComponent | None:
    """A component of an org, by name in any case as the platform compares."""
    stored = org.components.get((component_type, full_name.lower()))
    assert stored is None or isinstance(stored, StoredComponent)
    return stored


def now(org: EmulatedOrg) -> str:
    """World time in the format of records."""
    return format_datetime(org.world.now())
