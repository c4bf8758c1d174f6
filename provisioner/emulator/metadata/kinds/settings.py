"""Settings: known ones with known elements are stored, others are refused."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from provisioner.emulator.features import schema
from provisioner.emulator.metadata.component_types import root_name
from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.kinds.registry import DeployContext, kind
from provisioner.emulator.metadata.xml_tree import METADATA_NAMESPACE, Element


@cache
def known_settings() -> dict[str, frozenset[str]]:
    """Settings name → its elements; empty if they are not known."""
    text = files("provisioner.emulator.metadata").joinpath("settings.txt").read_text("utf-8")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {name: frozenset(elements) for name, *elements in lines}


@kind("Settings")
def apply_settings(context: DeployContext, component: Component) -> None:
    """Store settings. Files without a namespace are accepted, as by the platform.

    Source: docs/reference/sign-up.md#settings.
    """
    element, name = component.element, component.full_name
    if element is None:
        return
    elements = known_settings().get(name)
    if elements is None or element.name.lower() != root_name(name).lower():
        _refuse(component, element)
        return
    for child in element.children:
        if elements and child.name not in elements:
            qualified = f"{{{METADATA_NAMESPACE}}}{child.name}"
            text = f"Element {qualified} invalid at this location in type {element.name}"
            component.problem(f"Error parsing file: {text}", child)
    if not component.problems:
        context.keep(component)
        _enable(context, name, element)


def _enable(context: DeployContext, name: str, element: Element) -> None:
    """What a setting adds to the org is there as soon as the setting is."""
    for child in element.children:
        is_on = (child.text or "").strip() == "true" or child.name == "countriesAndStates"
        if is_on:
            schema.enable(context.org, f"{name}.{child.name}")


def _refuse(component: Component, element: Element) -> None:
    component.problem(f"Not available for deploy for this organization: {element.name}", element)
