"""Inserting records by sObject Tree: all of a request or none of it (salesforce-facts §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.salesforce.classes import Kind, classify
from provisioner.salesforce.envelope import Call, unusable
from provisioner.salesforce.redaction import one_line, redact
from provisioner.salesforce.soql import equals, one_of, select

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

MOST_RECORDS = 200  # in a request, over all its trees
MOST_TYPES = 5
MOST_LEVELS = 5


@dataclass(frozen=True)
class RecordProblem:
    """Why one record was refused."""

    reference: str  # the record's referenceId
    code: str
    message: str
    fields: tuple[str, ...] = ()


class TreeRefusedError(Exception):
    """No record of the request was inserted; `problems` names those that are to blame."""

    def __init__(self, problems: Sequence[RecordProblem]) -> None:
        super().__init__(f"{len(problems)} records refused")
        self.problems = tuple(problems)

    @property
    def kind(self) -> Kind:
        """Transient only when every record was refused for a transient reason."""
        kinds = {classify(400, p.code, p.message) for p in self.problems}
        return Kind.TRANSIENT if kinds == {Kind.TRANSIENT} else Kind.CONTENT


def insert_tree(
    org: OrgClient, sobject: str, records: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Insert records with their children; the id of each by its referenceId.

    Raises TreeRefusedError, or SalesforceError when the request as a whole was refused. After
    one of class `transient` the records may be there.
    """
    path = f"composite/tree/{sobject}"
    answer = org.call("POST", path, json={"records": list(records)}, expected=(400,))
    try:
        if answer and isinstance(answer, list):  # errors that concern no single record
            answer = {"hasErrors": True, "results": [{"referenceId": "", "errors": answer}]}
        if answer["hasErrors"]:
            raise TreeRefusedError([p for result in answer["results"] for p in _problems(result)])
        return {str(result["referenceId"]): str(result["id"]) for result in answer["results"]}
    except (KeyError, TypeError, AttributeError):  # the records may be there
        call = Call(org.name, "POST", f"composite/tree/{sobject}")
        raise unusable(call, 200, "the answer is not as expected") from None


def _problems(result: Mapping[str, Any]) -> list[RecordProblem]:
    return [
        RecordProblem(
            str(result.get("referenceId") or ""),
            str(error.get("statusCode") or error.get("errorCode") or ""),
            one_line(redact(str(error.get("message") or ""))),
            tuple(map(str, error.get("fields") or ())),
        )
        for error in result.get("errors") or ()
    ]


def record_types(org: OrgClient, sobjects: Sequence[str]) -> dict[tuple[str, str], str]:
    """The ids of the record types of some objects, by (object, name)."""
    rows = org.query(select("Id, Name, SobjectType", "RecordType", one_of("SobjectType", sobjects)))
    return {(str(row["SobjectType"]), str(row["Name"])): str(row["Id"]) for row in rows}


def count_created_by(org: OrgClient, sobject: str, user_id: str) -> int:
    """How many records of an object a user has created."""
    return org.count(select("COUNT()", sobject, equals("CreatedById", user_id)))
