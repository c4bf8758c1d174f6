"""Inserts and updates several batches of records by one request; each record has a result.

Source: docs/reference/http.md#several-requests-in-one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.api_errors import Call, refused
from provisioner.salesforce.error_kinds import classify
from provisioner.salesforce.fields import (
    LONGEST_AREA,
    Row,
    flag,
    integer,
    one_for_each,
    optional_text,
    row,
    rows,
    rows_in,
)

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

MOST_RECORDS = 200  # of one batch
MOST_BATCHES = 5  # of one composite request
_COLLECTION = "composite/sobjects"


@dataclass(frozen=True)
class Batch:
    """Records of one object, each with `attributes`; those of an update also with `id`."""

    method: Literal["POST", "PATCH"]  # insert or update
    records: Sequence[Mapping[str, Any]]

    @property
    def body(self) -> dict[str, Any]:
        """A refused record stops no other."""
        return {"allOrNone": False, "records": list(self.records)}


def write(org: OrgClient, batches: Sequence[Batch]) -> list[list[Row]]:
    """Insert or update the records, batch by batch. Returns the result of each record.

    Batches without records send nothing. Raises SalesforceError; after one of kind TRANSIENT some
    batches may have taken effect.
    """
    found: list[list[Row]] = [[] for _ in batches]
    filled = [index for index, batch in enumerate(batches) if batch.records]
    for start in range(0, len(filled), MOST_BATCHES):
        portion = filled[start : start + MOST_BATCHES]
        sent = [batches[index] for index in portion]
        for index, results in zip(portion, _send(org, sent), strict=True):
            found[index] = results
    return found


def refusal_of(result: Row) -> SalesforceError | None:
    """The error of one record; None for a record that was written."""
    try:
        if flag(result, "success"):
            return None
        error = (rows_in(result, "errors") or [{}])[0]
        code = optional_text(error, "statusCode")
        message = optional_text(error, "message", longest=LONGEST_AREA)
    except MalformedAnswerError as malformed:  # the retry reads whether it was written
        return SalesforceError(f"the answer is malformed ({malformed})", kind=ErrorKind.TRANSIENT)
    kind = classify(400, code, message)
    return SalesforceError(f"{code}: {message}", error_code=code, kind=kind)


def _send(org: OrgClient, batches: Sequence[Batch]) -> list[list[Row]]:
    if len(batches) == 1:
        (batch,) = batches
        return [org.send(batch.method, _COLLECTION, lambda a: _of_each(a, batch), json=batch.body)]
    requests = [
        {
            "method": batch.method,
            "url": f"/services/data/v{org.api_version}/{_COLLECTION}",
            "referenceId": f"batch{index}",
            "body": batch.body,
        }
        for index, batch in enumerate(batches)
    ]
    body = {"allOrNone": False, "compositeRequest": requests}
    return org.send("POST", "composite", lambda answer: _parts(org, answer, batches), json=body)


def _parts(org: OrgClient, answer: Any, batches: Sequence[Batch]) -> list[list[Row]]:
    """The results of each batch. Raises MalformedAnswerError, SalesforceError."""
    parts = rows_in(row(answer), "compositeResponse")
    one_for_each(parts, len(batches))
    found = []
    for part, batch in zip(parts, batches, strict=True):
        status, body = integer(part, "httpStatusCode"), part.get("body")
        if status >= 300:
            call = Call(org.name, batch.method, _COLLECTION)
            raise refused(call, status, json.dumps(body), "application/json")
        found.append(_of_each(body, batch))
    return found


def _of_each(body: Any, batch: Batch) -> list[Row]:
    found = rows(body)
    one_for_each(found, len(batch.records))
    return found
