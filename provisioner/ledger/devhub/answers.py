"""Checks the Dev Hub's answers to the ledger's requests: queries and parts of composites.

Each function raises MalformedAnswerError for an answer that the API does not allow. The caller
repeats the request; a record that stays malformed is examined as a broken row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.fields import (
    LARGEST,
    LONGEST_AREA,
    Row,
    integer,
    nullable_id,
    row,
    rows_in,
    text,
)
from provisioner.salesforce.query_pages import all_records

Record = dict[str, Any]
_SELECT = re.compile(r"SELECT (.+?) FROM ")


def records_found(ask: Callable[[str], Any], path: str, soql: str) -> list[Record]:
    """All records of a query, each with what was selected. `ask` gives the JSON at a path."""
    return [_checked(record, _columns(soql)) for record in all_records(ask, path)]


def composite_parts(answer: Any, sent: Sequence[Mapping[str, Any]]) -> list[Record]:
    """The parts of the answer to a composite request: one for each that was sent, in order."""
    parts = rows_in(row(answer), "compositeResponse")
    if len(parts) != len(sent):
        raise MalformedAnswerError(f"{len(parts)} parts for {len(sent)} requests")
    return [_part(part, request) for part, request in zip(parts, sent, strict=True)]


def _part(part: Row, request: Mapping[str, Any]) -> Record:
    status = integer(part, "httpStatusCode", least=100, most=599)
    if text(part, "referenceId") != request["referenceId"] or "body" not in part:
        raise MalformedAnswerError("a part of another request, or without a body")
    body = part["body"]
    if isinstance(body, list):
        for each in map(row, body):
            if each.get("errors") is not None:
                rows_in(each, "errors")
    if status == 200 and (soql := parse_qs(urlsplit(request["url"]).query).get("q")):
        for record in rows_in(row(body), "records"):
            _checked(record, _columns(soql[0]))
    return {**part, "httpStatusCode": status}


def _columns(soql: str) -> list[str]:
    """The fields that a query selects; of another object's field, the way to that object."""
    found = _SELECT.match(soql)
    return [name.strip().partition(".")[0] for name in found[1].split(",")] if found else []


def _checked(record: Row, columns: Sequence[str]) -> Record:
    """A record that has all columns, with values of a kind that fields have."""
    for name in columns:
        if name not in record:
            raise MalformedAnswerError(f"{name} is missing")
        value = record[name]
        is_text = isinstance(value, str) and len(value) <= LONGEST_AREA
        is_number = isinstance(value, int | float) and abs(value) <= LARGEST
        is_other = isinstance(value, Mapping) and not name.endswith("__c")
        if not (value is None or is_text or is_number or is_other):
            raise MalformedAnswerError(f"{name} has a value of an unexpected type or size")
    if "Id" in columns and not nullable_id(record, "Id"):
        raise MalformedAnswerError("Id is empty")
    return dict(record)
