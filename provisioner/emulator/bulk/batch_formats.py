"""Bulk API 1.0 in XML and JSON: jobs, batches, results, errors.

Source: "Bulk API Reference" in the Bulk API 2.0 and Bulk API Developer Guide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from provisioner.emulator.bulk.batches import STATES, Batch, BulkJob, IngestBatch
from provisioner.emulator.bulk.csv_text import CsvFormat, write
from provisioner.emulator.bulk.ingest import error_text
from provisioner.emulator.bulk.query import QueryJob
from provisioner.emulator.errors import RecordError
from provisioner.emulator.routing import Call, Reply
from provisioner.emulator.xml_values import content, without_nulls

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_NO_RECORDS = "Records not found for this query"
_TIMES = ("totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime")


def is_json(call: Call) -> bool:
    """Whether the client speaks JSON: what it sends, or accepts if it sends nothing."""
    sent = call.headers.get("content-type", "")
    return "json" in (sent or call.headers.get("accept", ""))


def answer(call: Call, root: str, body: Any, status: int = 200) -> Reply:
    """A body in the format of the client; in XML `root` is the name of its element."""
    if is_json(call):
        return Reply(body, status)
    inner = content(without_nulls(body))
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    text = f'{head}<{root} xmlns="{NAMESPACE}">{inner}</{root}>'
    return Reply(text, status, "application/xml")


def refusal(call: Call, status: int, code: str, message: str) -> Reply:
    """An error: `exceptionCode` and `exceptionMessage`."""
    return answer(call, "error", {"exceptionCode": code, "exceptionMessage": message}, status)


def job_info(call: Call, job: BulkJob) -> dict[str, Any]:
    """The description of a job."""
    batches = list(job.batches.values())
    states = Counter(STATES[one.state] for one in batches)
    return {
        "id": job.id,
        "operation": job.operation,
        "object": job.object_name,
        "createdById": job.user_id,
        "createdDate": _moment(call, job.created),
        "systemModstamp": _moment(call, job.modified or job.created),
        "state": job.state,
        "externalIdFieldName": job.key_name,
        "concurrencyMode": job.concurrency,
        "contentType": job.content_type,
        "numberBatchesQueued": states["Queued"],
        "numberBatchesInProgress": states["InProgress"],
        "numberBatchesCompleted": states["Completed"],
        "numberBatchesFailed": states["Failed"],
        "numberBatchesTotal": len(job.batches),
        "numberRecordsProcessed": sum(one.processed for one in batches),
        "numberRetries": 0,
        "apiVersion": float(job.version),
        "numberRecordsFailed": sum(_refused(one) for one in batches),
        **dict.fromkeys(_TIMES, 0),
    }


def batch_info(call: Call, job: BulkJob, batch: Batch) -> dict[str, Any]:
    """The description of a batch."""
    return {
        "id": batch.id,
        "jobId": job.id,
        "state": STATES[batch.state],
        "stateMessage": batch.error_message if batch.state == "Failed" else None,
        "createdDate": _moment(call, batch.created),
        "systemModstamp": _moment(call, batch.modified or batch.created),
        "numberRecordsProcessed": batch.processed,
        "numberRecordsFailed": _refused(batch),
        **dict.fromkeys(_TIMES, 0),
    }


def results(call: Call, batch: IngestBatch) -> Reply:
    """What became of each record: CSV for a batch of CSV, else the format of the job."""
    if batch.content_type == "CSV":
        lines = [
            [key, str(error is None).lower(), str(new).lower(), error_text(error) if error else ""]
            for key, new, error in batch.outcomes
        ]
        text = write([["Id", "Success", "Created", "Error"], *lines], CsvFormat())
        return Reply(text, 200, "text/csv")
    entries = [_result(*one) for one in batch.outcomes]
    if batch.content_type == "JSON":
        return Reply(entries)
    return answer(call, "results", {"result": entries})


def rows(batch: QueryJob, content_type: str) -> Reply:
    """The records of a query in the format of the job.

    The text for no records is the one by which CumulusCI and other clients know it.
    """
    if content_type == "JSON":
        return Reply(batch.records)
    if content_type == "CSV":
        text = batch.page(0, len(batch.lines)) if batch.lines else _NO_RECORDS
        return Reply(text, 200, "text/csv")
    records = "".join(f'<records xsi:type="sObject">{_record(one)}</records>'
                      for one in batch.records)  # fmt: skip
    return Reply(
        f'<?xml version="1.0" encoding="UTF-8"?><queryResult xmlns="{NAMESPACE}" '
        f'xmlns:xsi="{_INSTANCE}">{records}</queryResult>',
        200,
        "application/xml",
    )


def _record(record: Mapping[str, Any]) -> str:
    """The fields of a record as elements, after its type; the records of parents inside."""
    parts = [f"<type>{record['attributes']['type']}</type>"]
    for name, value in record.items():
        if name == "attributes":
            continue
        if value is None:
            parts.append(f'<{name} xsi:nil="true"/>')
        elif isinstance(value, Mapping) and "attributes" in value:
            parts.append(f'<{name} xsi:type="sObject">{_record(value)}</{name}>')
        else:
            parts.append(f"<{name}>{content(without_nulls(value))}</{name}>")
    return "".join(parts)


def _result(record_id: str, created: bool, error: RecordError | None) -> dict[str, Any]:
    errors = []
    if error is not None:
        errors = [
            {
                "fields": error.fields,
                "message": error.message,
                "statusCode": error.code,
                "extendedErrorDetails": None,
            }
        ]
    return {
        "success": error is None,
        "created": created,
        "id": record_id or None,
        "errors": errors,
    }


def _refused(batch: Batch) -> int:
    return batch.refused if isinstance(batch, IngestBatch) else 0


def _moment(call: Call, text: str) -> str:
    return text if is_json(call) else text.replace("+0000", "Z")
