"""Inserts records with sObject Tree: all of a request or none (docs/reference/data.md)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.errors import ErrorKind
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.error_kinds import classify
from provisioner.salesforce.fields import (
    LONGEST_AREA,
    Row,
    flag,
    optional_text,
    record_id,
    row,
    rows,
    rows_in,
    text,
)
from provisioner.salesforce.reads import Read, number
from provisioner.salesforce.redaction import one_line, redact
from provisioner.salesforce.soql import equals, one_of, select

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

MOST_RECORDS = 200  # in all trees of one request
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
    """No record of the request was inserted. `problems` lists the refused records."""

    def __init__(self, problems: Sequence[RecordProblem]) -> None:
        super().__init__(f"{len(problems)} records refused")
        self.problems = tuple(problems)

    @property
    def kind(self) -> ErrorKind:
        """TRANSIENT only when all refusals are transient; else CONTENT."""
        kinds = {classify(400, p.code, p.message) for p in self.problems}
        return ErrorKind.TRANSIENT if kinds == {ErrorKind.TRANSIENT} else ErrorKind.CONTENT


def insert_tree(
    org: OrgClient, sobject: str, records: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Insert records with their children. Returns the id of each by its referenceId.

    Raises TreeRefusedError, or SalesforceError when the request as a whole fails. After one of
    kind TRANSIENT the records may have been inserted.
    """
    wanted = set(_references(records))
    answer = org.send(
        "POST",
        f"composite/tree/{sobject}",
        lambda answer: _tree_answer(answer, wanted),
        json={"records": list(records)},
        expected=(400,),
    )
    if isinstance(answer, TreeRefusedError):
        raise answer
    return answer


def _references(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The reference ids of records and their children."""
    for record in records:
        yield str(record.get("attributes", {}).get("referenceId", ""))
        for value in record.values():
            if isinstance(value, Mapping) and isinstance(value.get("records"), list):
                yield from _references(value["records"])


def _tree_answer(answer: Any, wanted: Collection[str]) -> dict[str, str] | TreeRefusedError:
    """The id of each record, or the refusal. Raises MalformedAnswerError."""
    if answer and isinstance(answer, list):  # errors of the whole request
        return TreeRefusedError(list(_problems("", rows(answer))))
    results = rows_in(row(answer), "results")
    if flag(answer, "hasErrors"):
        problems = [
            problem
            for result in results
            for problem in _problems(optional_text(result, "referenceId"), _errors(result))
        ]
        return TreeRefusedError(problems)
    ids = {text(result, "referenceId"): record_id(result, "id") for result in results}
    if len(results) != len(wanted) or ids.keys() != wanted or len(set(ids.values())) != len(ids):
        raise MalformedAnswerError("it has other records than the request")
    return ids


def _errors(result: Row) -> list[Row]:
    return rows_in(result, "errors") if result.get("errors") is not None else []


def _problems(reference: str, errors: Iterable[Row]) -> Iterator[RecordProblem]:
    for error in errors:
        fields = error.get("fields")
        yield RecordProblem(
            reference,
            optional_text(error, "statusCode") or optional_text(error, "errorCode"),
            one_line(redact(optional_text(error, "message", longest=LONGEST_AREA))),
            tuple(map(str, fields)) if isinstance(fields, list) else (),
        )


def record_types(org: OrgClient, sobjects: Sequence[str]) -> dict[tuple[str, str], str]:
    """The ids of the record types of some objects, by (object, name) and (object, API name)."""
    fields = "Id, Name, DeveloperName, SobjectType"
    soql = select(fields, "RecordType", one_of("SobjectType", sobjects))
    found = org.query_as(soql, _record_type)
    by_api_name = {(sobject, name): type_id for type_id, sobject, _, name in found}
    return by_api_name | {(sobject, name): type_id for type_id, sobject, name, _ in found}


def _record_type(row: Row) -> tuple[str, str, str, str]:
    names = [text(row, key) for key in ("SobjectType", "Name", "DeveloperName")]
    return record_id(row, "Id", prefix="012"), names[0], names[1], names[2]


def created_by(user_id: str, sobject: str) -> Read[int]:
    """How many records of an object a user has created."""
    return number(select("COUNT()", sobject, equals("CreatedById", user_id)))
