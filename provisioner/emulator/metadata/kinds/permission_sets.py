"""Permission sets, their groups, and profiles: components that become records."""

from __future__ import annotations

from provisioner.emulator import seeding
from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.kinds.access import check_access
from provisioner.emulator.metadata.kinds.grants import put_grants
from provisioner.emulator.metadata.kinds.references import check_references
from provisioner.emulator.metadata.kinds.registry import (
    DeployContext,
    check_root,
    kind,
    missing,
    put_row,
)
from provisioner.emulator.metadata.permission_set_groups import (
    put_backing_set,
    recalculate,
    recalculate_groups_of,
)
from provisioner.emulator.metadata.profiles import STANDARD_PROFILES, merged
from provisioner.emulator.metadata.xml_tree import Element


@kind("PermissionSet", "MutingPermissionSet")
def apply_permission_set(context: DeployContext, component: Component) -> None:
    """A permission set becomes a PermissionSet record, found by its name."""
    if not check_root(component, component.type):
        return
    element = component.element
    assert element is not None
    if not element.value("label"):
        component.problem("Required field is missing: label")
    _check_license(context, component, element)
    check_access(context, component, element)
    if component.problems:
        return
    row_id = _put_permission_set(context, component, element)
    put_grants(context, row_id, element)
    context.keep(component, own_id=row_id)
    recalculate_groups_of(context.org, component.full_name)


def _put_permission_set(context: DeployContext, component: Component, element: Element) -> str:
    values = {
        "Name": component.full_name.rpartition("__")[2],
        "Label": element.value("label"),
        "Description": element.value("description") or None,
        "NamespacePrefix": context.namespace,
        "IsOwnedByProfile": False,
        "IsCustom": context.namespace is None,
        "Type": "Muting" if component.type == "MutingPermissionSet" else "Regular",
        "HasActivationRequired": element.flag("hasActivationRequired"),
        "LicenseId": _license_id(context, element.value("license")),
    }
    known = context.find(component.type, component.full_name)
    if known is not None and known.id and context.store.peek("PermissionSet", known.id):
        return put_row(context, "PermissionSet", "Id", {**values, "Id": known.id})
    row_id = context.org.world.ids.new("0PS")
    return put_row(context, "PermissionSet", "Id", {**values, "Id": row_id})


def _check_license(context: DeployContext, component: Component, element: Element) -> None:
    at = element.find("license")
    if at is not None and at.text and _license_id(context, at.text) is None:
        missing(component, "license", "UserLicense", at.text, at)


def _license_id(context: DeployContext, name: str) -> str | None:
    """A user licence by its name, or a permission set licence by label or name."""
    lookups = (
        ("UserLicense", "Name"),
        ("PermissionSetLicense", "MasterLabel"),
        ("PermissionSetLicense", "DeveloperName"),
    )
    for type_name, field_name in lookups:
        if name and context.store.find_type(type_name) is not None:
            found = context.store.find_by(type_name, field_name, name)
            if found:
                return str(found[0]["Id"])
    return None


@kind("PermissionSetGroup")
def apply_permission_set_group(context: DeployContext, component: Component) -> None:
    """A group becomes a record with a backing permission set.

    Source: docs/reference/permission-sets.md#groups.
    """
    if not check_root(component, "PermissionSetGroup"):
        return
    element = component.element
    assert element is not None
    if not element.value("label"):
        component.problem("Required field is missing: label")
    members = list(element.every("permissionSets"))
    for member in members:
        if context.find("PermissionSet", member.text) is None:
            missing(component, "permissionSets", "PermissionSet", member.text, member)
    if component.problems:
        return
    values = {
        "DeveloperName": component.full_name,
        "MasterLabel": element.value("label"),
        "Description": element.value("description") or None,
        "NamespacePrefix": context.namespace,
        "Status": "Outdated",
    }
    group_id = put_row(context, "PermissionSetGroup", "DeveloperName", values)
    put_backing_set(context.org, group_id, component.full_name, element.value("label"))
    _put_members(context, group_id, [member.text for member in members])
    recalculate(context.org, context.keep(component, own_id=group_id))


def _put_members(context: DeployContext, group_id: str, names: list[str]) -> None:
    store, type_name = context.store, "PermissionSetGroupComponent"
    if store.find_type(type_name) is None:
        return
    wanted = {stored.id for name in names if (stored := context.find("PermissionSet", name))}
    for row in store.find_by(type_name, "PermissionSetGroupId", group_id):
        if row["PermissionSetId"] in wanted:
            wanted.discard(row["PermissionSetId"])
        else:
            store.remove(type_name, row["Id"])
    for permission_set_id in sorted(wanted):
        values = {"PermissionSetGroupId": group_id, "PermissionSetId": permission_set_id}
        store.add(type_name, values, user_id=context.user_id)


@kind("Profile")
def apply_profile(context: DeployContext, component: Component) -> None:
    """Change a profile, or add one with its user licence."""
    if not check_root(component, "Profile"):
        return
    element = component.element
    assert element is not None
    check_access(context, component, element)
    layouts = (row for row in element.every("layoutAssignments"))
    check_references(context, component, layouts, "layout", "Layout")
    name = STANDARD_PROFILES.get(component.full_name, component.full_name)
    known = context.store.find_by("Profile", "Name", name)
    license_id = _license_id(context, element.value("userLicense"))
    if not known and license_id is None:
        component.problem("Required field is missing: userLicense")
    if component.problems:
        return
    if known:
        profile_id = known[0]["Id"]
    else:
        profile_id = seeding.profile(context.org, name, license_id, user_id=context.user_id)
    before = context.find("Profile", component.full_name)
    stored = context.keep(component, own_id=profile_id)
    stored.element = merged(before.element if before else None, element)
