"""When two files of a package are equal: byte by byte, or as XML, manifest or zip."""

from __future__ import annotations

import hashlib
import io
import zipfile
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"


def meaning(name: str, content: bytes) -> str:
    """A fingerprint that two contents share when they mean the same to Salesforce."""
    value: object = content
    if zipfile.is_zipfile(io.BytesIO(content)):
        value = zip_contents(content)
    elif not is_manifest(name):
        try:
            value = canonical(content)
        except ParseError:
            value = content
    else:
        value = sorted(manifest_members(content))
    data = value if isinstance(value, bytes) else repr(value).encode()
    return hashlib.sha256(data).hexdigest()[:16]


def is_manifest(name: str) -> bool:
    """Whether a file of a package lists components, to be deployed or deleted."""
    return name == "package.xml" or (name.startswith("destructiveChanges") and "/" not in name)


def zip_contents(content: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return sorted((i.filename, archive.read(i)) for i in archive.infolist() if not i.is_dir())


def manifest_members(text: bytes) -> set[tuple[str, ...]]:
    """Type and member, and the version, of a package.xml."""
    root = parsed(text)
    found: set[tuple[str, ...]] = {("version", root.findtext(f"{NAMESPACE}version") or "")}
    for types in root.iter(f"{NAMESPACE}types"):
        name = types.findtext(f"{NAMESPACE}name") or ""
        found |= {(name, member.text or "") for member in types.iter(f"{NAMESPACE}members")}
    return found


def parsed(text: bytes) -> Element:
    parser = XMLParser(target=TreeBuilder(insert_comments=True))
    parser.feed(text)
    element: Element = parser.close()
    return element


def canonical(text: bytes) -> object:
    """XML as a value in which white space and the order of the root's children do not count."""
    return _canonical(parsed(text), is_root=True)


def _canonical(element: Element, *, is_root: bool = False) -> object:
    groups: dict[str, list[object]] = {}
    for child in element:
        tag = child.tag if isinstance(child.tag, str) else "#comment"
        groups.setdefault(tag, []).append(_canonical(child))
    if is_root:
        groups = {tag: sorted(items, key=repr) for tag, items in groups.items()}
    tails = [(child.tail or "").strip() for child in element]
    text = "".join([(element.text or "").strip(), *tails])
    tag = element.tag if isinstance(element.tag, str) else "#comment"
    return tag, sorted(element.attrib.items()), text, sorted(groups.items(), key=_first)


def _first(item: tuple[str, object]) -> str:
    return item[0]
