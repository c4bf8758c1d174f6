"""What the fields of an object are: names, types, lookups (REST guide, sObject Describe)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.errors import SalesforceError
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.fields import Row, flag, optional_text, row, rows_in, text
from provisioner.salesforce.reads import Read

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient


_HIDDEN = 404
_RIGHTS = (
    ("Read", "queryable"),
    ("Create", "createable"),
    ("Edit", "updateable"),
    ("Delete", "deletable"),
)


@dataclass(frozen=True)
class FieldInfo:
    """One field of an object."""

    name: str
    type: str  # string, textarea, datetime, reference …
    relationship: str  # `Account` of AccountId; "" where it is no lookup
    parents: tuple[str, ...]  # the objects that a lookup may refer to
    is_createable: bool
    is_updateable: bool
    is_custom: bool


@dataclass(frozen=True)
class ObjectAccess:
    """The rights of a user on an object, of Read, Create, Edit, Delete, and the fields."""

    rights: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()


def fields_of(sobject: str) -> Read[Mapping[str, FieldInfo]]:
    """The fields of an object, by name in lower case. An org without it answers 404."""
    return Read(f"sobjects/{sobject}/describe", lambda _, answer: _fields(answer))


def object_access(org: OrgClient, sobject: str) -> ObjectAccess:
    """What the user may do with an object, and which fields it sees; nothing where it is hidden.

    Raises SalesforceError.
    """
    try:
        return org.get(f"sobjects/{sobject}/describe", _access)
    except SalesforceError as error:
        if error.status != _HIDDEN:
            raise
        return ObjectAccess()


def _access(answer: Any) -> ObjectAccess:
    found = row(answer)
    rights = frozenset(right for right, name in _RIGHTS if flag(found, name))
    return ObjectAccess(rights, frozenset(text(each, "name") for each in rows_in(found, "fields")))


def _fields(answer: Any) -> Mapping[str, FieldInfo]:
    found = (_field(each) for each in rows_in(row(answer), "fields"))
    return {field.name.lower(): field for field in found}


def _field(source: Row) -> FieldInfo:
    parents = source.get("referenceTo") or []
    if not isinstance(parents, list) or not all(isinstance(each, str) for each in parents):
        raise MalformedAnswerError("referenceTo is not a list of objects")
    return FieldInfo(
        text(source, "name"),
        text(source, "type"),
        optional_text(source, "relationshipName"),
        tuple(parents),
        flag(source, "createable"),
        flag(source, "updateable"),
        source.get("custom") is True,
    )
