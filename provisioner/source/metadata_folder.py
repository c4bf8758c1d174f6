"""A folder in metadata format: it has a package.xml and goes into the package as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from provisioner.source.archive import Archive
from provisioner.source.manifest import FILE, Members
from provisioner.source.problems import Findings, Refusal
from provisioner.source.tree import Tree, join

_TAG = "{http://soap.sforce.com/2006/04/metadata}"


def read(tree: Tree, findings: Findings) -> tuple[bytes, Members, Archive]:
    """The manifest, its members, and all files of the folder in the order of their names."""
    text = tree.read(FILE)
    archive = Archive()
    archive.add(FILE, text)
    for path in sorted(_files(tree, findings, "")):
        if path != FILE:
            archive.add(path, tree.read(path))
    return text, members_in(text, FILE), archive


def members_in(text: bytes, path: str) -> Members:
    """The members that a manifest lists. Raises Refusal for one that is no manifest."""
    try:
        root = fromstring(text)
    except ParseError as error:
        line, column = error.position
        raise Refusal("LibraryError", path, f"malformed XML: {error}", line, column + 1) from None
    except DefusedXmlException:
        raise Refusal("LibraryError", path, "the XML declares an entity") from None
    found: dict[str, tuple[str, ...]] = {}
    for types in root.iter(f"{_TAG}types"):
        name = (types.findtext(f"{_TAG}name") or "").strip()
        names = tuple((e.text or "").strip() for e in types.findall(f"{_TAG}members"))
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
