"""Puts a parent's file together from what was deployed of its parts."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from provisioner.emulator.metadata.component_types import CHILD_ELEMENTS, TRACKED_PARTS
from provisioner.emulator.metadata.state import StoredComponent
from provisioner.emulator.metadata.xml_tree import Element

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg


def composed(
    org: EmulatedOrg, parent: StoredComponent, chosen: Container[tuple[str, str]]
) -> list[Element]:
    """The elements of a parent's file: its own if it is chosen, and its chosen children.

    `chosen` has the keys of components. All its children are chosen together with a parent.
    """
    kinds = CHILD_ELEMENTS[parent.type]
    names = {child_type: element_name for element_name, child_type in kinds.items()}
    is_whole = parent.key in chosen
    elements: list[Element] = []
    if is_whole and parent.element is not None:
        elements += [one for one in parent.element.children if one.name not in kinds]
    for one in _children(org, parent, names):
        if one.element is not None and (is_whole or one.key in chosen):
            elements.append(_renamed(one.element, names[one.type]))
    return sorted(elements, key=lambda one: one.name)


def bundle_files(org: EmulatedOrg, bundle: StoredComponent) -> dict[str, bytes]:
    """The files of a DigitalExperienceBundle: its own, and those of its digital experiences."""
    files = {path: content for path, content in bundle.files.items() if path.count("/") < 4}
    for part in parts_of(org, bundle):
        files.update(part.files)
    return files


def parts_of(org: EmulatedOrg, whole: StoredComponent) -> list[StoredComponent]:
    """The labels of CustomLabels, the digital experiences of a bundle."""
    return list(_children(org, whole, {TRACKED_PARTS[whole.type]}))


def parent_name(child: StoredComponent) -> str:
    """The full name of a child's parent."""
    name, has_parent, _ = child.full_name.rpartition(".")
    return name if has_parent else child.type + "s"  # CustomLabels


def _children(
    org: EmulatedOrg, parent: StoredComponent, child_types: Container[str]
) -> Iterator[StoredComponent]:
    wanted = parent.full_name.lower()
    for one in list(org.components.values()):
        is_child = isinstance(one, StoredComponent) and one.type in child_types
        if is_child and parent_name(one).lower() == wanted:
            yield one


def _renamed(element: Element, name: str) -> Element:
    return Element(name, element.line, element.column, element.text, element.children)
