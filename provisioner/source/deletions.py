"""Manifests of components that a deployment deletes, before or after it.

The package gets new ones, as from the official converter: each member once, sorted, with the
API version of package.xml.
Source: docs/reference/source-format.md#packagexml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioner.input_file import TEXT, read_input
from provisioner.source.manifest import Members, listed, manifest, ordered
from provisioner.source.manifest_reader import Member, Types, read_manifest
from provisioner.source.problems import Findings, Refusal
from provisioner.source.registry import Registry, RegistryError

BEFORE, AFTER = "destructiveChangesPre.xml", "destructiveChangesPost.xml"
NAMES = ("destructiveChanges.xml", BEFORE, AFTER)
"""The files of a package that delete components."""


@dataclass(frozen=True)
class Deletions:
    """One manifest as read from a file."""

    path: str
    types: tuple[Types, ...]

    def members(self, registry: Registry, findings: Findings) -> Members:
        """Full names by type; problems of the manifest are added to `findings`."""
        found: dict[str, set[str]] = {}
        for types in self.types:
            with findings.collect():
                name = self._type_name(types, registry)
                named = tuple(self._named(types, findings))
                for member in named:
                    type_name, full_name = _as_listed(name, member, named, registry)
                    found.setdefault(type_name, set()).add(full_name)
        return ordered(found)

    def _type_name(self, types: Types, registry: Registry) -> str:
        """The name of the type as the registry spells it."""
        if not types.name:
            message = "the list of members has no type; add one, for example <name>ApexClass</name>"
            raise Refusal("", self.path, message, types.line)
        try:
            known = registry.by_name(types.name).name
        except RegistryError:
            near = _nearest(types.name, registry)
            advice = (
                f"did you mean {near}?" if near else "write the API name, for example ApexClass"
            )
            message = f"unknown metadata type {types.name}; {advice}"
            raise Refusal("RegistryError", self.path, message, types.line) from None
        return known

    def _named(self, types: Types, findings: Findings) -> Iterator[str]:
        for member in types.members:
            fault = _fault(types, member)
            if fault:
                findings.refuse("", self.path, fault, member.line)
            else:
                yield member.name


def _as_listed(
    type_name: str, member: str, members: Iterable[str], registry: Registry
) -> tuple[str, str]:
    """Type and member as the official converter writes them: `F` of type Report is folder `F/`."""
    kind = registry.by_name(type_name)
    folder = registry.by_name(kind.folder_type) if kind.folder_type else None
    if folder is None:
        return listed(kind, member, registry)
    if folder.folder_content_type and member.endswith("/"):
        return listed(folder, member.removesuffix("/"), registry)
    holds_others = "/" not in member or any(f"{member}/" in other for other in members)
    is_folder = holds_others if kind.is_in_folder else folder.folder_type != folder.id
    return listed(folder if is_folder else kind, member, registry)


def _nearest(name: str, registry: Registry) -> str:
    """The known type with the most similar name, or ""."""
    import difflib

    ids = {*registry.suffixes.values(), *registry.parents, *(t.id for t in registry.strict_types)}
    near = difflib.get_close_matches(name.lower(), ids, 1, 0.7)
    return registry.by_name(near[0]).name if near else ""


def _fault(types: Types, member: Member) -> str:
    if not member.name:
        return f"{types.name}: a member has no name; write the component's full name"
    if member.name == "*":
        return f"{types.name} *: name each component to delete; wildcards are not allowed"
    return ""


def read(path: Path) -> Deletions:
    """Read a manifest of deletions. Raises Refusal."""
    try:
        return Deletions(str(path), read_manifest(read_input(path, TEXT), str(path)).types)
    except OSError as error:
        raise Refusal("", str(path), f"cannot be read: {error.strerror}") from None


def read_all(wanted: Mapping[str, Path | None], findings: Findings) -> Mapping[str, Deletions]:
    """The manifests by their names in the package; an unreadable one is added as a problem."""
    found = {}
    for name, path in wanted.items():
        if path is not None:
            with findings.collect():
                found[name] = read(path)
    return found


def files(deletions: Mapping[str, Members], api_version: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file for the package; none if nothing is deleted."""
    for name, members in deletions.items():
        if members:
            yield name, manifest(members, api_version)
