"""The types of custom fields: what each requires, and the field that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.objects.schema import Field
from provisioner.emulator.typed import decimal, in_digits

RELATIONSHIPS = frozenset({"Lookup", "MasterDetail", "Hierarchy", "MetadataRelationship"})
_UNSETTABLE = frozenset({"Address", "AutoNumber", "Location", "Summary"})


@dataclass(frozen=True)
class FieldKind:
    """A metadata field type: its describe type and its required elements."""

    describe_type: str
    demands: tuple[str, ...] = ()
    length: int = 255


KINDS: dict[str, FieldKind] = {
    "Address": FieldKind("address"),
    "AutoNumber": FieldKind("string", length=30),
    "Checkbox": FieldKind("boolean", ("defaultValue",)),
    "Currency": FieldKind("currency", ("precision", "scale")),
    "Date": FieldKind("date"),
    "DateTime": FieldKind("datetime"),
    "Email": FieldKind("email", length=80),
    "EncryptedText": FieldKind("encryptedstring", ("length",)),
    "ExternalLookup": FieldKind("reference", ("referenceTo",)),
    "File": FieldKind("reference"),
    "Hierarchy": FieldKind("reference"),
    "Html": FieldKind("textarea", ("length", "visibleLines")),
    "IndirectLookup": FieldKind("reference", ("referenceTo",)),
    "Location": FieldKind("location", ("scale",)),
    "LongTextArea": FieldKind("textarea", ("length", "visibleLines")),
    "Lookup": FieldKind("reference", ("referenceTo",)),
    "MasterDetail": FieldKind("reference", ("referenceTo",)),
    "MetadataRelationship": FieldKind("reference", ("referenceTo",)),
    "MultiselectPicklist": FieldKind("multipicklist", ("visibleLines",), 4099),
    "Number": FieldKind("double", ("precision", "scale")),
    "Percent": FieldKind("percent", ("precision", "scale")),
    "Phone": FieldKind("phone", length=40),
    "Picklist": FieldKind("picklist"),
    "Summary": FieldKind("double", ("summaryOperation", "summaryForeignKey")),
    "Text": FieldKind("string", ("length",)),
    "TextArea": FieldKind("textarea"),
    "Time": FieldKind("time"),
    "Url": FieldKind("url"),
}

ValueSets = Callable[[str], tuple[str, ...] | None]
"""A global value set's values by its name; None when there is none."""


def to_field(element: Element, value_sets: ValueSets) -> Field:
    """The field that a custom field's element describes; it must have no problems."""
    kind_name = element.value("type")
    kind = KINDS[kind_name]
    is_formula = bool(element.value("formula"))
    is_settable = not is_formula and kind_name not in _UNSETTABLE
    name = element.value("fullName")
    values, is_restricted = picklist_values(element, value_sets)
    is_master = kind_name == "MasterDetail"
    return Field(
        name=name,
        type=kind.describe_type,
        label=element.value("label") or name,
        length=_number(element, "length", kind.length),
        is_required=(element.flag("required") or is_master) and is_settable,
        is_createable=is_settable,
        is_updateable=is_settable and (not is_master or element.flag("reparentableMasterDetail")),
        is_filterable=not _is_long(kind_name),
        is_unique=element.flag("unique"),
        is_external_id=element.flag("externalId"),
        default=default_value(element, kind_name, values) if is_settable else None,
        reference_to=_targets(element, kind_name),
        relationship_name=name[:-1] + "r" if kind.describe_type == "reference" else "",
        child_relationship_name=_children_name(element),
        picklist=values,
        is_restricted_picklist=is_restricted,
        precision=_number(element, "precision", 18),
        scale=_number(element, "scale", 0),
        formula=element.value("formula"),
    )


def compound_parts(field: Field) -> list[Field]:
    """The fields by which an address or a location is written.

    Source: "Custom Address Fields" and "Geolocation" in Salesforce Help and the Object Reference.
    """
    if field.type not in ("address", "location"):
        return []
    scale = field.scale if field.type == "location" else 15
    made = [Field("Latitude", "double", precision=18, scale=scale),
            Field("Longitude", "double", precision=18, scale=scale)]  # fmt: skip
    if field.type == "address":
        made += [Field("Street", "textarea"), Field("City", length=40),
                 Field("PostalCode", length=20), Field("StateCode", "picklist", length=10),
                 Field("CountryCode", "picklist", length=10),
                 Field("GeocodeAccuracy", "picklist", length=40)]  # fmt: skip
    base = field.name.removesuffix("__c")
    return [
        replace(one, name=f"{base}__{one.name}__s", label=f"{field.label} ({one.name})")
        for one in made
    ]


def _is_long(kind_name: str) -> bool:
    return kind_name in ("LongTextArea", "Html", "EncryptedText")


def _number(element: Element, name: str, default: int) -> int:
    number = in_digits(element.value(name))
    return default if number is None else number


def _targets(element: Element, kind_name: str) -> tuple[str, ...]:
    if kind_name == "Hierarchy":
        return ("User",)
    return tuple(target.text for target in element.every("referenceTo"))


def _children_name(element: Element) -> str:
    name = element.value("relationshipName")
    return f"{name}__r" if name else ""


def picklist_values(element: Element, value_sets: ValueSets) -> tuple[tuple[str, ...], bool]:
    """The values of a picklist, and whether it is restricted to them."""
    value_set = element.find("valueSet")
    if value_set is None:
        old = element.find("picklist")  # metadata of API versions up to 37
        values = [] if old is None else list(old.every("picklistValues"))
        return tuple(one.value("fullName") for one in values), False
    shared = value_set.value("valueSetName")
    if shared:
        return value_sets(shared) or (), True
    definition = value_set.find("valueSetDefinition")
    own = [] if definition is None else list(definition.every("value"))
    active = [one for one in own if one.flag("isActive", default=True)]
    return tuple(one.value("fullName") for one in active), value_set.flag("restricted")


def default_value(element: Element, kind_name: str, values: tuple[str, ...]) -> object:
    """The value that a new record gets: plain literals; formulas are not evaluated."""
    text = element.value("defaultValue")
    if kind_name == "Checkbox":
        return text.lower() == "true"
    if kind_name == "Picklist":
        return _default_choice(element, values)
    if text.startswith(('"', "'")) and text.endswith(text[0]):
        return text[1:-1]
    if kind_name in ("Number", "Currency", "Percent"):
        return decimal(text)
    return None


def _default_choice(element: Element, values: tuple[str, ...]) -> str | None:
    value_set = element.find("valueSet")
    definition = None if value_set is None else value_set.find("valueSetDefinition")
    own = [] if definition is None else list(definition.every("value"))
    chosen = [one.value("fullName") for one in own if one.flag("default")]
    return chosen[0] if chosen and chosen[0] in values else None
