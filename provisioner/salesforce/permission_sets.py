"""Permission sets: find them by API name, assign them (docs/reference/permission-sets.md)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

_NOT_OF_PROFILE = "IsOwnedByProfile = false"  # every profile has its own permission set
BATCH = 200
NOT_UPDATED = 'that have the "updated" status'
"""Part of the error for a group that is not calculated yet, in lower case.

Source: docs/reference/permission-sets.md#groups.
"""


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


def _filters(names: Collection[Name]) -> Iterator[str]:
    """A filter for the names of each namespace, and one for those without."""
    for namespace in dict.fromkeys(name.namespace for name in names):
        same = one_of("Name", dict.fromkeys(n.name for n in names if n.namespace == namespace))
        yield f"({same} AND {one_of('NamespacePrefix', [namespace])})" if namespace else same


def find(org: OrgClient, names: Collection[str]) -> dict[str, str]:
    """The ids of those of `names` that exist, by one query."""
    parsed = {text: Name.parse(text) for text in names}
    where = f"({' OR '.join(_filters(parsed.values()))}) AND {_NOT_OF_PROFILE}"
    rows = org.query_as(select("Id, Name, NamespacePrefix", "PermissionSet", where), _named)
    found = {}
    for wanted, name in parsed.items():
        ranked = [(rank, row["Id"]) for row in rows if (rank := name.rank(row)) is not None]
        if ranked:
            found[wanted] = str(min(ranked)[1])
    return found


def group_states(org: OrgClient, names: Collection[str]) -> dict[str, str]:
    """Status of the permission set groups among `names`: Updated, Outdated, Updating, Failed."""
    plain = dict.fromkeys(Name.parse(name).name for name in names)
    soql = select("DeveloperName, Status", "PermissionSetGroup", one_of("DeveloperName", plain))
    rows = org.query_as(soql, lambda row: (text(row, "DeveloperName"), text(row, "Status")))
    return dict(rows)


def all_names(org: OrgClient) -> list[str]:
    """The API names of all permission sets, with their namespaces."""
    soql = select("Name, NamespacePrefix", "PermissionSet", _NOT_OF_PROFILE)
    rows = org.query_as(soql, _name_of)
    return [
        f"{row['NamespacePrefix']}__{row['Name']}" if row["NamespacePrefix"] else str(row["Name"])
        for row in rows
    ]


def assigned(org: OrgClient, user_id: str, ids: Collection[str]) -> set[str]:
    """Those of the permission sets `ids` that are assigned to the user."""
    where = f"{equals('AssigneeId', user_id)} AND {one_of('PermissionSetId', ids)}"
    soql = select("PermissionSetId", "PermissionSetAssignment", where)
    return set(org.query_as(soql, lambda row: record_id(row, "PermissionSetId")))


def assign(org: OrgClient, user_id: str, ids: Collection[str]) -> dict[str, SalesforceError]:
    """Assign permission sets that may be assigned already. Returns the refused ids and why."""
    wanted = list(ids)
    refused = {}
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        results = org.create_many([_assignment(user_id, set_id) for set_id in batch])
        for set_id, result in zip(batch, results, strict=False):
            error = _refusal(result)
            if error:
                refused[set_id] = error
    return refused


def _assignment(user_id: str, set_id: str) -> dict[str, Any]:
    return {
        "attributes": {"type": "PermissionSetAssignment"},
        "AssigneeId": user_id,
        "PermissionSetId": set_id,
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


def _named(row: Row) -> Row:
    """A permission set with its id."""
    return {**_name_of(row), "Id": record_id(row, "Id", prefix="0PS")}


def _name_of(row: Row) -> Row:
    return {
        "Name": text(row, "Name"),
        "NamespacePrefix": nullable_text(row, "NamespacePrefix"),
    }
