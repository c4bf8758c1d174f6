"""Profiles: how their metadata is merged, and what a retrieve shows of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from provisioner.emulator.metadata.state import StoredComponent
from provisioner.emulator.metadata.xml_tree import Element

ADMIN = "Admin"
"""The metadata name of the profile of System Administrators."""

STANDARD_PROFILES = {
    ADMIN: "System Administrator",
    "Standard": "Standard User",
    "ReadOnly": "Read Only",
    "Minimum Access - Salesforce": "Minimum Access - Salesforce",
    "Minimum Access - API Only Integrations": "Minimum Access - API Only Integrations",
    "StandardAul": "Standard Platform User",
    "Chatter Free User": "Chatter Free User",
}
"""Metadata name of a profile → its name in the API."""

SUBJECTS: Mapping[str, tuple[str, str]] = {
    "applicationVisibilities": ("application", "CustomApplication"),
    "classAccesses": ("apexClass", "ApexClass"),
    "customMetadataTypeAccesses": ("name", "CustomObject"),
    "customPermissions": ("name", "CustomPermission"),
    "customSettingAccesses": ("name", "CustomObject"),
    "fieldPermissions": ("field", "CustomField"),
    "flowAccesses": ("flow", "Flow"),
    "layoutAssignments": ("layout", "Layout"),
    "objectPermissions": ("object", "CustomObject"),
    "pageAccesses": ("apexPage", "ApexPage"),
    "recordTypeVisibilities": ("recordType", "RecordType"),
    "tabVisibilities": ("tab", "CustomTab"),
}
"""Element of a profile → the child that names a component, and the component's type."""

SUBJECT_TYPES = frozenset(component_type for _, component_type in SUBJECTS.values())
"""Types of components about which a profile says something."""


def merged(known: Element | None, given: Element) -> Element:
    """A profile after a deploy: entries that the file does not name stay as they were.

    Source: "Profile" in the Metadata API Developer Guide.
    """
    if known is None:
        return given
    changed = {_key(child) for child in given.children}
    kept = [child for child in known.children if _key(child) not in changed]
    return Element(given.name, given.line, given.column, "", [*kept, *given.children],
                   given.attributes)  # fmt: skip


def _key(child: Element) -> tuple[str, ...]:
    if child.name == "userPermissions":
        return child.name, child.value("name")
    if child.name == "layoutAssignments":
        return child.name, child.value("layout").partition("-")[0], child.value("recordType")
    subject = SUBJECTS.get(child.name)
    return (child.name, child.value(subject[0]).lower()) if subject else (child.name,)


def shown(profile: StoredComponent, chosen: Iterable[StoredComponent]) -> list[Element]:
    """The elements of a profile in a retrieve: what concerns the other components of it.

    Source: "Profile" in the Metadata API Developer Guide. The administrators' profile may use
    each Apex class and page; the Salesforce CLI's tests of source tracking see it change.
    """
    names = {(one.type, one.full_name.lower()) for one in chosen}
    children = list(profile.element.children) if profile.element else []
    if profile.full_name == ADMIN:
        known = {_key(child) for child in children}
        children += [one for one in _of_administrators(chosen) if _key(one) not in known]
    return sorted((one for one in children if _concerns(one, names)), key=lambda one: one.name)


def _of_administrators(chosen: Iterable[StoredComponent]) -> Iterator[Element]:
    for one in chosen:
        for name in ("classAccesses", "pageAccesses"):
            reference, component_type = SUBJECTS[name]
            if one.type == component_type:
                inner = [Element(reference, 0, 0, one.full_name), Element("enabled", 0, 0, "true")]
                yield Element(name, 0, 0, children=inner)


def _concerns(child: Element, names: set[tuple[str, str]]) -> bool:
    subject = SUBJECTS.get(child.name)
    return subject is None or (subject[1], child.value(subject[0]).lower()) in names
