"""CustomField: adds fields of custom and standard objects to the org's schema."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.field_types import RELATIONSHIPS, complaints, to_field
from provisioner.emulator.metadata.kinds.references import has_object, object_exists
from provisioner.emulator.metadata.kinds.registry import DeployContext, kind
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.objects.schema import Field, ObjectType

TWINS = {"Activity": ("Task", "Event")}
"""Fields of Activity are fields of both objects."""


@kind("CustomField")
def apply_custom_field(context: DeployContext, component: Component) -> None:
    """Add a field to its object, or change it."""
    object_name, _, name = component.full_name.rpartition(".")
    element = component.element
    assert element is not None
    known = context.store.find_type(object_name)
    if not has_object(context, component, object_name):
        return
    if "__" not in name:
        _check_standard(component, known, name)
    else:
        _check_custom(context, component, element)
    if component.problems:
        return
    if "__" in name:
        for target in TWINS.get(object_name, (object_name,)):
            _add(context, target, component, element)
    if not component.problems:
        context.keep(component)


def _check_standard(component: Component, known: ObjectType | None, name: str) -> None:
    """A standard field may be changed if it exists; one that is not emulated is accepted."""
    if known is not None and known.is_custom and known.find_field(name) is None:
        component.problem("Could not resolve standard field's name.")


def _check_custom(context: DeployContext, component: Component, element: Element) -> None:
    for text, at in complaints(element):
        component.problem(text, at)
    for target in element.every("referenceTo"):
        if not object_exists(context, target.text):
            text = f"referenceTo value of '{target.text}' does not resolve to a valid sObject type"
            component.problem(text, target)
    shared = element.find("valueSet")
    name = shared.find("valueSetName") if shared else None
    if name is not None and name.text and not context.find("GlobalValueSet", name.text):
        text = f"In field: valueSet - no GlobalValueSet named {name.text} found"
        component.problem(text, name)


def _add(context: DeployContext, object_name: str, component: Component, element: Element) -> None:
    """Add the field to the schema; for objects that are not emulated only store the component."""
    known = context.store.find_type(object_name)
    if known is None:
        return
    field = to_field(element, lambda name: _global_values(context, name))
    previous = known.find_field(field.name)
    if previous is not None and bool(previous.formula) != bool(field.formula):
        kinds = ("Formula to something else", "something else to a Formula")
        component.problem(f"Cannot update a field from a {kinds[bool(field.formula)]}")
        return
    _check_relationship(context, known, field, component)
    if component.problems:
        return
    context.store.add_field(known.name, field)
    kind_name = element.value("type")
    if kind_name == "AutoNumber":
        numbers = dict(known.properties.get("autonumber", {}))
        numbers[field.name] = element.value("displayFormat") or "{0}"
        _mark(context, known, "autonumber", numbers)
    if kind_name == "MasterDetail":
        _mark_master(context, known, field)
    if kind_name == "Location":
        _add_coordinates(context, known, field)


def _check_relationship(
    context: DeployContext, known: ObjectType, field: Field, component: Component
) -> None:
    """A child relationship's name is unique on the parent."""
    element = component.element
    assert element is not None
    if element.value("type") not in RELATIONSHIPS or not field.child_relationship_name:
        return
    twins_of = TWINS["Activity"] if known.name in TWINS["Activity"] else (known.name,)
    for other in context.store.types.values():
        for sibling in other.fields.values():
            is_same = other.name in twins_of and sibling.name.lower() == field.name.lower()
            twins = sibling.child_relationship_name.lower() == field.child_relationship_name.lower()
            if twins and not is_same and set(sibling.reference_to) & set(field.reference_to):
                name = element.value("relationshipName")
                parent = field.reference_to[0]
                text = f"There is already a Child Relationship named {name} on {parent}."
                component.problem(text, element.find("relationshipName"))
                return


def _mark(context: DeployContext, known: ObjectType, key: str, value: Any) -> None:
    """Set a property of an object type, undone with the transaction."""
    properties = {**known.properties, key: value}
    context.store.add_type(replace(known, properties=properties))


def _mark_master(context: DeployContext, known: ObjectType, field: Field) -> None:
    """Detail records are deleted with their master and have its owner."""
    masters = (*known.properties.get("master_fields", ()), field.name)
    _mark(context, known, "master_fields", tuple(dict.fromkeys(masters)))
    if "OwnerId" in known.fields:
        context.store.remove_field(known.name, "OwnerId")


def _add_coordinates(context: DeployContext, known: ObjectType, field: Field) -> None:
    """Add the latitude and longitude fields, by which a location is written."""
    for part in ("Latitude", "Longitude"):
        name = f"{field.name.removesuffix('__c')}__{part}__s"
        label = f"{field.label} ({part})"
        own = Field(name, "double", label=label, precision=18, scale=field.scale)
        context.store.add_field(known.name, own)


def _global_values(context: DeployContext, name: str) -> tuple[str, ...] | None:
    stored = context.find("GlobalValueSet", name)
    if stored is None or stored.element is None:
        return None
    values = (*stored.element.every("customValue"), *stored.element.every("value"))
    return tuple(value.value("fullName") for value in values)
