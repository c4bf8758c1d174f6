"""Composes files from others: a parent and the files of its children.

They are written after all components have been found. Bytes between tags are copied from the
source; see `documents`. Source: docs/reference/source-format.md#recomposition.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from provisioner.source.component import Component
from provisioner.source.documents import (
    DECLARATION,
    NAMESPACE,
    Document,
    Section,
    attributes_text,
    read_body,
    read_sections,
)
from provisioner.source.members import children_of
from provisioner.source.outputs import Outputs, Read
from provisioner.source.problems import Refusal, WarningKind
from provisioner.source.registry import MetadataType

_ENTITIES = {
    WarningKind.UNKNOWN_ENTITY: "an entity that is not XML's becomes literal text",
    WarningKind.QUOTED_REFERENCE: "a quoted numeric reference becomes the character",
}


@dataclass(eq=False)
class Family:
    """A parent component and its children, each once."""

    parent: Component
    children: dict[tuple[str, str], Component] = field(default_factory=dict)

    def add_parent(self, parent: Component) -> None:
        """A parent with a file replaces one without; otherwise the first one is kept."""
        if parent.xml and not self.parent.xml:
            self.parent = parent
        elif self.parent.type.recomposition != "startEmpty" and parent.xml != self.parent.xml:
            self.parent.site.findings.warn(
                WarningKind.SECOND_PARENT, parent.xml, f"left out; {self.parent.xml} is used"
            )

    def add_child(self, child: Component) -> None:
        """Of two children of the same type and name the first one is kept."""
        first = self.children.setdefault((child.type.name, child.full_name), child)
        if first is not child and first.xml != child.xml:
            child.site.findings.warn(
                WarningKind.SECOND_CHILD,
                child.xml,
                f"{child.type.name} {child.full_name} is left out; {first.xml} is used",
            )

    def text(self, read: Read) -> bytes:
        """The parent's file with its children inserted. Raises Refusal."""
        attributes = b""
        elements: dict[str, list[bytes]] = {}
        if self.parent.xml and self.parent.type.recomposition != "startEmpty":
            document = read_sections(read(self.parent.xml), self.parent.xml)
            warn_of_entities(self.parent, document, self.parent.xml)
            attributes, elements = self._own_part(document)
        groups = self._children_from_xml(read) if self._is_whole else self._children(read)
        for element in groups.keys() & elements.keys():
            self.parent.site.findings.warn(
                WarningKind.REPLACED_ELEMENTS,
                self.parent.xml,
                f"its elements {element} are left out; the files of the children are used",
            )
        return render(self.parent.type.name, attributes, {**elements, **groups})

    def _own_part(self, document: Document) -> tuple[bytes, dict[str, list[bytes]]]:
        if document.root != self.parent.type.name:
            return b"", {document.root: [document.element]}
        return document.own_attributes, grouped(document.sections)

    @property
    def _is_whole(self) -> bool:
        """Whether the children are in their parents' files and not in files of their own."""
        return self.parent.type.transformer == "nonDecomposed"

    def _children(self, read: Read) -> dict[str, list[bytes]]:
        groups: dict[str, list[tuple[str, bytes]]] = {}
        for child in self.children.values():
            element = child.type.element
            with child.site.findings.collect():  # each of the children reports its own problems
                text = as_element(element, child_body(child, read(child.xml)))
                groups.setdefault(element, []).append((collation(child.name), text))
        return _in_order(groups)

    def _children_from_xml(self, read: Read) -> dict[str, list[bytes]]:
        texts: dict[str, dict[str, bytes]] = {}
        groups: dict[str, list[tuple[str, bytes]]] = {}
        for child in self.children.values():
            if child.xml not in texts:
                texts[child.xml] = self._sections_by_name(child, read)
            groups.setdefault(child.type.element, []).append(
                (collation(child.name), texts[child.xml][child.name])
            )
        return _in_order(groups)

    def _sections_by_name(self, child: Component, read: Read) -> dict[str, bytes]:
        """The children in a file, by their names before replacements, as in package.xml."""
        keys = {child.type.element: child.type.unique_id_element}
        written, replaced = child.site.tree.read(child.xml), read(child.xml)
        before = read_sections(written, child.xml, keys)
        after = before if replaced == written else read_sections(replaced, child.xml, keys)
        warn_of_entities(child, after, child.xml)
        names = [s.key for s in before.sections if s.name == child.type.element]
        texts = [s.text for s in after.sections if s.name == child.type.element]
        foreign = {s.name for s in after.sections if s.name not in ("", child.type.element)}
        for name in sorted(foreign):
            child.site.findings.warn(
                WarningKind.FOREIGN_ELEMENTS, child.xml, f"its element {name} is left out"
            )
        if len(names) != len(texts):
            raise Refusal(
                "ConversionError", child.xml, f"replacements change how many {child.type.name}s"
            )
        found: dict[str, bytes] = {}
        for name, text in zip(names, texts, strict=True):
            found.setdefault(name, text)
        return found


def recomposed(outputs: Outputs, component: Component) -> None:
    """Add a parent, or a child found without it, to its composed file."""
    parent = component.parent or component
    name = f"{parent.type.directory}/{parent.full_name}.{parent.type.suffix}"
    family = outputs.joint(name, parent, lambda: Family(parent))
    if component.parent:
        family.add_child(component)
        return
    family.add_parent(component)
    for child in children_of(component):
        family.add_child(child)


def child_body(child: Component, data: bytes) -> Document:
    """The content of a child's file, which may have either of two roots. Raises Refusal."""
    document = read_body(data, child.xml)
    warn_of_entities(child, document, child.xml)
    if document.root == child.type.name and not document.has_prologue_comment:
        return document
    if child.parent and document.root == child.parent.type.name:
        return _within_parent_root(child, data)
    fault = f"its root element is {document.root}, not {child.type.name}"
    if document.has_prologue_comment:
        fault = "a child's file must not have a comment before the root element"
    raise Refusal("ConversionError", child.xml, fault)


def _within_parent_root(child: Component, data: bytes) -> Document:
    """A child's file with the root of its parent: one of its elements, or the whole content."""
    kind = child.type
    keys = {kind.element: kind.unique_id_element} if kind.unique_id_element else {}
    document = read_sections(data, child.xml, keys)
    for section in document.sections:
        if keys and section.name == kind.element and section.key == child.name:
            return read_body(section.text, child.xml)
    return document


def as_element(name: str, document: Document) -> bytes:
    """The content of a document as one element."""
    tag = name.encode()
    return b"<%s%s>%s</%s>" % (tag, document.own_attributes, document.body, tag)


def grouped(sections: Iterable[Section]) -> dict[str, list[bytes]]:
    """Sections by name: those with the same name are together, where the first one was."""
    groups: dict[str, list[bytes]] = {}
    for section in sections:
        groups.setdefault(section.name, []).append(section.text)
    return groups


def render(root: str, attributes: bytes, groups: dict[str, list[bytes]]) -> bytes:
    """A whole file."""
    tag = root.encode()
    start = b"<%s%s%s>" % (tag, attributes_text([("xmlns", NAMESPACE)]), attributes)
    lines = [start, *(b"    " + text for texts in groups.values() for text in texts)]
    return DECLARATION + b"\n".join([*lines, b"</%s>\n" % tag])


def collation(text: str) -> str:
    """A sort key similar to `localeCompare`, on whose exact order nothing depends."""
    return text.casefold()


def warn_of_entities(component: Component, document: Document, path: str) -> None:
    """Warn of entities in a file that are converted to something else."""
    if document.warning:
        component.site.findings.warn(document.warning, path, _ENTITIES[document.warning])


def merged(kind: MetadataType, documents: Iterable[Document]) -> bytes:
    """Several files with the root of one type as one, element by element."""
    groups: dict[str, list[bytes]] = {}
    for document in documents:
        for name, texts in grouped(document.sections).items():
            groups.setdefault(name, []).extend(texts)
    return render(kind.name, b"", groups)


def _in_order(groups: dict[str, list[tuple[str, bytes]]]) -> dict[str, list[bytes]]:
    return {element: [text for _, text in sorted(groups[element])] for element in sorted(groups)}
