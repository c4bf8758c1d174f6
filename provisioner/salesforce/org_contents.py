"""Reads what an org contains: three requests, and one more for every 25 custom objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from provisioner.salesforce.composite import counts, queries, tooling_queries
from provisioner.salesforce.contents import Names, OrgContents, differences, names
from provisioner.salesforce.fields import Row, nullable_text, optional_text, record_id, row_in, text
from provisioner.salesforce.soql import equals, select
from provisioner.salesforce.version_numbers import NUMBER_FIELDS, number_of

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

__all__ = ["OrgContents", "differences", "read_contents"]

_UNMANAGED = "NamespacePrefix = null"

_COMPONENTS: Mapping[str, tuple[str, str, str]] = {
    "ApexClass": ("ApexClass", "Name", _UNMANAGED),
    "ApexComponent": ("ApexComponent", "Name", _UNMANAGED),
    "ApexPage": ("ApexPage", "Name", _UNMANAGED),
    "ApexTrigger": ("ApexTrigger", "Name", _UNMANAGED),
    "CustomPermission": ("CustomPermission", "DeveloperName", _UNMANAGED),
    "EmailTemplate": ("EmailTemplate", "DeveloperName", _UNMANAGED),
    "Flow": ("FlowDefinitionView", "ApiName", _UNMANAGED),
    "PermissionSet": (
        "PermissionSet",
        "Name",
        f"{_UNMANAGED} AND IsOwnedByProfile = false AND IsCustom = true",
    ),
    "PermissionSetGroup": ("PermissionSetGroup", "DeveloperName", _UNMANAGED),
    "Profile": ("Profile", "Name", ""),
    "Queue": ("Group", "DeveloperName", "Type = 'Queue'"),
    "RecordType": ("RecordType", "SobjectType, DeveloperName", _UNMANAGED),
    "Role": ("UserRole", "DeveloperName", ""),
    "StaticResource": ("StaticResource", "Name", _UNMANAGED),
}
"""Metadata type → object of the Data API, its fields with the name, and a condition."""

_ASSIGNED: Mapping[str, tuple[str, str]] = {
    "PermissionSet": (
        "PermissionSetAssignment",
        "PermissionSetGroupId = null AND PermissionSet.IsOwnedByProfile = false",
    ),
    "PermissionSetGroup": ("PermissionSetAssignment", "PermissionSetGroupId != null"),
    "PermissionSetLicense": ("PermissionSetLicenseAssign", ""),
}
"""What can be assigned to the admin → the object of the assignments, and a condition."""

_STANDARD = (
    *("Account", "Asset", "Campaign", "CampaignMember", "Case", "Contact", "ContentDocument"),
    *("Contract", "Event", "Lead", "Opportunity", "OpportunityLineItem", "Order", "OrderItem"),
    *("Pricebook2", "PricebookEntry", "Product2", "Task"),
)
"""Standard objects whose records are counted."""

_SUFFIXES = ("__c", "__mdt")  # of custom objects and settings, and of custom metadata types


def read_contents(org: OrgClient) -> OrgContents:
    """What an org contains. Raises SalesforceError.

    What the org does not have, or cannot be queried for, is left out.
    """
    components = [
        select(fields, sobject, *([condition] if condition else []))
        for sobject, fields, condition in _COMPONENTS.values()
    ]
    assigned = [_assignments(org.user_id, kind) for kind in _ASSIGNED]
    found = queries(org, [*components, *assigned, *map(_objects_with, _SUFFIXES)])
    named = dict(zip(_COMPONENTS, found, strict=False))
    granted = dict(zip(_ASSIGNED, found[len(_COMPONENTS) :], strict=False))
    objects = [
        text(each, "QualifiedApiName") for part in found[-len(_SUFFIXES) :] for each in part or ()
    ]
    objects = sorted(name for name in objects if name.endswith(_SUFFIXES))
    packages, tooling = _of_tooling(org)
    return OrgContents(
        packages,
        {
            **{kind: _component_names(kind, rows or ()) for kind, rows in named.items()},
            **tooling,
            "CustomObject": names(objects),
        },
        {kind: _assigned_names(kind, rows or ()) for kind, rows in granted.items()},
        _records(org, [*_STANDARD, *objects]),
    )


def _objects_with(suffix: str) -> str:
    """The query of objects; in LIKE, `_` stands for any character, so more may be found."""
    return select("QualifiedApiName", "EntityDefinition", f"QualifiedApiName LIKE '%{suffix}'")


def _component_names(kind: str, rows: Sequence[Row]) -> Names:
    fields = _COMPONENTS[kind][1].split(", ")
    return names(".".join(optional_text(each, field) for field in fields) for each in rows)


def _assignments(user_id: str, kind: str) -> str:
    sobject, condition = _ASSIGNED[kind]
    name = "Name" if kind == "PermissionSet" else "DeveloperName"
    fields = [f"{kind}.{name}"]
    if kind != "PermissionSetLicense":
        fields.append(f"{kind}.NamespacePrefix")
    where = " AND ".join(filter(None, (equals("AssigneeId", user_id), condition)))
    return select(", ".join(fields), sobject, where)


def _assigned_names(kind: str, rows: Sequence[Row]) -> Names:
    found = [row_in(each, kind) for each in rows]
    field = "Name" if kind == "PermissionSet" else "DeveloperName"
    return names(_full(optional_text(each, "NamespacePrefix"), text(each, field)) for each in found)


def _full(namespace: str, name: str) -> str:
    return f"{namespace}__{name}" if namespace else name


def _records(org: OrgClient, objects: Sequence[str]) -> dict[str, int]:
    """How many records each object has, for those that have any."""
    found = counts(org, [select("COUNT()", name) for name in objects])
    return {name: count for name, count in zip(objects, found, strict=True) if count}


def _of_tooling(org: OrgClient) -> tuple[dict[str, str], dict[str, Names]]:
    """Packages, and the components that only the Tooling API names."""
    numbers = ", ".join(f"SubscriberPackageVersion.{field}" for field in NUMBER_FIELDS)
    package = f"SubscriberPackage.Name, SubscriberPackage.NamespacePrefix, {numbers}"
    packages, fields, objects, bundles, pages = tooling_queries(
        org,
        [
            select(package, "InstalledSubscriberPackage"),
            select("DeveloperName, TableEnumOrId", "CustomField", _UNMANAGED),
            select("Id, DeveloperName, NamespacePrefix", "CustomObject"),
            select("DeveloperName", "LightningComponentBundle", _UNMANAGED),
            select("DeveloperName", "FlexiPage", _UNMANAGED),
        ],
    )
    owners = dict(_owner(each) for each in objects or ())
    return dict(_package(each) for each in packages or ()), {
        "CustomField": names(_field(each, owners) for each in fields or ()),
        "FlexiPage": names(text(each, "DeveloperName") for each in pages or ()),
        "LightningComponentBundle": names(text(each, "DeveloperName") for each in bundles or ()),
    }


def _owner(record: Row) -> tuple[str, str]:
    """The id of a custom object, with 15 characters, and its name."""
    namespace = nullable_text(record, "NamespacePrefix")
    return record_id(record, "Id")[:15], _full(namespace, text(record, "DeveloperName"))


def _field(record: Row, owners: Mapping[str, str]) -> str:
    """`Account.Rating`: ids of custom objects differ from org to org, so they are replaced."""
    owner = text(record, "TableEnumOrId")
    return f"{owners.get(owner[:15], owner)}.{text(record, 'DeveloperName')}"


def _package(record: Row) -> tuple[str, str]:
    """Name and version of an installed package; the version's number is not always known."""
    package = record.get("SubscriberPackage")
    name = ""
    if package is not None:
        package = row_in(record, "SubscriberPackage")
        name = optional_text(package, "Name") or optional_text(package, "NamespacePrefix")
    version = record.get("SubscriberPackageVersion")
    number = str(number_of(row_in(record, "SubscriberPackageVersion"))) if version else "installed"
    return name or "without a name", number
