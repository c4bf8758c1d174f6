"""CustomMetadata: a component `Type.Record` becomes a record of `Type__mdt`.

Source of the refusals: a catalogue of recorded ones, "CMDT Records - Value Typing, Coercion, and
Error Reference", among public skills for Salesforce; which types of values fit which fields was
probed there for Number, Date, Date/Time, Checkbox and Text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from provisioner.emulator.errors import RecordError
from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.kinds.registry import (
    DeployContext,
    check_root,
    kind,
    put_row,
)
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.objects.schema import Field, ObjectType
from provisioner.emulator.objects.values import convert

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*\Z")
_NO_TYPE = (
    "Error parsing file:  Only the following configurations are supported : 1) if the type is "
    'mentioned i.g. type="xsi:boolean" 2) With metadata CRUD API with fullName required'
)
_FITTING: Mapping[str, tuple[str, ...]] = {
    "boolean": ("boolean",),
    "date": ("date", "dateTime"),
    "datetime": ("dateTime", "date"),
    "double": ("double", "int", "string"),
    "string": ("string",),
}
"""Describe type → the XML Schema types of its values; of others nothing is known."""


@kind("CustomMetadata")
def apply_custom_metadata(context: DeployContext, component: Component) -> None:
    """Check a record's values and store it."""
    if not check_root(component, "CustomMetadata"):
        return
    element = component.element
    assert element is not None
    type_name, _, name = component.full_name.rpartition(".")
    type_name = type_name if type_name.endswith("__mdt") else f"{type_name}__mdt"
    known = context.store.find_type(type_name)
    if known is None:
        text = f"Custom metadata type {type_name} is not available in this organization."
        component.problem(text)
        return
    _check_name(component, known, name)
    values = _values(component, known, element)
    if component.problems:
        return
    row = {
        "DeveloperName": name,
        "MasterLabel": element.value("label"),
        "Label": element.value("label"),
        "QualifiedApiName": name,
        "Language": "en_US",
        "NamespacePrefix": context.namespace,
        **values,
    }
    context.keep(component, own_id=put_row(context, known.name, "DeveloperName", row))


def _check_name(component: Component, known: ObjectType, name: str) -> None:
    own = name.rpartition("__")[2]
    if not _NAME.match(own):
        component.problem(
            f"Custom Metadata Record Name: The {known.name} API Name can only contain underscores "
            "and alphanumeric characters. It must be unique, begin with a letter, not include "
            "spaces, not end with an underscore, and not contain two consecutive underscores."
        )
    elif len(own) > 40:
        component.problem("Value too long for field: fullName maximum length is:40")


def _values(component: Component, known: ObjectType, element: Element) -> dict[str, object]:
    values: dict[str, object] = {}
    rows = [(row, row.value("field")) for row in element.every("values")]
    unknown = [name for _, name in rows if known.find_field(name) is None]
    if unknown:
        component.problem(f"{known.name}: could not find fields: {', '.join(unknown)}")
        return values
    for row, name in rows:
        field = known.find_field(name)
        assert field is not None
        values[field.name] = _value(component, field, row.find("value"))
    missing = ["MasterLabel"] if not element.value("label") else []
    missing += [one.name for one in known.fields.values() if _is_missing(one, values)]
    if missing:
        component.problem(f"Required fields are missing: [{', '.join(missing)}]")
    return values


def _is_missing(field: Field, values: Mapping[str, object]) -> bool:
    is_own = field.name.endswith("__c") and field.type != "boolean"
    return is_own and field.is_required and values.get(field.name, field.default) is None


def _value(component: Component, field: Field, element: Element | None) -> object:
    """A typed value, `<value xsi:type="xsd:double">5.0</value>`, as the field stores it."""
    if element is None or element.attributes.get("xsi:nil") == "true":
        return None
    written = element.attributes.get("xsi:type", "").rpartition(":")[2]
    text = element.text
    if not written:
        component.problem(_NO_TYPE, element)
    elif written in ("double", "int") and not _is_number(text):
        component.problem(
            f"Error parsing file: '{text}' is not valid for the type xsd:{written}", element
        )
    elif written not in _FITTING.get(field.type, (written,)):
        component.problem(f"{field.label}: value not of required type: {text}", element)
    elif len(text) > field.length and field.type in ("string", "textarea", "url"):
        text = f"{field.label}: data value too large: {text} (max length={field.length})"
        component.problem(text, element)
    elif field.is_restricted_picklist and text and text not in field.picklist:
        refusal = f"{field.label}: bad value for restricted picklist field: {text}"
        component.problem(refusal, element)
    else:
        return _stored(component, field, element)
    return None


def _stored(component: Component, field: Field, element: Element) -> object:
    text = element.text
    try:
        if field.type == "boolean":
            return text == "true"
        if field.type == "reference":
            return text or None  # the name of a component
        if field.type == "date":
            return text[:10]
        if field.type == "datetime" and len(text) == 10:
            text += "T00:00:00.000Z"
        number = field.type in ("double", "percent", "int")
        return convert(field, float(text) if number and text else text or None)
    except (RecordError, ValueError):
        component.problem(f"{field.label}: value not of required type: {element.text}", element)
        return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
