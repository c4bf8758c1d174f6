"""What permission sets and profiles grant, checked against what the org has."""

from __future__ import annotations

from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.kinds.references import (
    check_references,
    find_field,
    object_exists,
)
from provisioner.emulator.metadata.kinds.registry import DeployContext, missing
from provisioner.emulator.metadata.xml_tree import Element

_NEEDS = (
    ("allowCreate", "Create", ("allowRead",)),
    ("allowEdit", "Edit", ("allowRead",)),
    ("allowDelete", "Delete", ("allowRead", "allowEdit")),
    ("viewAllRecords", "View All", ("allowRead",)),
    ("modifyAllRecords", "Modify All", ("allowRead", "allowEdit", "allowDelete", "viewAllRecords")),
)
_WORDS = {flag: word for flag, word, _ in _NEEDS} | {"allowRead": "Read"}
_GRANTS = (
    ("classAccesses", "apexClass", "ApexClass"),
    ("pageAccesses", "apexPage", "ApexPage"),
    ("customPermissions", "name", "CustomPermission"),
    ("applicationVisibilities", "application", "CustomApplication"),
    ("recordTypeVisibilities", "recordType", "RecordType"),
    ("tabSettings", "tab", "CustomTab"),
    ("tabVisibilities", "tab", "CustomTab"),
    ("flowAccesses", "flow", "Flow"),
)


def check_access(context: DeployContext, component: Component, element: Element) -> None:
    """Note problems of grants on what does not exist or cannot be granted."""
    for row in element.every("objectPermissions"):
        _check_object(context, component, row)
    for row in element.every("fieldPermissions"):
        _check_field(context, component, row)
    for element_name, field_name, kind_name in _GRANTS:
        rows = element.every(element_name)
        check_references(context, component, rows, field_name, kind_name)


def _check_object(context: DeployContext, component: Component, row: Element) -> None:
    name = row.find("object")
    if name is None or not name.text:
        component.problem("Required field is missing: object", row)
        return
    if not object_exists(context, name.text):
        missing(component, "object", "CustomObject", name.text, name)
        return
    for flag, word, needs in _NEEDS:
        lacking = [_WORDS[need] for need in needs if not row.flag(need)]
        if row.flag(flag) and lacking:
            wanted = ", ".join(f"{one} {name.text}" for one in lacking)
            text = f"Permission {word} {name.text} depends on permission(s): {wanted}"
            component.problem(text, row)
            return


def _check_field(context: DeployContext, component: Component, row: Element) -> None:
    name = row.find("field")
    if name is None or not name.text:
        component.problem("Required field is missing: field", row)
        return
    exists, field = find_field(context, name.text)
    if not exists:
        missing(component, "field", "CustomField", name.text, name)
    elif field is not None and field.is_required and field.name.endswith("__c"):
        component.problem(f"You cannot deploy to a required field: {name.text}", name)
