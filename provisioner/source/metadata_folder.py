"""A folder in metadata format, which goes into a package as it is; and manifests as such."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from provisioner.source.conversion import Parts
from provisioner.source.documents import NAMESPACE
from provisioner.source.manifest import FILE, Members, manifest, utf16
from provisioner.source.outputs import Output, fixed
from provisioner.source.problems import Findings, Refusal
from provisioner.source.project import LineFinder
from provisioner.source.replacements import Replacements
from provisioner.source.tree import Tree, join
from provisioner.source.writer import Writer


def read(tree: Tree, findings: Findings, extra: Mapping[str, bytes]) -> Parts:
    """The manifest, its members, and all files of the folder. Raises Refusal."""
    text = tree.read(FILE)
    files = {path: Output(path) for path in _files(tree, findings, "")}
    for name, content in extra.items():
        files[name] = fixed(content)
    nothing = Replacements((), tree, {}, findings, LineFinder(""))
    archive = Writer(tree, nothing, findings).start(files).finish({})
    return Parts(text, members_in(text, FILE), archive)


def deletions(path: Path, api_version: str) -> bytes:
    """A manifest of what is to be deleted, as it goes into a package. Raises Refusal."""
    try:
        members = members_in(path.read_bytes(), str(path))
    except OSError as error:
        raise Refusal("usage", str(path), f"it cannot be read: {error.strerror}") from None
    wild = [name for name, found in members.items() if "*" in found]
    if wild:
        raise Refusal("usage", str(path), f"{wild[0]} *: what is deleted must be named, one by one")
    ordered = {
        name: tuple(sorted(set(members[name]), key=utf16)) for name in sorted(members, key=utf16)
    }
    return manifest(ordered, api_version)


def members_in(text: bytes, path: str) -> Members:
    """The members that a manifest lists. Raises Refusal for one that is no manifest."""
    try:
        root = fromstring(text)
    except ParseError as error:
        line, column = error.position
        raise Refusal("LibraryError", path, "malformed XML", line, column + 1) from None
    except DefusedXmlException:
        raise Refusal("LibraryError", path, "the XML declares an entity") from None
    if root.tag != f"{{{NAMESPACE}}}Package":
        raise Refusal("LibraryError", path, "it is no manifest: its root must be Package")
    found: dict[str, tuple[str, ...]] = {}
    for types in root.iter(f"{{{NAMESPACE}}}types"):
        name = (types.findtext(f"{{{NAMESPACE}}}name") or "").strip()
        names = tuple((e.text or "").strip() for e in types.findall(f"{{{NAMESPACE}}}members"))
        for member in names:
            if member.startswith("/") or ".." in re.split(r"[/\\]", member):
                raise Refusal("usage", path, f"{name} {member} leads out of the package")
        found[name] = found.get(name, ()) + names
    return found


def _files(tree: Tree, findings: Findings, folder: str) -> Iterator[str]:
    listed = tree.folder(folder)
    for name in listed.names:
        path = join(folder, name)
        if name in listed.unreadable:
            findings.refuse("unreadable", path, listed.unreadable[name])
        elif name in listed.folders:
            yield from _files(tree, findings, path)
        else:
            yield path
