"""Layouts, list views and other components that show fields: the fields must exist."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.kinds.references import (
    component_exists,
    find_field,
    object_exists,
)
from provisioner.emulator.metadata.kinds.registry import (
    DeployContext,
    check_root,
    kind,
    missing,
)
from provisioner.emulator.metadata.xml_tree import Element

_SHOWN_ONLY = frozenset({"CommunityMemberLayout", "Global", "UserAlt"})
"""What has layouts and is no object: publishers, and the profiles of users and members.

Source: the layouts of whole orgs that projects retrieved (yolgan67/tutorApp).
"""


@kind("Layout")
def apply_layout(context: DeployContext, component: Component) -> None:
    """A layout is named `Object-Name`; its object and the fields that it shows must exist."""
    if not check_root(component, "Layout"):
        return
    object_name = component.full_name.partition("-")[0]
    if object_name not in _SHOWN_ONLY and not object_exists(context, object_name):
        text = f"Entity of type 'CustomObject' named '{object_name}' cannot be found"
        component.problem(text)
        return
    assert component.element is not None
    for at in _layout_fields(component.element):
        _check(context, component, object_name, "field", at)
    if not component.problems:
        context.keep(component)


def _layout_fields(layout: Element) -> Iterator[Element]:
    for section in layout.every("layoutSections"):
        for column in section.every("layoutColumns"):
            for item in column.every("layoutItems"):
                yield from item.every("field")


def _check(
    context: DeployContext, component: Component, object_name: str, name: str, at: Element
) -> None:
    full_name = f"{object_name}.{at.text}"
    if object_name not in _SHOWN_ONLY and not find_field(context, full_name)[0]:
        missing(component, name, "CustomField", full_name, at)


_SHOWN = {
    "CompactLayout": ("fields",),
    "FieldSet": ("displayedFields", "availableFields"),
    "ListView": ("columns",),
}


@kind("CompactLayout", "FieldSet", "ListView")
def apply_field_list(context: DeployContext, component: Component) -> None:
    """A component that lists fields of its object may list only existing ones."""
    object_name, element = component.full_name.partition(".")[0], component.element
    assert element is not None
    for name in _SHOWN[component.type]:
        for entry in element.every(name):
            at = entry.find("field") or entry
            if at.text.endswith("__c"):  # standard columns have other names than fields
                _check(context, component, object_name, name, at)
    if not component.problems:
        context.keep(component)


@kind("CustomTab")
def apply_tab(context: DeployContext, component: Component) -> None:
    """A tab of a custom object has the name of the object."""
    if not check_root(component, "CustomTab"):
        return
    element, name = component.element, component.full_name
    assert element is not None
    if element.flag("customObject") and not object_exists(context, name):
        missing(component, "customObject", "CustomObject", name, element)
    if not component.problems:
        context.keep(component)


@kind("CustomApplication")
def apply_application(context: DeployContext, component: Component) -> None:
    """The tabs of an app must exist."""
    if not check_root(component, "CustomApplication"):
        return
    assert component.element is not None
    for tab in component.element.every("tabs"):
        is_custom = "__" in tab.text
        if is_custom and not component_exists(context, "CustomTab", tab.text):
            missing(component, "tabs", "CustomTab", tab.text, tab)
    if not component.problems:
        context.keep(component)
