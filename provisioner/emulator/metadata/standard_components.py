"""Components that an org has without a deploy: standard objects, layouts, profiles, packages.

Source: "Standard Objects", "Layout" and "Profile" in the Metadata API Developer Guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.emulator.metadata.profiles import STANDARD_PROFILES
from provisioner.emulator.metadata.state import StoredComponent
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.objects.values import format_datetime

if TYPE_CHECKING:
    from provisioner.emulator.metadata.components import Component
    from provisioner.emulator.objects.store import Store
    from provisioner.emulator.org import EmulatedOrg

_VIEWS = {
    "Account": ("AllAccounts", "MyAccounts", "NewThisWeek", "RecentlyViewedAccounts"),
    "Case": ("AllCases", "AllOpenCases", "MyCases", "MyOpenCases"),
    "Contact": ("AllContacts", "MyContacts", "NewThisWeek"),
    "Lead": ("AllOpenLeads", "MyUnreadLeads", "TodaysLeads"),
    "Opportunity": ("AllOpportunities", "MyOpportunities", "ClosingThisMonth", "Won"),
}
"""List views that a new org has, of the objects that most projects touch."""

_DEPARTMENTS = ("Marketing", "Sales", "Support")
"""Each of these objects also has a layout for each department (plugin-deploy-retrieve's tests)."""

_WITHOUT_DELETION = frozenset({"CustomLabels", "CustomObject", "InstalledPackage", "Profile"})


def standard_components(org: EmulatedOrg, component_type: str) -> Iterator[StoredComponent]:
    """The components of a type that the org has from the beginning and still has."""
    for name in _names(org.store, component_type):
        if (component_type, name.lower()) not in org.removed_components:
            yield _component(org, component_type, name)


def find_standard(org: EmulatedOrg, component_type: str, name: str) -> StoredComponent | None:
    """One of them, by name in any case."""
    wanted = name.lower()
    if component_type == "CustomObject":
        known = org.store.find_type(name)
        is_standard = known is not None and _is_listed(org.store, known.name)
        return _component(org, component_type, known.name) if known and is_standard else None
    every = standard_components(org, component_type)
    return next((one for one in every if one.full_name.lower() == wanted), None)


def is_of_every_org(store: Store, component: Component) -> bool:
    """Whether a deploy changes something that is there already, rather than creating it."""
    kind, name = component.type, component.full_name
    if kind in ("CustomObject", "CustomField"):
        return "__" not in name.rpartition(".")[2]
    if kind == "Profile":
        return bool(store.find_by("Profile", "Name", STANDARD_PROFILES.get(name, name)))
    return kind in ("Settings", "StandardValueSet") or name in _names(store, kind)


def can_be_deleted(stored: StoredComponent) -> bool:
    """Whether a deploy may delete a component that the org has from the beginning."""
    return stored.type not in _WITHOUT_DELETION


def _names(store: Store, component_type: str) -> Iterator[str]:
    if component_type == "CustomObject":
        yield from (name for name in sorted(store.types) if _is_listed(store, name))
    elif component_type == "CustomLabels":
        yield component_type  # also without a label (plugin-deploy-retrieve's tests of manifests)
    elif component_type == "Layout":
        for name in _VIEWS:
            yield f"{name}-{name} Layout"
            yield from (f"{name}-{name} %28{one}%29 Layout" for one in _DEPARTMENTS)
    elif component_type == "ListView":
        yield from (f"{name}.{view}" for name, views in _VIEWS.items() for view in views)
    elif component_type == "InstalledPackage":
        yield from _installed(store)
    elif component_type == "Profile":
        api_names = {api_name: name for name, api_name in STANDARD_PROFILES.items()}
        rows = store.peek_rows("Profile")
        names = (str(row["Name"]) for row in rows)
        yield from (api_names.get(name, name) for name in names)


def _is_listed(store: Store, name: str) -> bool:
    one = store.types[name]
    return not (one.is_tooling or one.is_setup or one.is_custom)


def _component(org: EmulatedOrg, component_type: str, full_name: str) -> StoredComponent:
    created = format_datetime(org.created)
    files = {
        "CustomLabels": "labels/CustomLabels.labels",
        "CustomObject": f"objects/{full_name}.object",
        "InstalledPackage": f"installedPackages/{full_name}.installedPackage",
        "Layout": f"layouts/{full_name}.layout",
        "ListView": f"objects/{full_name.partition('.')[0]}.object",
        "Profile": f"profiles/{full_name}.profile",
    }
    return StoredComponent(
        component_type,
        full_name,
        files[component_type],
        "",
        created,
        org.admin_id,
        created,
        org.admin_id,
        element=_element(org, component_type, full_name),
        is_standard=True,
    )


def _element(org: EmulatedOrg, component_type: str, full_name: str) -> Element | None:
    if component_type == "Profile":
        return _profile(org, full_name)
    if component_type == "InstalledPackage":
        number = Element("versionNumber", 0, 0, _installed(org.store)[full_name])
        return Element(component_type, 0, 0, children=[number])
    return None


def _installed(store: Store) -> dict[str, str]:
    """The version number of each installed package by its namespace."""
    numbers = {}
    for row in store.peek_rows("InstalledSubscriberPackage"):
        package = store.peek("SubscriberPackage", row["SubscriberPackageId"]) or {}
        version = store.peek("SubscriberPackageVersion", row["SubscriberPackageVersionId"]) or {}
        if package.get("NamespacePrefix") and version:
            patch = f".{version['PatchVersion']}" if version["PatchVersion"] else ""
            number = f"{version['MajorVersion']}.{version['MinorVersion']}{patch}"
            beta = f" (Beta {version['BuildNumber']})" if version["IsBeta"] else ""
            numbers[str(package["NamespacePrefix"])] = number + beta
    return numbers


def _profile(org: EmulatedOrg, name: str) -> Element:
    """What is known of a profile that nobody deployed."""
    rows = org.store.find_by("Profile", "Name", STANDARD_PROFILES.get(name, name))
    licence = org.store.peek("UserLicense", rows[0]["UserLicenseId"] or "") if rows else None
    is_custom = str(name not in STANDARD_PROFILES).lower()
    children = [Element("custom", 0, 0, is_custom)]
    if licence is not None:
        children.append(Element("userLicense", 0, 0, str(licence["Name"])))
    return Element("Profile", 0, 0, children=children)
