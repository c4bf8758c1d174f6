"""Permission sets, groups of them and licences: find them by API name, assign them.

Source: docs/reference/permission-sets.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.error_kinds import classify
from provisioner.salesforce.fields import (
    LONGEST_AREA,
    Row,
    flag,
    nullable_text,
    optional_text,
    record_id,
    rows_in,
    text,
)
from provisioner.salesforce.soql import equals, one_of, select

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

BATCH = 200
NOT_UPDATED = 'that have the "updated" status'
"""Part of the error for a group that is not calculated yet, in lower case.

Source: docs/reference/permission-sets.md#groups.
"""


@dataclass(frozen=True)
class Kind:
    """What can be assigned to users: its object and the object of its assignments."""

    label: str
    sobject: str
    name_field: str
    prefix: str  # of its ids
    assignment: str
    id_field: str  # of the assignment
    has_namespace: bool = True
    condition: str = ""  # of its records
    group_field: str = ""  # set in what stands for a permission set group


SETS = Kind(
    "permission set",
    "PermissionSet",
    "Name",
    "0PS",
    "PermissionSetAssignment",
    "PermissionSetId",
    condition="IsOwnedByProfile = false",  # every profile has its own permission set
    group_field="PermissionSetGroupId",  # every group has its own as well
)
GROUPS = Kind(
    "permission set group",
    "PermissionSetGroup",
    "DeveloperName",
    "0PG",
    "PermissionSetAssignment",
    "PermissionSetGroupId",
)
LICENSES = Kind(
    "permission set licence",
    "PermissionSetLicense",
    "DeveloperName",
    "0PL",
    "PermissionSetLicenseAssign",
    "PermissionSetLicenseId",
    has_namespace=False,
)


@dataclass(frozen=True)
class Name:
    """The API name of a permission set, with the namespace in `ns__Name`."""

    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Name:
        """Parse a name. Without a namespace, it matches any."""
        namespace, separator, name = text.partition("__")
        return cls(namespace, name) if separator else cls("", text)

    def rank(self, row: Mapping[str, Any]) -> int | None:
        """How well a row matches: 0 best, None not at all. Salesforce ignores case here."""
        namespace = str(row["NamespacePrefix"] or "")
        if str(row["Name"]).lower() != self.name.lower():
            return None
        if self.namespace.lower() == namespace.lower():
            return 0
        return None if self.namespace else 1


def _filters(kind: Kind, names: Collection[Name]) -> Iterator[str]:
    """A filter for the names of each namespace, and one for those without."""
    for namespace in dict.fromkeys(name.namespace for name in names):
        plain = dict.fromkeys(n.name for n in names if n.namespace == namespace)
        same = one_of(kind.name_field, plain)
        yield f"({same} AND {one_of('NamespacePrefix', [namespace])})" if namespace else same


class Match(NamedTuple):
    """What a name stands for."""

    id: str
    is_group: bool  # the permission set that stands for a group


def find(org: OrgClient, names: Collection[str], kind: Kind = SETS) -> dict[str, str]:
    """The ids of those of `names` that exist, by one query."""
    return {name: match.id for name, match in matches(org, names, kind).items()}


def matches(org: OrgClient, names: Collection[str], kind: Kind) -> dict[str, Match]:
    """Those of `names` that exist, by one query."""
    parsed = {text: Name.parse(text) if kind.has_namespace else Name("", text) for text in names}
    where = f"({' OR '.join(_filters(kind, parsed.values()))})"
    if kind.condition:
        where += f" AND {kind.condition}"
    fields = ", ".join(filter(None, ("Id", _fields(kind), kind.group_field)))
    rows = org.query_as(
        select(fields, kind.sobject, where),
        lambda row: (_name_of(row, kind), _match_of(row, kind)),
    )
    found = {}
    for wanted, name in parsed.items():
        ranked = [(rank, match) for row, match in rows if (rank := name.rank(row)) is not None]
        if ranked:
            found[wanted] = min(ranked)[1]
    return found


def _match_of(row: Row, kind: Kind) -> Match:
    return Match(record_id(row, "Id", prefix=kind.prefix), bool(row.get(kind.group_field)))


def group_states(org: OrgClient, names: Collection[str]) -> dict[str, str]:
    """Status of the permission set groups among `names`: Updated, Outdated, Updating, Failed."""
    plain = dict.fromkeys(Name.parse(name).name for name in names)
    soql = select("DeveloperName, Status", "PermissionSetGroup", one_of("DeveloperName", plain))
    rows = org.query_as(soql, lambda row: (text(row, "DeveloperName"), text(row, "Status")))
    return dict(rows)


def all_names(org: OrgClient, kind: Kind = SETS) -> list[str]:
    """The API names of all of a kind, with their namespaces."""
    conditions = [kind.condition] if kind.condition else []
    soql = select(_fields(kind), kind.sobject, *conditions)
    rows = org.query_as(soql, lambda row: _name_of(row, kind))
    return [
        f"{row['NamespacePrefix']}__{row['Name']}" if row["NamespacePrefix"] else str(row["Name"])
        for row in rows
    ]


def assigned(org: OrgClient, user_id: str, ids: Collection[str], kind: Kind = SETS) -> set[str]:
    """Those of `ids` that are assigned to the user."""
    where = f"{equals('AssigneeId', user_id)} AND {one_of(kind.id_field, ids)}"
    soql = select(kind.id_field, kind.assignment, where)
    return set(org.query_as(soql, lambda row: record_id(row, kind.id_field)))


def assign(
    org: OrgClient, user_id: str, ids: Collection[str], kind: Kind = SETS
) -> dict[str, SalesforceError]:
    """Assign what may be assigned already. Returns the refused ids and why."""
    wanted = list(ids)
    refused = {}
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        results = org.create_many([_assignment(user_id, one, kind) for one in batch])
        for one, result in zip(batch, results, strict=False):
            error = _refusal(result)
            if error:
                refused[one] = error
    return refused


def _assignment(user_id: str, wanted: str, kind: Kind) -> dict[str, Any]:
    return {
        "attributes": {"type": kind.assignment},
        "AssigneeId": user_id,
        kind.id_field: wanted,
    }


def _refusal(result: Mapping[str, Any]) -> SalesforceError | None:
    """The error of one row, or None. For a duplicate only the text is documented, not the code."""
    try:
        if flag(result, "success"):
            return None
        error = (rows_in(result, "errors") or [{}])[0]
        code = optional_text(error, "statusCode")
        text = optional_text(error, "message", longest=LONGEST_AREA)
    except MalformedAnswerError as malformed:  # the retry reads whether it was assigned
        return SalesforceError(f"the answer is malformed ({malformed})", kind=ErrorKind.TRANSIENT)
    if code == "DUPLICATE_VALUE" or text.startswith("Duplicate PermissionSetAssignment"):
        return None
    return SalesforceError(f"{code}: {text}", error_code=code, kind=classify(400, code, text))


def _fields(kind: Kind) -> str:
    return f"{kind.name_field}, NamespacePrefix" if kind.has_namespace else kind.name_field


def _name_of(row: Row, kind: Kind) -> Row:
    namespace = nullable_text(row, "NamespacePrefix") if kind.has_namespace else ""
    return {"Name": text(row, kind.name_field), "NamespacePrefix": namespace}
