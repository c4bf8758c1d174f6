"""One field as describe shows it."""

from __future__ import annotations

import re
from typing import Any

from provisioner.emulator.dml import is_key
from provisioner.emulator.objects.schema import NUMERIC, Field, ObjectType
from provisioner.emulator.soql.filters import is_filterable
from provisioner.emulator.soql.grouping import is_groupable
from provisioner.emulator.soql.ordering import is_sortable

_SOAP_TYPES = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int",
    "long": "xsd:long", "double": "xsd:double", "currency": "xsd:double", "percent": "xsd:double",
    "date": "xsd:date", "datetime": "xsd:dateTime", "time": "xsd:time",
    "base64": "xsd:base64Binary", "address": "urn:address", "location": "urn:location",
    "anyType": "xsd:anyType", "complexvalue": "urn:complexvalue",
}  # fmt: skip
_WITHOUT_LENGTH = NUMERIC | {"boolean", "date", "datetime", "time", "address", "location"}
_ALWAYS_FILLED = frozenset(
    ("Id", "IsDeleted", "OwnerId", "CreatedDate", "CreatedById", "LastModifiedDate",
     "LastModifiedById", "SystemModstamp")
)  # fmt: skip
_NEVER_PERMISSIONABLE = _ALWAYS_FILLED | {
    "Name", "MasterRecordId", "PhotoUrl", "LastActivityDate", "LastViewedDate",
    "LastReferencedDate", "JigsawCompanyId", "JigsawContactId",
}  # fmt: skip
_OF_ADDRESSES = re.compile(
    r"(.*?)(?:Street|City|State|PostalCode|Country|StateCode|CountryCode|Latitude|Longitude"
    r"|GeocodeAccuracy)"
)
_OF_NAMES = frozenset({"Salutation", "FirstName", "MiddleName", "LastName", "Suffix"})
_PEOPLE = frozenset({"Contact", "Lead", "User"})
_ACCOUNT = ("Account", "Name")


def describe_field(object_type: ObjectType, field: Field) -> dict[str, Any]:
    """The description of a field."""
    is_number = field.type in NUMERIC
    length = 18 if field.type in ("id", "reference") else field.length
    if field.type in _WITHOUT_LENGTH:
        length = 0
    is_custom = field.name.endswith("__c")
    is_calculated = bool(field.formula)
    is_custom_id = field.name == "Id" and object_type.is_custom
    return {
        "aggregatable": is_filterable(field) and field.type != "boolean",
        "aiPredictionField": False,
        "autoNumber": field.name in object_type.properties.get("autonumber", {}),
        "byteLength": length * 3 if field.type not in ("id", "reference") else length,
        "calculated": is_calculated,
        "calculatedFormula": field.formula or None,
        "cascadeDelete": field.name in object_type.properties.get("master_fields", ()),
        "caseSensitive": False,
        "compoundFieldName": _compound(object_type, field.name),
        "controllerName": None,
        "createable": field.is_createable and not is_calculated,
        "custom": is_custom,
        "defaultValue": False if field.type == "boolean" and not field.default else field.default,
        "defaultValueFormula": None,
        "defaultedOnCreate": is_defaulted(field),
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": {"int": 8, "long": field.precision}.get(field.type, 0),
        "displayLocationInDecimal": False,
        "encrypted": field.type == "encryptedstring",
        "externalId": field.is_external_id,
        "extraTypeInfo": _extra_type(object_type, field),
        "filterable": is_filterable(field) or field.type == "address",
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": is_groupable(field),
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": is_key(object_type, field),
        "inlineHelpText": None,
        "label": "Record ID" if is_custom_id else field.label or field.name,
        "length": length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name == object_type.name_field,
        "namePointing": len(field.reference_to) > 1,
        "nillable": not field.is_required
        and field.name not in _ALWAYS_FILLED
        and field.type != "boolean"
        and field.name not in ("Name", "CaseNumber"),
        "permissionable": field.name not in _NEVER_PERMISSIONABLE and not field.is_required,
        "picklistValues": [_picklist_value(field, value) for value in field.picklist],
        "polymorphicForeignKey": len(field.reference_to) > 1,
        "precision": field.precision if is_number and field.type not in ("int", "long") else 0,
        "queryByDistance": field.type in ("address", "location"),
        "referenceTargetField": None,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship_name or None,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.is_restricted_picklist
        or field.name.endswith(("GeocodeAccuracy", "CleanStatus")),
        "scale": field.scale,
        "searchPrefilterable": bool(set(field.reference_to) - {"User", "Group"})
        and field.name != "MasterRecordId",
        "soapType": soap_type(field),
        "sortable": is_sortable(field),
        "type": field.type,
        "unique": field.is_unique,
        "updateable": field.is_updateable and not is_calculated,
        "writeRequiresMasterRead": False,
    }


def _compound(object_type: ObjectType, name: str) -> str | None:
    """The compound field that a field is a part of, as recorded describes show it."""
    if (object_type.name in _PEOPLE and name in _OF_NAMES) or (object_type.name, name) == _ACCOUNT:
        return "Name"
    part = _OF_ADDRESSES.fullmatch(name)
    whole = f"{part[1]}Address" if part else ""
    return whole if whole in object_type.fields else None


def _extra_type(object_type: ObjectType, field: Field) -> str | None:
    if field.name in {"Name", *_OF_NAMES} and object_type.name in _PEOPLE:
        return "personname"
    if (object_type.name, field.name) == _ACCOUNT:
        return "switchablepersonname"
    if field.name == "PhotoUrl":
        return "imageurl"
    return "plaintextarea" if field.type == "textarea" else None


def soap_type(field: Field) -> str:
    """The type of the field in SOAP: `xsd:date`, `tns:ID`."""
    return _SOAP_TYPES.get(field.type, "xsd:string")


def is_defaulted(field: Field) -> bool:
    """Whether the platform sets the field when the client does not."""
    return field.type == "boolean" or field.default is not None or field.name in _ALWAYS_FILLED


def _picklist_value(field: Field, value: str) -> dict[str, Any]:
    return {
        "active": True,
        "defaultValue": value == field.default,
        "label": value,
        "validFor": None,
        "value": value,
    }
