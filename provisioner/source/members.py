"""The components of a package, each once, and the children of each.

Sources: docs/reference/source-format.md#adapters (children),
docs/reference/source-format.md#component-set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from provisioner.source.component import META, Component, meta_name
from provisioner.source.documents import read_sections
from provisioner.source.problems import Refusal
from provisioner.source.registry import MetadataType
from provisioner.source.tree import split

Value = TypeVar("Value")
_BROKEN_ESCAPE = re.compile(r"%(?![\dA-Fa-f]{2})")


class Decodable(dict[str, Value]):
    """A dictionary whose keys are compared after percent decoding.

    Names of layouts and profiles are written with percent escapes or without.
    """

    def __init__(self) -> None:
        super().__init__()
        self._encoded: dict[str, str] = {}

    def known(self, key: str) -> str | None:
        """The spelling of a key that was added first."""
        if key in self:
            return key
        decoded = _decoded(key)
        if decoded != key:
            return decoded if decoded in self else None
        encoded = self._encoded.get(key)
        return encoded if encoded in self else None

    def put(self, key: str, value: Value) -> None:
        """Add a value, or replace that of the same key, keeping the order."""
        known = self.known(key)
        decoded = _decoded(key) if "%" in key else key
        if decoded != key:
            self._encoded[decoded] = key
        self[known or key] = value


def _decoded(key: str) -> str:
    if "%" not in key or _BROKEN_ESCAPE.search(key):
        return key
    try:
        return unquote_to_bytes(key).decode()
    except UnicodeDecodeError:
        return key


class ComponentSet:
    """Components in the order in which they are added. One name may have several files."""

    def __init__(self) -> None:
        self._components: Decodable[Decodable[Component]] = Decodable()

    def add(self, component: Component) -> None:
        known = self._components.known(component.key)
        if known is None:
            self._components.put(component.key, Decodable())
        same_name = self._components[known or component.key]
        same_name.put(f"{component.key}{component.xml}{component.content}", component)

    def __iter__(self) -> Iterator[Component]:
        for same_name in self._components.values():
            yield from same_name.values()

    def groups(self) -> Iterator[tuple[str, tuple[Component, ...]]]:
        """Full name, in the first spelling added, and the components of that name."""
        for key, same_name in self._components.items():
            yield key.partition("#")[2], tuple(same_name.values())


def children_of(component: Component) -> tuple[Component, ...]:
    """The children of a parent component, searched for once. Raises Refusal."""
    if component.children is None:
        if component.parent or not component.type.children:
            component.children = ()
        elif component.content:
            component.children = tuple(_children_in_files(component))
        else:
            component.children = tuple(_children_in_xml(component))
    return component.children


def _children_in_files(parent: Component) -> Iterator[Component]:
    kind = parent.type
    for path in parent.site.files_below(parent.content):
        file_name = split(path)[1]
        found = meta_name(file_name)
        if found is None or found[1] in kind.root_suffixes:
            continue
        child = kind.children.get(kind.child_suffixes.get(found[1], ""))
        if child is None:
            raise Refusal(
                "TypeInferenceError", path, f"type {found[1]} is not a child of {kind.name}"
            )
        name = _child_name(child, file_name, found[0])
        yield Component(child, name, parent.site, xml=path, parent=parent)


def _child_name(child: MetadataType, file_name: str, start: str) -> str:
    """The component's name in a file name; `start` is the file name before the suffix."""
    if "." not in start and META not in start and start not in child.root_suffixes:
        return start
    parts = file_name.replace(META, "", 1).split(".")
    return ".".join(part for part in parts if part not in child.root_suffixes)


def _children_in_xml(parent: Component) -> Iterator[Component]:
    """Children of a type that is not decomposed: only package.xml lists them."""
    kinds = {
        child.xml_element_name: child
        for child in parent.type.children.values()
        if child.xml_element_name and child.unique_id_element
    }
    if not kinds or not parent.xml:
        return
    keys = {element: child.unique_id_element for element, child in kinds.items()}
    document = read_sections(parent.site.tree.read(parent.xml), parent.xml, keys)
    if document.root != parent.type.name:
        return
    for element, child in kinds.items():
        for section in document.sections:
            if section.name != element:
                continue
            if not section.key:
                raise Refusal(
                    "ConversionError",
                    parent.xml,
                    f"the {child.name} ({element}) has no {child.unique_id_element}",
                    section.line,
                )
            yield Component(child, section.key, parent.site, xml=parent.xml, parent=parent)
