"""CustomField: adds fields of custom and standard objects to the org's schema."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.field_checks import complaints
from provisioner.emulator.metadata.field_types import RELATIONSHIPS, compound_parts, to_field
from provisioner.emulator.metadata.kinds.references import find_field, has_object, object_exists
from provisioner.emulator.metadata.kinds.registry import DeployContext, kind, missing
from provisioner.emulator.metadata.kinds.value_sets import standard_value_sets
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.objects.schema import Field, ObjectType

_DEFINITIONS = frozenset({"EntityDefinition", "EntityParticle", "FieldDefinition"})
"""What a metadata relationship may refer to besides custom metadata types."""

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
    for text, at in complaints(element, component.full_name.rpartition(".")[0]):
        component.problem(text, at)
    for target in element.every("referenceTo"):
        if target.text not in _DEFINITIONS and not object_exists(context, target.text):
            text = f"referenceTo value of '{target.text}' does not resolve to a valid sObject type"
            component.problem(text, target)
    for name in ("summaryForeignKey", "summarizedField"):
        path = element.find(name)
        if path is not None and "." in path.text and not find_field(context, path.text)[0]:
            missing(component, name, "CustomField", path.text, path)
    value_set = element.find("valueSet")
    shared = value_set.find("valueSetName") if value_set else None
    if shared is not None and shared.text and not _is_value_set(context, shared.text):
        missing(component, "valueSet", "GlobalValueSet", shared.text, shared)


def _is_value_set(context: DeployContext, name: str) -> bool:
    return name in standard_value_sets() or context.find("GlobalValueSet", name) is not None


def _add(context: DeployContext, object_name: str, component: Component, element: Element) -> None:
    """Add the field to the schema; for objects that are not emulated only store the component."""
    known = context.store.find_type(object_name)
    if known is None:
        return
    kind_name = element.value("type")
    field = to_field(element, lambda name: _global_values(context, name))
    if kind_name == "Summary":
        field = _summarizing(context, field, element)
    previous = known.find_field(field.name)
    if previous is not None and bool(previous.formula) != bool(field.formula):
        kinds = ("from a Formula to something else", "to a Formula from something else")
        component.problem(f"Cannot update a field {kinds[bool(field.formula)]}")
        return
    _check_relationship(context, known, field, component)
    if component.problems:
        return
    context.store.add_field(known.name, field)
    if kind_name == "AutoNumber":
        numbers = dict(known.properties.get("autonumber", {}))
        numbers[field.name] = element.value("displayFormat") or "{0}"
        _mark(context, known, "autonumber", numbers)
    if kind_name == "MasterDetail":
        _mark_master(context, known, field)
    for part in compound_parts(field):
        context.store.add_field(known.name, part)


def _summarizing(context: DeployContext, field: Field, element: Element) -> Field:
    """A roll-up summary has the type of what it summarizes; a count is a number."""
    found = find_field(context, element.value("summarizedField"))[1]
    if found is None or element.value("summaryOperation") == "count":
        return field
    return replace(field, type=found.type, precision=found.precision, scale=found.scale)


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


def _global_values(context: DeployContext, name: str) -> tuple[str, ...] | None:
    stored = context.find("GlobalValueSet", name)
    if stored is None or stored.element is None:
        return None
    values = (*stored.element.every("customValue"), *stored.element.every("value"))
    return tuple(value.value("fullName") for value in values)
