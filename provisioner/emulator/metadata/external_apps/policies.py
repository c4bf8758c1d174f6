"""OAuth policies of an app: their values, and the permission sets that they pre-authorize.

Source: docs/reference/external-client-apps.md#policies.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.emulator.ids import is_id, to_18
from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.external_apps.elements import APP
from provisioner.emulator.metadata.external_apps.installation import PRE_AUTHORIZED
from provisioner.emulator.metadata.external_apps.scopes import listed
from provisioner.emulator.metadata.kinds.registry import DeployContext, missing
from provisioner.emulator.metadata.profiles import STANDARD_PROFILES
from provisioner.emulator.metadata.xml_tree import Element

ACCESS = "SetupEntityAccess"
_ENUMS = {
    "permittedUsersPolicyType": ("PermittedUsersPolicyType", (PRE_AUTHORIZED, "AllSelfAuthorized")),
    "refreshTokenPolicyType": (
        "RefreshTokenPolicyType",
        ("Infinite", "SpecificInactivity", "SpecificLifetime", "Zero"),
    ),
    "policyAction": ("PolicyAction", ("Block", "RaiseSessionLevel")),
    "requiredSessionLevel": ("SessionSecurityLevel", ("HIGH_ASSURANCE", "LOW", "STANDARD")),
}


def check(component: Component, given: Element) -> None:
    """Note values that the enumerations of the types do not have."""
    for name, (enum, values) in _ENUMS.items():
        element = given.find(name)
        if element is not None and element.text not in values:
            text = f"'{element.text}' is not a valid value for the enum '{enum}'"
            component.problem(text, element)


def parents(context: DeployContext, component: Component, given: Element) -> list[str]:
    """The ids of the permission sets that policies name; those of profiles for profiles."""
    found = list(_permission_sets(context, component, given))
    return found + list(_of_profiles(context, component, given))


def _permission_sets(context: DeployContext, component: Component, given: Element) -> Iterator[str]:
    element = given.find("commaSeparatedPermissionSet")
    for name in listed(element.text) if element is not None else ():
        by_id = context.store.peek("PermissionSet", to_18(name)) if is_id(name) else None
        rows = [by_id] if by_id else context.store.find_by("PermissionSet", "Name", name)
        if rows:
            yield rows[0]["Id"]
        elif element is not None:
            missing(component, element.name, "PermissionSet", name, element)


def _of_profiles(context: DeployContext, component: Component, given: Element) -> Iterator[str]:
    element = given.find("commaSeparatedProfile")
    for name in listed(element.text) if element is not None else ():
        profiles = context.store.find_by("Profile", "Name", STANDARD_PROFILES.get(name, name))
        if profiles:
            [own] = context.store.find_by("PermissionSet", "ProfileId", profiles[0]["Id"])
            yield own["Id"]
        elif element is not None:
            missing(component, element.name, "Profile", name, element)


def grant(context: DeployContext, given: Element, parent_ids: list[str]) -> None:
    """Add the SetupEntityAccess rows of pre-authorized permission sets, if a deploy does that.

    Source: docs/reference/external-client-apps.md#pre-authorization.
    """
    app = context.find(APP, given.value("externalClientApplication"))
    is_admin = given.value("permittedUsersPolicyType") == PRE_AUTHORIZED
    by_deploy = context.org.world.behavior.setup_entity_access == "by_deploy"
    if app is None or not is_admin or not by_deploy:
        return
    there = {row["ParentId"] for row in context.store.find_by(ACCESS, "SetupEntityId", app.id)}
    for parent_id in parent_ids:
        if parent_id not in there:
            row = {"ParentId": parent_id, "SetupEntityId": app.id, "SetupEntityType": APP}
            context.store.add(ACCESS, row, user_id=context.user_id)
