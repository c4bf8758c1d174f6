"""What the platform refuses of a custom field by itself: names, lengths, limits, elements.

Sources: "CustomField" and "Field Types" in the Metadata API Developer Guide; the refusals that
forcedotcom/sf-skills quotes (skills/platform-custom-field-generate) and that projects record. The
platform's texts for numbers out of range and for types that an object does not take are not known.
The limits fit all 4,114 custom fields of the public projects that were compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from provisioner.emulator.metadata.field_types import KINDS
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.typed import in_digits

Complaint = tuple[str, Element]

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*\Z")
_NAME_RULE = (
    "The Field API Name can only contain underscores and alphanumeric characters. It must be "
    "unique, begin with a letter, not include spaces, not end with an underscore, and not contain "
    "two consecutive underscores."
)
_LONGEST = (
    ("label", "Label", 40),
    ("description", "Description", 1000),
    ("inlineHelpText", "InlineHelpText", 510),
    ("relationshipLabel", "RelationshipLabel", 80),
)
_NUMBERS = ("length", "precision", "scale", "visibleLines")
_RANGES: Mapping[tuple[str, str], tuple[int, int]] = {
    ("Currency", "precision"): (1, 18),
    ("EncryptedText", "length"): (1, 175),
    ("Html", "length"): (256, 131_072),
    ("Html", "visibleLines"): (10, 50),
    ("LongTextArea", "length"): (256, 131_072),
    ("LongTextArea", "visibleLines"): (2, 50),
    ("MultiselectPicklist", "visibleLines"): (3, 10),
    ("Number", "precision"): (1, 18),
    ("Percent", "precision"): (1, 18),
    ("Text", "length"): (1, 255),
}
_REFUSED: Mapping[str, tuple[str, ...]] = {
    "Hierarchy": ("referenceTo",),
    "Lookup": ("relationshipOrder",),
    "MasterDetail": ("deleteConstraint",),
    "Summary": ("length", "precision", "scale"),
    "TextArea": ("length",),
}
"""Elements that a type never takes."""

_NEVER_REQUIRED = frozenset({"Checkbox", "Html", "LongTextArea", "Summary"})
_KEYS = frozenset({"Text", "Number", "Email", "AutoNumber"})
_FORMULAS = frozenset(
    {"Checkbox", "Currency", "Date", "DateTime", "Number", "Percent", "Text", "Time"}
)
_OF_METADATA = frozenset(
    {"Checkbox", "Date", "DateTime", "Email", "LongTextArea", "MetadataRelationship", "Number"}
    | {"Percent", "Phone", "Picklist", "Text", "TextArea", "Url"}
)
"""Field types of custom metadata types."""

_ENUMS = (
    ("deleteConstraint", "DeleteConstraint", ("Cascade", "Restrict", "SetNull")),
    ("summaryOperation", "SummaryOperations", ("count", "sum", "min", "max")),
    ("formulaTreatBlanksAs", "TreatBlanksAs", ("BlankAsBlank", "BlankAsZero")),
)


def complaints(element: Element, object_name: str) -> Iterator[Complaint]:
    """The problems of a custom field of an object, by itself."""
    yield from _names(element)
    kind_name = element.value("type")
    if not kind_name:
        yield "Required field is missing: type", element
    elif kind_name not in KINDS:
        at = element.find("type") or element
        yield f"'{kind_name}' is not a valid value for the enum 'FieldType'", at
    else:
        yield from _of_object(element, kind_name, object_name)
        yield from _refused(element, kind_name)
        yield from _numbers(element, kind_name)
        yield from _missing(element, kind_name)
        yield from _enums(element)
        yield from _value_set(element)
        yield from _summary(element, kind_name)


def _names(element: Element) -> Iterator[Complaint]:
    name = element.value("fullName")
    own = name.removesuffix("__c").rpartition("__")[2]
    if not name.endswith("__c"):
        yield "Invalid fullName, must end in Custom Suffix (e.g. __c)", element
    elif not _NAME.match(own) or name.count("__") > 2:
        yield _NAME_RULE, element
    elif len(own) > 40:
        yield "Value too long for field: fullName maximum length is:40", element
    if not element.value("label"):
        yield "Must specify a non-empty label for the CustomField", element
    for child, field_name, longest in _LONGEST:
        at = element.find(child)
        if at is not None and len(at.text) > longest:
            yield f"Value too long for field: {field_name} maximum length is:{longest}", at


def _of_object(element: Element, kind_name: str, object_name: str) -> Iterator[Complaint]:
    is_metadata = object_name.endswith("__mdt")
    fits = (kind_name in _OF_METADATA if is_metadata else kind_name != "MetadataRelationship") and (
        kind_name != "Hierarchy" or object_name == "User"
    )
    if not fits:
        at = element.find("type") or element
        yield f"A CustomField of type {kind_name} is not supported on {object_name}", at


def _missing(element: Element, kind_name: str) -> Iterator[Complaint]:
    demands = list(KINDS[kind_name].demands)
    if kind_name == "Summary" and element.value("summaryOperation") != "count":
        demands.append("summarizedField")
    targets = {target.text for target in element.every("referenceTo")}
    if kind_name == "MetadataRelationship" and targets & {"FieldDefinition", "EntityParticle"}:
        demands.append("metadataRelationshipControllingField")
    if element.value("formula"):
        return
    for demand in demands:
        if not element.value(demand):
            yield f"Must specify '{demand}' for a CustomField of type {kind_name}", element
    if kind_name == "Lookup" and element.flag("required") and not element.value("deleteConstraint"):
        text = (
            "must specify either cascade delete or restrict delete for required lookup foreign key"
        )
        yield text, element


def _numbers(element: Element, kind_name: str) -> Iterator[Complaint]:
    for name in _NUMBERS:
        at = element.find(name)
        if at is None or not at.text:
            continue
        number = in_digits(at.text)
        if number is None:
            yield f"'{at.text}' is not a valid value for the type xsd:int", at
            continue
        low, high = _RANGES.get((kind_name, name), (0, 131_072))
        if not low <= number <= high:
            text = f"'{name}' must be between {low} and {high} for a CustomField of type"
            yield f"{text} {kind_name}", at
    scale, precision = in_digits(element.value("scale")), in_digits(element.value("precision"))
    if scale is not None and precision is not None and scale > precision:
        yield "'scale' must not be greater than 'precision'", element.find("scale") or element


def _refused(element: Element, kind_name: str) -> Iterator[Complaint]:
    for name in _REFUSED.get(kind_name, ()):
        at = element.find(name)
        if at is not None:
            yield _can_not(name, kind_name), at
    required = element.find("required")
    if required is not None and kind_name == "MasterDetail":
        yield "Master-Detail Relationship Fields Cannot be Optional or Required", required
    if required is not None and element.flag("required") and kind_name in _NEVER_REQUIRED:
        yield _can_not("required", kind_name), required
    for name in ("unique", "externalId"):
        is_key = kind_name in _KEYS or (name, kind_name) == ("unique", "MetadataRelationship")
        if element.flag(name) and not is_key:
            yield _can_not(name, kind_name), element.find(name) or element
    formula = element.find("formula")
    if formula is not None and formula.text and kind_name not in _FORMULAS:
        yield _can_not("formula", kind_name), formula


def _can_not(name: str, kind_name: str) -> str:
    return f"Can not specify '{name}' for a CustomField of type {kind_name}"


def _enums(element: Element) -> Iterator[Complaint]:
    for name, enum, values in _ENUMS:
        at = element.find(name)
        if at is not None and at.text and at.text not in values:
            yield f"'{at.text}' is not a valid value for the enum '{enum}'", at


def _value_set(element: Element) -> Iterator[Complaint]:
    value_set = element.find("valueSet")
    if value_set is None:
        return
    definition = value_set.find("valueSetDefinition")
    if definition is not None and value_set.find("valueSetName") is not None:
        text = "Value set must reference a value set name or define a value set, but not both."
        yield text, value_set
    seen: set[str] = set()
    for one in definition.every("value") if definition else ():
        name = one.value("fullName")
        if name.lower() in seen:
            yield f"duplicate value found: {name} is defined multiple times", one
        seen.add(name.lower())


def _summary(element: Element, kind_name: str) -> Iterator[Complaint]:
    for name in ("summaryForeignKey", "summarizedField") if kind_name == "Summary" else ():
        at = element.find(name)
        if at is not None and at.text and "." not in at.text:
            yield (
                "Must specify the name in the CustomObject.CustomField format "
                "(e.g. Account.MyNewCustomField)",
                at,
            )
