"""Bulk API 2.0 ingest jobs: create, upload, close, read, and the rows of their results.

A job is created empty, gets its data by one request, and does nothing until it is closed: its id
is known before any row is sent, and a job is carried out at most once. Source:
docs/reference/data.md#ingest-jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.fields import LONGEST_AREA, Row, optional_text, record_id, row, text
from provisioner.salesforce.redaction import one_line, redact
from provisioner.salesforce.streamed import Sink, StreamedBody

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

MOST_BYTES = 100_000_000
"""Of the CSV of one job; encoded in base64 it may have 150 MB."""

DELIMITERS: Mapping[str, str] = {
    ",": "COMMA",
    ";": "SEMICOLON",
    "\t": "TAB",
    "|": "PIPE",
    "^": "CARET",
    "`": "BACKQUOTE",
}
LINE_ENDINGS: Mapping[bytes, str] = {b"\n": "LF", b"\r\n": "CRLF"}

_JOBS = "jobs/ingest"
_STATES = frozenset({"Open", "UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"})
_OVER = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass(frozen=True)
class JobSettings:
    """What a new job does with its rows, and the format of its CSV."""

    sobject: str
    operation: str
    external_id: str = ""  # of an upsert
    delimiter: str = ","
    line_ending: bytes = b"\n"


@dataclass(frozen=True)
class JobStatus:
    """A job as the org describes it. The numbers are final when the job is over."""

    id: str
    state: str
    processed: int
    failed: int
    error: str = ""  # of a job that failed as a whole

    @property
    def is_over(self) -> bool:
        """Whether its state is final."""
        return self.state in _OVER


def create_job(org: OrgClient, settings: JobSettings) -> str:
    """Create a job without data. Returns its id."""
    body: dict[str, Any] = {
        "object": settings.sobject,
        "operation": settings.operation,
        "contentType": "CSV",
        "lineEnding": LINE_ENDINGS[settings.line_ending],
        "columnDelimiter": DELIMITERS[settings.delimiter],
    }
    if settings.external_id:
        body["externalIdFieldName"] = settings.external_id
    return org.send("POST", _JOBS, lambda a: record_id(row(a), "id", prefix="750"), json=body)


def upload(org: OrgClient, job: str, body: StreamedBody) -> None:
    """Send the data of a job. A job takes data once, therefore this is not repeated."""
    headers = {"Content-Type": "text/csv; charset=UTF-8"}
    org.call("PUT", f"{_JOBS}/{job}/batches", data=body, headers=headers, is_repeatable=False)


def close_job(org: OrgClient, job: str) -> None:
    """The data is complete: the org begins to load it. Once only; see `job_status`."""
    org.call("PATCH", f"{_JOBS}/{job}", json={"state": "UploadComplete"})


def abandon_job(org: OrgClient, job: str) -> None:
    """Abort a job that was not closed. None of its rows is loaded, whatever the answer is."""
    try:
        org.call("PATCH", f"{_JOBS}/{job}", json={"state": "Aborted"})
    except SalesforceError as error:
        if error.kind in (ErrorKind.TRANSIENT, ErrorKind.GONE, ErrorKind.LIMIT):
            raise


def job_status(org: OrgClient, job: str) -> JobStatus:
    """The state of a job."""
    return org.get(f"{_JOBS}/{job}", _status)


def failed_rows(org: OrgClient, job: str, sink: Sink) -> None:
    """Write the refused rows as CSV: `sf__Id`, `sf__Error`, and the row as it was sent."""
    _results(org, job, "failedResults", sink)


def unprocessed_rows(org: OrgClient, job: str, sink: Sink) -> None:
    """Write the rows that the org has not tried, as they were sent."""
    _results(org, job, "unprocessedrecords", sink)


def _results(org: OrgClient, job: str, name: str, sink: Sink) -> None:
    org.call("GET", f"{_JOBS}/{job}/{name}", headers={"Accept": "text/csv"}, sink=sink)


def _status(answer: Any) -> JobStatus:
    source = row(answer)
    state = text(source, "state")
    if state not in _STATES:
        raise MalformedAnswerError("state is unknown")
    return JobStatus(
        record_id(source, "id", prefix="750"),
        state,
        _count(source, "numberRecordsProcessed"),
        _count(source, "numberRecordsFailed"),
        one_line(redact(optional_text(source, "errorMessage", longest=LONGEST_AREA))),
    )


def _count(source: Row, key: str) -> int:
    """A number of rows; 0 where a job has none yet."""
    value = source.get(key)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise MalformedAnswerError(f"{key} is not a number of rows")
    return value
