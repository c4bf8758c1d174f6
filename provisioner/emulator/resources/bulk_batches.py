"""`/services/async/{version}/job`: Bulk API 1.0 jobs and their batches, in XML and JSON.

Source: "Bulk API Reference" in the Bulk API 2.0 and Bulk API Developer Guide; the calls of jsforce
and simple-salesforce.
"""

from __future__ import annotations

from typing import Any

from provisioner.emulator.bulk import batch_formats as formats
from provisioner.emulator.bulk import pk_chunking
from provisioner.emulator.bulk.batch_routes import BulkError, bulk_route
from provisioner.emulator.bulk.batches import QUERIES, Batch, BulkJob, IngestBatch
from provisioner.emulator.bulk.csv_text import CsvFormat
from provisioner.emulator.bulk.query import QueryJob, check, failed_query
from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.metadata.xml_tree import XmlProblem, parse
from provisioner.emulator.objects.values import format_datetime
from provisioner.emulator.resources.bulk_ingest import external_id_of, object_of
from provisioner.emulator.resources.query import query_context
from provisioner.emulator.routing import Call, Reply

_BASE = "/services/async/<version>/job"
_OPERATIONS = ("insert", "update", "upsert", "delete", "query", "queryAll")
_CONTENT_TYPES = ("CSV", "JSON", "XML")
_MAXIMUM_BYTES = 10_000_000


@bulk_route(_BASE, "POST", name="bulk_batches.create")
def create(call: Call) -> Reply:
    """A new job."""
    body, org = _body(call), call.session_org()
    operation, content_type = body.get("operation", ""), body.get("contentType") or "CSV"
    if operation not in _OPERATIONS:
        raise NotEmulatedError(f"Bulk API 1.0 operation {operation}")
    if content_type not in _CONTENT_TYPES:
        raise NotEmulatedError(f"Bulk API 1.0 contentType {content_type}")
    name = object_of(call, str(body.get("object") or ""))
    job = BulkJob(
        id=call.world.ids.new("750"),
        org=org,
        user_id=call.user_id,
        operation=operation,
        object_name=name,
        version=call.version,
        content_type=content_type,
        created=_now(call),
        key_name=external_id_of(call, name, body) if operation == "upsert" else None,
        concurrency=body.get("concurrencyMode") or "Parallel",
        chunk_size=_chunk_size(call),
    )
    org.jobs[job.id] = job
    return formats.answer(call, "jobInfo", formats.job_info(call, job), 201)


@bulk_route(f"{_BASE}/<job>", "GET", name="bulk_batches.job")
def job_status(call: Call) -> Reply:
    """A job, with the counts of its batches."""
    job = _job(call)
    for batch in list(job.batches.values()):
        batch.poll()
    return formats.answer(call, "jobInfo", formats.job_info(call, job))


@bulk_route(f"{_BASE}/<job>", "POST", name="bulk_batches.state")
def change_state(call: Call) -> Reply:
    """`Closed`: no more batches; `Aborted`: batches that are queued are not processed."""
    job, state = _job(call), _body(call).get("state")
    if state not in ("Closed", "Aborted"):
        raise BulkError("InvalidJob", f"State {state} cannot be set")
    if job.state != "Open":
        raise BulkError("InvalidJobState", f"The job is in the state {job.state}")
    if state == "Aborted":
        job.abort()
    job.state, job.modified = state, _now(call)
    return formats.answer(call, "jobInfo", formats.job_info(call, job))


@bulk_route(f"{_BASE}/<job>/batch", "POST", name="bulk_batches.add")
def add_batch(call: Call) -> Reply:
    """Add a batch: records, or the text of a query."""
    job = _job(call)
    if job.state != "Open":
        raise BulkError("InvalidJobState", f"The job is in the state {job.state}")
    if len(call.body) > _MAXIMUM_BYTES:
        raise BulkError("ClientInputError", "The batch has more than 10 MB")
    batch_id = call.world.ids.new("751")
    batch: Batch
    if job.operation in QUERIES:
        batch = _query(call, job, batch_id)
    else:
        batch = job.add_ingest(batch_id, call.body, _now(call))
    return formats.answer(call, "batchInfo", formats.batch_info(call, job, batch), 201)


@bulk_route(f"{_BASE}/<job>/batch", "GET", name="bulk_batches.list")
def list_batches(call: Call) -> Reply:
    """All batches of a job."""
    job = _job(call)
    for one in list(job.batches.values()):
        one.poll()
    infos = [formats.batch_info(call, job, one) for one in list(job.batches.values())]
    return formats.answer(call, "batchInfoList", {"batchInfo": infos})


@bulk_route(f"{_BASE}/<job>/batch/<batch>", "GET", name="bulk_batches.batch")
def batch_status(call: Call) -> Reply:
    """A batch; this is a poll."""
    job, batch = _job(call), _batch(call)
    batch.poll()
    return formats.answer(call, "batchInfo", formats.batch_info(call, job, batch))


@bulk_route(f"{_BASE}/<job>/batch/<batch>/request", "GET", name="bulk_batches.request")
def batch_request(call: Call) -> Reply:
    """The content of a batch as it was sent."""
    batch = _batch(call)
    if isinstance(batch, QueryJob):
        assert batch.context is not None
        return Reply(batch.context.text, 200, "text/csv")
    return Reply(batch.content, 200, "text/csv")


@bulk_route(f"{_BASE}/<job>/batch/<batch>/result", "GET", name="bulk_batches.results")
def batch_results(call: Call) -> Reply:
    """The results of the records, or the ids of the results of a query."""
    batch = _completed(call)
    if isinstance(batch, IngestBatch):
        return formats.results(call, batch)
    ids = [_result_id(batch)]
    if formats.is_json(call):
        return Reply(ids)
    return formats.answer(call, "result-list", {"result": ids})


@bulk_route(f"{_BASE}/<job>/batch/<batch>/result/<result>", "GET", name="bulk_batches.rows")
def query_rows(call: Call) -> Reply:
    """The records of a query."""
    job, batch = _job(call), _completed(call)
    if not isinstance(batch, QueryJob) or call.params["result"] != _result_id(batch):
        raise BulkError("InvalidBatch", f"Result {call.params['result']} not found")
    return formats.rows(batch, job.content_type)


def _query(call: Call, job: BulkJob, batch_id: str) -> QueryJob:
    """A batch that runs a query; invalid SOQL lets it fail."""
    text = call.body.decode("utf-8", "replace").strip()
    context = query_context(call, text, include_deleted=job.operation == "queryAll")
    problem, header = None, list[str]()
    try:
        _, header = check(context)
    except ApiError as error:
        problem = failed_query(error)
    batch = QueryJob(
        id=batch_id,
        org=job.org,
        user_id=job.user_id,
        operation=job.operation,
        object_name=job.object_name,
        version=job.version,
        form=CsvFormat(),
        created=_now(call),
        context=context,
        header=header,
    )
    job.batches[batch_id] = batch
    if problem:
        batch.state, batch.error_message = "Failed", problem
    elif job.chunk_size is not None:
        job.batches |= {one.id: one for one in pk_chunking.chunks(batch, job.chunk_size)}
        batch.abort()
    else:
        batch.close()
    return batch


def _chunk_size(call: Call) -> int | None:
    try:
        return pk_chunking.chunk_size(call.headers.get(pk_chunking.HEADER, ""))
    except ValueError as error:
        raise BulkError("ClientInputError", f"Sforce-Enable-PKChunking: {error}") from error


def _completed(call: Call) -> Batch:
    batch = _batch(call)
    batch.poll()
    if batch.state != "JobComplete":
        raise BulkError("InvalidBatch", "Batch not completed")
    return batch


def _result_id(batch: QueryJob) -> str:
    return f"752{batch.id[3:15]}"


def _job(call: Call) -> BulkJob:
    job = call.session_org().jobs.get(call.params["job"])
    if not isinstance(job, BulkJob):
        raise BulkError("InvalidJob", f"Invalid job id: {call.params['job']}")
    return job


def _batch(call: Call) -> Batch:
    found = _job(call).batches.get(call.params["batch"])
    if found is None:
        raise BulkError("InvalidBatch", f"Invalid batch id: {call.params['batch']}")
    return found


def _body(call: Call) -> dict[str, Any]:
    """The fields of a jobInfo, by name."""
    if formats.is_json(call):
        body = call.json()
        return body if isinstance(body, dict) else {}
    try:
        return {child.name: child.text for child in parse(call.body).children}
    except XmlProblem as error:
        raise BulkError("InvalidXML", error.message) from error


def _now(call: Call) -> str:
    return format_datetime(call.world.now())
