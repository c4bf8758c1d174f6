"""A retrieve: components of an org as a zip in metadata format, with a package.xml.

Source: "retrieve()", "RetrieveResult" and "FileProperties" in the Metadata API Developer Guide.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import NotEmulatedError
from provisioner.emulator.metadata.archive import pack
from provisioner.emulator.metadata.component_types import CHILD_ELEMENTS, CHILD_TYPES
from provisioner.emulator.metadata.composition import bundle_files, composed, parent_name
from provisioner.emulator.metadata.listing import properties
from provisioner.emulator.metadata.manifest import WILDCARD, Manifest, Member, plain_name
from provisioner.emulator.metadata.profiles import shown
from provisioner.emulator.metadata.standard_components import find_standard, standard_components
from provisioner.emulator.metadata.state import StoredComponent, find, now
from provisioner.emulator.metadata.xml_text import document
from provisioner.emulator.metadata.xml_tree import Element

if TYPE_CHECKING:
    from provisioner.emulator.clock import Progression
    from provisioner.emulator.org import EmulatedOrg

STATES = ("Pending", "InProgress", "Succeeded")
UNPACKAGED = "unpackaged/"
"""The folder of the zip, unless a single package is asked for."""


@dataclass
class Retrieval:
    """One retrieve and its result."""

    id: str
    manifest: Manifest
    api_version: str
    progression: Progression
    files: dict[str, bytes] = field(default_factory=dict)
    properties: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)
    error: str = ""

    def poll(self) -> str:
        """The current status; advances by at most one."""
        state = self.progression.poll()
        return "Failed" if self.error and self.progression.is_over else state

    def to_json(self, *, with_zip: bool) -> dict[str, Any]:
        """The RetrieveResult; files once it is done."""
        status = self.poll()
        is_done = self.progression.is_over
        has_zip = is_done and with_zip and not self.error
        return {
            "done": is_done,
            "errorMessage": (self.error or None) if is_done else None,
            "errorStatusCode": (self.error.partition(":")[0] or None) if is_done else None,
            "fileProperties": self.properties if is_done else [],
            "id": self.id,
            "messages": self.messages if is_done else [],
            "status": status,
            "success": is_done and not self.error,
            "zipFile": base64.b64encode(pack(self.files)).decode() if has_zip else None,
        }


class _Deployed:
    """The deployed components of an org by type and by name: a manifest may name thousands."""

    def __init__(self, org: EmulatedOrg) -> None:
        self.by_type: dict[str, list[StoredComponent]] = {}
        self.by_name: dict[tuple[str, str], list[StoredComponent]] = {}
        for one in list(org.components.values()):
            if isinstance(one, StoredComponent):
                self.by_type.setdefault(one.type, []).append(one)
                self.by_name.setdefault(_name_key(one.type, one.full_name), []).append(one)


def _name_key(component_type: str, name: str) -> tuple[str, str]:
    return component_type, plain_name(name).lower()


def retrieve(
    org: EmulatedOrg,
    manifest: Manifest,
    api_version: str,
    *,
    user_id: str,
    folder: str = UNPACKAGED,
    packages: Iterable[str] = (),
) -> Retrieval:
    """Start a retrieve of what a manifest names; what it finds is as of now.

    Raises NotEmulatedError for an installed package, whose content nobody here knows.
    """
    progression = org.world.progression("retrieve", STATES, of=org.username)
    retrieval = Retrieval(org.world.ids.new("09S"), manifest, api_version, progression)
    retrieval.error = _missing_package(org, packages)
    chosen = list(_chosen(org, manifest, retrieval.messages))
    for one in _owners(org, chosen):
        for path, content in _files(org, one, chosen).items():
            retrieval.files.setdefault(folder + path, content)
    described = [*chosen, _manifest_entry(org, user_id)]
    retrieval.properties = [properties(org, one, UNPACKAGED) for one in described]
    retrieval.files[folder + "package.xml"] = _package_xml(chosen, api_version)
    org.retrievals[retrieval.id] = retrieval
    return retrieval


def _manifest_entry(org: EmulatedOrg, user_id: str) -> StoredComponent:
    """What FileProperties says of the package.xml: its last entry, as answers of orgs have it."""
    at, name = now(org), "package.xml"
    return StoredComponent("Package", UNPACKAGED + name, name, "", at, user_id, at, user_id)


def _missing_package(org: EmulatedOrg, names: Iterable[str]) -> str:
    """The error of a package that is not there, by which CumulusCI knows it."""
    installed = {str(row["Name"]) for row in org.store.peek_rows("SubscriberPackage")}
    for name in names:
        if name not in installed:
            return f"INVALID_CROSS_REFERENCE_KEY: No package named '{name}' found"
        raise NotEmulatedError(f"a retrieve of the package {name}")
    return ""


def _chosen(
    org: EmulatedOrg, manifest: Manifest, messages: list[dict[str, str]]
) -> Iterator[StoredComponent]:
    """The components that a manifest names, each once; a message for each that is missing."""
    seen: set[tuple[str, str]] = set()
    deployed = _Deployed(org)
    file_name = f"{UNPACKAGED}package.xml"
    messages += [{"fileName": file_name, "problem": one.text} for one in manifest.problems]
    for member in manifest.members:
        every = _matching(org, deployed, member)
        found = [one for one in every if one.namespace is None or one.is_standard]
        if not found and not member.is_wildcard:
            text = f"Entity of type '{member.type}' named '{member.name}' cannot be found"
            messages.append({"fileName": file_name, "problem": text})
        for one in found:
            if one.is_standard and one.element is None and one.type not in CHILD_ELEMENTS:
                messages.append({"fileName": file_name, "problem": _unknown(one)})
            elif (one.type, one.full_name) not in seen:
                seen.add((one.type, one.full_name))
                yield one


def _unknown(stored: StoredComponent) -> str:
    """The message for a component that exists and whose content nobody here knows."""
    return (
        f"The emulator does not know the content of {stored.type} {stored.full_name}, which an org "
        "has from the beginning"
    )


def _matching(org: EmulatedOrg, deployed: _Deployed, member: Member) -> list[StoredComponent]:
    same = deployed.by_type.get(member.type, [])
    if member.name == WILDCARD:
        return _all(org, member.type, same)
    if member.is_wildcard:
        return [one for one in same if member.covers(one.full_name)]
    found = deployed.by_name.get(_name_key(member.type, member.name), [])
    standard = None if found else find_standard(org, member.type, member.name)
    return [standard] if standard else found


def _all(
    org: EmulatedOrg, component_type: str, deployed: list[StoredComponent]
) -> list[StoredComponent]:
    """What `*` means: of objects, the custom ones; all profiles and installed packages."""
    if component_type == "CustomObject":
        return [one for one in deployed if "__" in one.full_name]
    if component_type not in ("InstalledPackage", "Profile"):
        return deployed
    names = {one.full_name for one in deployed}
    others = standard_components(org, component_type)
    return deployed + [one for one in others if one.full_name not in names]


def _owners(org: EmulatedOrg, chosen: Iterable[StoredComponent]) -> Iterator[StoredComponent]:
    """The components whose files are written, each once: of a child, its parent."""
    owners: dict[tuple[str, str], StoredComponent] = {}
    for one in chosen:
        parent_type = CHILD_TYPES.get(one.type)
        key = (parent_type, parent_name(one).lower()) if parent_type else one.key
        if key not in owners:
            owners[key] = one if parent_type is None else _parent(org, parent_type, one)
    yield from owners.values()


def _parent(org: EmulatedOrg, parent_type: str, child: StoredComponent) -> StoredComponent:
    name = parent_name(child)
    return find(org, parent_type, name) or StoredComponent(
        parent_type, name, child.file_name, "", "", "", "", ""
    )


def _files(
    org: EmulatedOrg, stored: StoredComponent, chosen: list[StoredComponent]
) -> dict[str, bytes]:
    if stored.type in CHILD_ELEMENTS:
        elements = composed(org, stored, {one.key for one in chosen})
        return {stored.file_name: document(stored.type, elements)}
    if stored.type == "Profile":
        return {stored.file_name: document("Profile", shown(stored, chosen))}
    if stored.is_standard and stored.element is not None:
        return {stored.file_name: document(stored.type, stored.element.children)}
    if stored.type == "DigitalExperienceBundle":
        return bundle_files(org, stored)
    return dict(stored.files)


def _package_xml(chosen: list[StoredComponent], api_version: str) -> bytes:
    by_type: dict[str, list[str]] = {}
    for one in chosen:
        by_type.setdefault(one.type, []).append(one.full_name)
    types = [
        Element("types", 0, 0, children=[
            *(Element("members", 0, 0, name) for name in sorted(names)),
            Element("name", 0, 0, component_type),
        ])
        for component_type, names in sorted(by_type.items())
    ]  # fmt: skip
    return document("Package", [*types, Element("version", 0, 0, api_version)])
