"""The objects that SOSL searches, and the fields that it reads.

Source: the describes from which `scripts/update-objects` writes `searchable.txt`; "IN SearchGroup"
in the SOQL and SOSL Reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from provisioner.emulator.objects.schema import Field, ObjectType

_TEXT = frozenset({"string", "textarea", "email", "phone", "url", "combobox"})
_NAME_FIELDS = frozenset({"Name", "FirstName", "LastName", "MiddleName"})
_MORE_NAME_FIELDS = {
    "Account": {"Website", "Site", "NameLocal"},
    "Asset": {"SerialNumber"},
    "Case": {"SuppliedName", "SuppliedCompany", "Subject", "CaseNumber"},
    "Contact": {"AssistantName", "FirstNameLocal", "LastNameLocal"},
    "Event": {"Subject"},
    "Lead": {"Company", "CompanyLocal", "FirstNameLocal", "LastNameLocal"},
    "Note": {"Title"},
    "PermissionSet": {"Label"},
    "Task": {"Subject"},
    "User": {"CommunityNickname"},
}
_WHOLE = frozenset(
    {"Document", "FeedComment", "FeedItem", "ContentVersion", "Product2", "Solution"}
)
"""Of these all fields are searched, whatever the statement says."""


def is_searchable(object_type: ObjectType) -> bool:
    """Whether SOSL finds records of this type; of custom objects all, except settings."""
    if object_type.is_custom:
        is_settings = bool(object_type.properties.get("customSettingsType"))
        return object_type.name.endswith("__c") and not is_settings
    return object_type.name in _names()


def searched_fields(object_type: ObjectType, group: str) -> Iterator[Field]:
    """The fields of ALL, NAME, EMAIL or PHONE FIELDS."""
    for field in object_type.fields.values():
        if field.type in _TEXT and _is_in(object_type, field, group):
            yield field


def _is_in(object_type: ObjectType, field: Field, group: str) -> bool:
    if group == "ALL" or object_type.name in _WHOLE:
        return True
    if group == "NAME":
        more = _MORE_NAME_FIELDS.get(object_type.name, set())
        return field.name in _NAME_FIELDS or field.name in more
    return field.type == group.lower()


@cache
def _names() -> frozenset[str]:
    text = (files(__package__) / "searchable.txt").read_text(encoding="utf-8")
    listed = [line for line in text.splitlines() if not line.startswith("#")]
    return frozenset({*listed, "Event"})  # "Event" is in a recorded describe (CumulusCI)
