"""Permission sets, groups of them and licences: find them by API name, assign them.

Source: docs/reference/permission-sets.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from provisioner.salesforce.batches import Batch, refusal_of, write
from provisioner.salesforce.fields import (
    Row,
    nullable_id,
    nullable_text,
    record_id,
    text,
)
from provisioner.salesforce.reads import Read, answered, records
from provisioner.salesforce.soql import one_of, select

if TYPE_CHECKING:
    from provisioner.errors import SalesforceError
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
    status_field: str = ""


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
    status_field="Status",
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
KINDS = (SETS, GROUPS, LICENSES)


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


class Assignment(NamedTuple):
    """What a user has: ids of both."""

    user: str
    what: str


class Match(NamedTuple):
    """What a name stands for."""

    id: str
    is_group: bool  # the permission set that stands for a group
    status: str = ""  # of a group: Updated, Outdated, Updating, Failed


def find(org: OrgClient, names: Collection[str], kind: Kind = SETS) -> dict[str, str]:
    """The ids of those of `names` that exist, by one query."""
    (found,) = answered(org, [matching(names, kind)])
    return {name: match.id for name, match in found.items()}


def matching(names: Collection[str], kind: Kind) -> Read[dict[str, Match]]:
    """Those of `names` that exist, by one query."""
    parsed = {text: Name.parse(text) if kind.has_namespace else Name("", text) for text in names}
    where = f"({' OR '.join(_filters(kind, parsed.values()))})"
    if kind.condition:
        where += f" AND {kind.condition}"
    fields = ("Id", _fields(kind), kind.group_field, kind.status_field)
    query = records(
        select(", ".join(filter(None, fields)), kind.sobject, where),
        lambda row: (_name_of(row, kind), _match_of(row, kind)),
    )
    return Read(query.path, lambda org, page: _best(parsed, query.read(org, page)))


def _best(wanted: Mapping[str, Name], rows: Sequence[tuple[Row, Match]]) -> dict[str, Match]:
    """The row that matches each name best."""
    found = {}
    for written, name in wanted.items():
        ranked = [(rank, match) for row, match in rows if (rank := name.rank(row)) is not None]
        if ranked:
            found[written] = min(ranked)[1]
    return found


def _match_of(row: Row, kind: Kind) -> Match:
    status = text(row, kind.status_field) if kind.status_field else ""
    is_group = bool(row.get(kind.group_field))
    return Match(record_id(row, "Id", prefix=kind.prefix), is_group, status)


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


def held(usernames: Collection[str], kind: Kind) -> Read[set[Assignment]]:
    """What of a kind is assigned to users, by one query; SETS and GROUPS share their objects."""
    fields = [one.id_field for one in KINDS if one.assignment == kind.assignment]
    soql = select(
        f"AssigneeId, {', '.join(fields)}",
        kind.assignment,
        one_of("Assignee.Username", usernames),
    )
    query = records(soql, lambda row: _held(row, fields))
    return Read(query.path, lambda org, page: set().union(*query.read(org, page)))


def _held(row: Row, fields: Sequence[str]) -> set[Assignment]:
    user = record_id(row, "AssigneeId")
    return {Assignment(user, one) for field in fields if (one := nullable_id(row, field))}


def assign(
    org: OrgClient, user_id: str, ids: Collection[str], kind: Kind = SETS
) -> dict[str, SalesforceError]:
    """Assign what may be assigned already. Returns the refused ids and why."""
    refused = assign_all(org, [(kind, Assignment(user_id, one)) for one in ids])
    return {one.what: error for one, error in refused.items()}


def assign_all(
    org: OrgClient, wanted: Sequence[tuple[Kind, Assignment]]
) -> dict[Assignment, SalesforceError]:
    """Assign all of it in this order. Returns what is refused and why.

    A batch has assignments of one object, because Salesforce accepts no records of several objects
    in one call when they belong to Setup.
    """
    batches = assignments(wanted)
    return refusals(batches, write(org, batches))


def assignments(wanted: Sequence[tuple[Kind, Assignment]]) -> list[Batch]:
    """What `assign_all` sends."""
    by_object: dict[str, list[dict[str, Any]]] = {}
    for kind, one in wanted:
        by_object.setdefault(kind.assignment, []).append(_assignment(one, kind))
    return [
        Batch("POST", some[start : start + BATCH])
        for some in by_object.values()
        for start in range(0, len(some), BATCH)
    ]


def refusals(
    batches: Sequence[Batch], results: Sequence[Sequence[Row]]
) -> dict[Assignment, SalesforceError]:
    """The assignments that Salesforce has refused, and why."""
    found = {}
    for batch, answer in zip(batches, results, strict=True):
        for record, result in zip(batch.records, answer, strict=True):
            error = refusal_of(result)
            if error and not _is_duplicate(error):
                what = next(record[one.id_field] for one in KINDS if one.id_field in record)
                found[Assignment(record["AssigneeId"], what)] = error
    return found


def _is_duplicate(error: SalesforceError) -> bool:
    """Whether the user has it already. Only the text of the error is documented, not its code."""
    text = "Duplicate PermissionSetAssignment"
    return error.error_code == "DUPLICATE_VALUE" or text in error.message


def _assignment(one: Assignment, kind: Kind) -> dict[str, Any]:
    return {
        "attributes": {"type": kind.assignment},
        "AssigneeId": one.user,
        kind.id_field: one.what,
    }


def _fields(kind: Kind) -> str:
    return f"{kind.name_field}, NamespacePrefix" if kind.has_namespace else kind.name_field


def _name_of(row: Row, kind: Kind) -> Row:
    namespace = nullable_text(row, "NamespacePrefix") if kind.has_namespace else ""
    return {"Name": text(row, kind.name_field), "NamespacePrefix": namespace}
