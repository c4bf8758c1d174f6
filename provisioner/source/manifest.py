"""package.xml: which members a package has. Source: docs/reference/source-format.md#packagexml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from provisioner.source.component import Component
from provisioner.source.documents import DECLARATION, NAMESPACE, escaped, has_content
from provisioner.source.members import ComponentSet, children_of
from provisioner.source.problems import Findings
from provisioner.source.registry import MetadataType, Registry

FILE = "package.xml"
Members = Mapping[str, tuple[str, ...]]


def members_of(components: ComponentSet, registry: Registry, findings: Findings) -> Members:
    """The full names of each type; both in JavaScript's order, by UTF-16 code units."""
    found: dict[str, set[str]] = {}
    for full_name, same_name in components.groups():
        for component in same_name:
            with findings.collect():
                for child in children_of(component):
                    if child.type.is_addressable:
                        found.setdefault(child.type.name, set()).add(child.full_name)
        with findings.collect():
            for type_name, member in _members(full_name, same_name, registry):
                found.setdefault(type_name, set()).add(member)
    return ordered(found)


def ordered(found: Mapping[str, Iterable[str]]) -> Members:
    """Types and their members, sorted as by the official converter; empty types are left out."""
    members = {name: tuple(sorted(found[name], key=utf16)) for name in sorted(found, key=utf16)}
    return {name: names for name, names in members.items() if names}


def utf16(text: str) -> bytes:
    """A sort key for JavaScript's order of strings."""
    return text.encode("utf-16-be", "surrogatepass")


def _members(
    full_name: str, same_name: tuple[Component, ...], registry: Registry
) -> Iterator[tuple[str, str]]:
    kind = same_name[0].type
    if not kind.is_addressable or _is_only_a_shell(kind, full_name, same_name):
        return
    yield listed(kind, full_name, registry)


def listed(kind: MetadataType, full_name: str, registry: Registry) -> tuple[str, str]:
    """Type and member as in a manifest: a folder is listed under the type of its content."""
    if kind.name in registry.slashed_folders:
        full_name = full_name.removesuffix("/") + "/"
    if kind.folder_content_type:
        kind = registry.by_name(kind.folder_content_type)
    return kind.name, full_name


def _is_only_a_shell(kind: MetadataType, full_name: str, same_name: tuple[Component, ...]) -> bool:
    """Whether a decomposed parent has no content of its own; it is not listed then."""
    children = kind.children.values()
    if (
        kind.transformer != "decomposed"
        or all(child.unaddressable_without_parent for child in children)
        or not any(child.is_addressable for child in children)
    ):
        return False
    own = next((component for component in same_name if component.full_name == full_name), None)
    if own is None or not own.xml:
        return False
    return not has_content(own.site.tree.read(own.xml), own.xml, kind.name)


def manifest(members: Members, api_version: str) -> bytes:
    """The text of package.xml, or of a manifest of deletions, which has the same shape."""
    lines = [f'<Package xmlns="{NAMESPACE}">']
    for type_name, names in members.items():
        lines.append("    <types>")
        lines.extend(f"        <members>{escaped(name)}</members>" for name in names)
        lines.append(f"        <name>{escaped(type_name)}</name>")
        lines.append("    </types>")
    lines += [f"    <version>{escaped(api_version)}</version>", "</Package>", ""]
    return DECLARATION + "\n".join(lines).encode()
