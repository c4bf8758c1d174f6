"""Keywords in the query of an SFDMU object: `all`, `readonly_false`, `type_date`.

They stand for the fields of the object in the org that have these properties; of several keywords,
all must hold. Fields that the file or the org does not have are left out. Source:
docs/reference/data.md#sfdmu.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from provisioner.salesforce.describe import FieldInfo
from provisioner.steps.sfdmu_script import SfdmuObject

_KEYWORD = re.compile(
    r"all|(?:readonly|custom|standard|updateable|createable|lookup|person)_(?:true|false)"
    r"|type_[a-z]+",
    re.IGNORECASE,
)
_NOT_FOLLOWED = frozenset({"RecordType", "User", "Group", "DandBCompany"})
_LEFT_OUT = frozenset({("", "MasterRecordId"), ("Product2", "ExternalDataSourceId"),
                       ("Opportunity", "ContactId")})  # fmt: skip
"""Lookups that SFDMU loads only if the query names them: those to these objects, and these."""


def is_keyword(name: str) -> bool:
    """Whether a name in a query is a keyword."""
    return _KEYWORD.fullmatch(name) is not None


def selected(target: SfdmuObject, fields: Mapping[str, FieldInfo]) -> SfdmuObject:
    """The object with the fields that its keywords stand for in an org, and those it names."""
    if not target.keywords:
        return target
    kept = tuple(
        name for name in target.fields
        if name.lower() not in target.selected or _fits(target, fields.get(name.lower()))
    )  # fmt: skip
    return replace(target, fields=kept)


def _fits(target: SfdmuObject, field: FieldInfo | None) -> bool:
    if field is None or _is_restricted(target.name, field):
        return False
    return "all" in target.keywords or all(_has(field, each) for each in target.keywords)


def _is_restricted(sobject: str, field: FieldInfo) -> bool:
    if not field.parents:
        return False
    named = (("", field.name), (sobject, field.name))
    return field.parents[0] in _NOT_FOLLOWED or not _LEFT_OUT.isdisjoint(named)


def _has(field: FieldInfo, keyword: str) -> bool:
    name, _, value = keyword.partition("_")
    if name == "type":
        return field.type.lower() == value
    is_person = field.name.endswith("__pc") or (
        field.name.startswith("Person") and not field.is_custom
    )
    properties = {
        "readonly": not field.is_createable,
        "custom": field.is_custom,
        "standard": not field.is_custom,
        "updateable": field.is_updateable,
        "createable": field.is_createable,
        "lookup": bool(field.parents),
        "person": is_person,
    }
    return properties[name] == (value == "true")
