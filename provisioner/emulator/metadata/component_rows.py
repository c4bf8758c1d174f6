"""Components that are also records: of the Tooling API, or of objects that own data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.emulator.metadata.metadata_json import APPLICATION, as_json
from provisioner.emulator.metadata.remote_sites import remote_proxy_fields
from provisioner.emulator.metadata.state import StoredComponent
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.typed import decimal

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

Values = Mapping[str, Any]
_NOTHING = Element("", 0, 0)


def put_visible_row(org: EmulatedOrg, stored: StoredComponent) -> None:
    """Add or update the record of a component, under the component's id."""
    entry = _entry(org, stored.type)
    if entry is None or not stored.id:
        return
    type_name, more = entry
    known = org.store.find_type(type_name)
    if known is None:
        return
    values = {**_common(stored), **more(stored, stored.element or _NOTHING), "Id": stored.id}
    row = {name: value for name, value in values.items() if name in known.fields}
    if org.store.peek(type_name, stored.id) is None:
        org.store.add(type_name, row, user_id=stored.modified_by)
    else:
        org.store.set_fields(type_name, stored.id, row)


def remove_visible_row(org: EmulatedOrg, stored: StoredComponent) -> None:
    """Delete the record of a deleted component."""
    entry = _entry(org, stored.type)
    if entry is not None and org.store.peek(entry[0], stored.id) is not None:
        org.store.remove(entry[0], stored.id)


def _entry(
    org: EmulatedOrg, component_type: str
) -> tuple[str, Callable[[StoredComponent, Element], Values]] | None:
    """The object of a type's records: a known one, or the one of the same name."""
    entry = _ROWS.get(component_type)
    if entry is not None or component_type in RECORDS or component_type in _OTHERWISE:
        return entry
    known = org.store.types.get(component_type)
    has_name = known is not None and not known.is_custom and "DeveloperName" in known.fields
    return (component_type, _plain_elements) if has_name else None


def _plain_elements(stored: StoredComponent, element: Element) -> Values:  # noqa: ARG001
    """`<isActive>true</isActive>` → IsActive, for elements that fields are named after."""
    plain = (child for child in element.children if not child.children)
    return {child.name[:1].upper() + child.name[1:]: _typed(child.text) for child in plain}


def _typed(text: str) -> object:
    return {"true": True, "false": False}.get(text, text or None)


def owner_type(record_type: str) -> frozenset[str]:
    """The component types whose components are records of this type; empty for other records."""
    return _OWNERS.get(record_type, frozenset())


def _common(stored: StoredComponent) -> Values:
    own_name = stored.full_name.rpartition(".")[2]
    element = stored.element or _NOTHING
    label = element.value("masterLabel") or element.value("label") or own_name
    return {
        "Name": own_name,
        "DeveloperName": own_name,
        "FullName": stored.full_name,
        "MasterLabel": label,
        "Label": label,
        "Description": element.value("description") or None,
        "NamespacePrefix": stored.namespace,
        "ApiVersion": decimal(element.value("apiVersion")),
    }


def _nothing_more(stored: StoredComponent, element: Element) -> Values:  # noqa: ARG001
    return {}


def _object(stored: StoredComponent, element: Element) -> Values:
    name = stored.full_name.rpartition("__")[0] or stored.full_name
    return {"DeveloperName": name, "SharingModel": element.value("sharingModel") or None}


def _field(stored: StoredComponent, element: Element) -> Values:  # noqa: ARG001
    object_name, _, name = stored.full_name.rpartition(".")
    return {"DeveloperName": name.removesuffix("__c"), "TableEnumOrId": object_name}


def _table(stored: StoredComponent, element: Element) -> Values:
    return {
        "TableEnumOrId": stored.full_name.partition(".")[0],
        "IsActive": element.flag("isActive", default=True),
    }


def _validation(stored: StoredComponent, element: Element) -> Values:
    return {
        "ValidationName": stored.full_name.rpartition(".")[2],
        "Active": element.flag("active"),
        "ErrorMessage": element.value("errorMessage"),
        "EntityDefinitionId": stored.full_name.partition(".")[0],
    }


def _layout(stored: StoredComponent, element: Element) -> Values:  # noqa: ARG001
    object_name, _, name = stored.full_name.partition("-")
    return {"Name": name, "TableEnumOrId": object_name, "LayoutType": "Standard"}


def _page(stored: StoredComponent, element: Element) -> Values:  # noqa: ARG001
    return {"Markup": stored.body, "ControllerType": "0"}


def _resource(stored: StoredComponent, element: Element) -> Values:  # noqa: ARG001
    return {
        "ContentType": element.value("contentType") or "application/octet-stream",
        "CacheControl": element.value("cacheControl") or "Private",
    }


def _label(stored: StoredComponent, element: Element) -> Values:  # noqa: ARG001
    return {
        "Category": element.value("categories") or None,
        "IsProtected": element.flag("protected"),
        "Language": element.value("language") or None,
        "MasterLabel": element.value("shortDescription") or None,
        "Value": element.value("value") or None,
    }


def _remote_site(stored: StoredComponent, element: Element) -> Values:
    flags = {name: element.flag(name) for name in ("disableProtocolSecurity", "isActive")}
    texts = {name: element.value(name) or None for name in ("description", "url")}
    return remote_proxy_fields(stored.full_name, {**flags, **texts})


def _flow(stored: StoredComponent, element: Element) -> Values:  # noqa: ARG001
    return {"ActiveVersionId": None, "LatestVersionId": None}


def _group(stored: StoredComponent, element: Element) -> Values:
    return {"Type": "Regular", "Name": element.value("name") or stored.full_name}


def _queue(stored: StoredComponent, element: Element) -> Values:
    return {"Type": "Queue", "Name": element.value("name") or stored.full_name}


def _role(stored: StoredComponent, element: Element) -> Values:
    return {"Name": element.value("name") or stored.full_name}


def _application(stored: StoredComponent, element: Element) -> Values:  # noqa: ARG001
    return {
        "NavType": element.value("navType") or "Standard",
        "UiType": element.value("uiType") or "Aloha",
        "UtilityBar": element.value("utilityBar") or None,
        "IsNavAutoTempTabsDisabled": element.flag("isNavAutoTempTabsDisabled"),
        "IsNavPersonalizationDisabled": element.flag("isNavPersonalizationDisabled"),
        "IsNavTabPersistenceDisabled": element.flag("isNavTabPersistenceDisabled"),
        "Metadata": as_json(element, APPLICATION),
    }


def _test_suite(stored: StoredComponent, element: Element) -> Values:  # noqa: ARG001
    return {"TestSuiteName": stored.full_name}


_ROWS: dict[str, tuple[str, Callable[[StoredComponent, Element], Values]]] = {
    "ApexComponent": ("ApexComponent", _page),
    "ApexPage": ("ApexPage", _page),
    "ApexTestSuite": ("ApexTestSuite", _test_suite),
    "AuraDefinitionBundle": ("AuraDefinitionBundle", _nothing_more),
    "BusinessProcess": ("BusinessProcess", _table),
    "CustomApplication": ("CustomApplication", _application),
    "CustomField": ("CustomField", _field),
    "CustomLabel": ("CustomLabel", _label),
    "CustomObject": ("CustomObject", _object),
    "CustomPermission": ("CustomPermission", _nothing_more),
    "CustomTab": ("CustomTab", _nothing_more),
    "EmailTemplate": ("EmailTemplate", _nothing_more),
    "FlexiPage": ("FlexiPage", _nothing_more),
    "Flow": ("FlowDefinition", _flow),
    "Group": ("Group", _group),
    "Layout": ("Layout", _layout),
    "LightningComponentBundle": ("LightningComponentBundle", _nothing_more),
    "Queue": ("Group", _queue),
    "RemoteSiteSetting": ("RemoteProxy", _remote_site),
    "Role": ("UserRole", _role),
    "StaticResource": ("StaticResource", _resource),
    "ValidationRule": ("ValidationRule", _validation),
}

RECORDS = {
    "ApexClass": "ApexClass",
    "ApexTrigger": "ApexTrigger",
    "PermissionSet": "PermissionSet",
    "PermissionSetGroup": "PermissionSetGroup",
    "Profile": "Profile",
    "RecordType": "RecordType",
}
"""Component type → record type, where the record with the component's id has all of it."""

_OTHERWISE = frozenset({"Document", "FlowDefinition", "MutingPermissionSet", "Scontrol"})
"""Types with the name of an object whose components are no such records, or in another way."""

_OWNERS: dict[str, frozenset[str]] = {
    record_type: frozenset(
        kind
        for kind, other in [*RECORDS.items(), *((one, row[0]) for one, row in _ROWS.items())]
        if other == record_type
    )
    for record_type in {*RECORDS.values(), *(row[0] for row in _ROWS.values())}
}
