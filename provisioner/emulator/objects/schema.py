"""The schema of an org: object types, fields, relationships."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

NUMERIC = frozenset({"int", "double", "currency", "percent", "long"})


@dataclass(frozen=True)
class Field:
    """One field; `type` is the describe type (string, reference, datetime, picklist, …)."""

    name: str
    type: str = "string"
    label: str = ""
    length: int = 255
    is_required: bool = False
    is_createable: bool = True
    is_updateable: bool = True
    is_filterable: bool = True
    is_unique: bool = False
    is_external_id: bool = False
    default: Any = None
    reference_to: tuple[str, ...] = ()
    relationship_name: str = ""  # `Account` for AccountId, `Parent__r` for Parent__c
    child_relationship_name: str = ""  # `Contacts`: the name that subqueries on the parent use
    picklist: tuple[str, ...] = ()
    is_restricted_picklist: bool = False
    precision: int = 18
    scale: int = 0
    formula: str = ""


AcceptsField = Callable[[str], bool]
"""Whether an object has a field of this name, although its definition is unknown."""


@dataclass
class ObjectType:
    """One sObject type: standard ones from the catalogue, custom ones from deploys."""

    name: str
    key_prefix: str
    label: str = ""
    label_plural: str = ""
    fields: dict[str, Field] = field(default_factory=dict)  # by API name
    is_tooling: bool = False  # served by /tooling only
    is_custom: bool = False
    is_createable: bool = True
    is_updateable: bool = True
    is_deletable: bool = True
    is_setup: bool = False  # mixed DML: may not change together with ordinary objects
    accepts: AcceptsField | None = None  # custom fields that nobody has defined
    properties: Mapping[str, Any] = field(default_factory=dict)  # sharingModel, record types …

    @property
    def name_field(self) -> str | None:
        """The field that names a record to people."""
        names = ("Name", "DeveloperName", "CaseNumber", "Subject", "Title", "MasterLabel")
        return next((name for name in names if name in self.fields), None)

    def find_field(self, name: str) -> Field | None:
        """A field by API name, in any case, as Salesforce compares names."""
        wanted = name.lower()
        found = next((f for key, f in self.fields.items() if key.lower() == wanted), None)
        if found is None and self.accepts is not None and self.accepts(name):
            found = self.fields[name] = Field(name, label=name)
        return found

    def find_relationship(self, name: str) -> Field | None:
        """The reference field that a path like `Account.Name` begins with."""
        wanted = name.lower()
        return next(
            (f for f in self.fields.values() if f.relationship_name.lower() == wanted), None
        )
