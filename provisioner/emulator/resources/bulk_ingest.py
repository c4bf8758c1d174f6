"""`/jobs/ingest`: Bulk API 2.0 jobs that load CSV.

Source: "Bulk API 2.0 Ingest" in the Bulk API 2.0 and Bulk API Developer Guide;
docs/reference/data.md#bulk-limits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.emulator.bulk.ingest import IngestJob
from provisioner.emulator.bulk.jobs import csv_format, invalid_state, not_found
from provisioner.emulator.dml import key_field
from provisioner.emulator.errors import ApiError, RecordError
from provisioner.emulator.json_body import parse_body
from provisioner.emulator.objects.values import format_datetime
from provisioner.emulator.routing import Call, Reply, route

_BASE = "/services/data/v<version>/jobs/ingest"
_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
_CSV = "text/csv;charset=UTF-8"
_MAXIMUM_BYTES = 112_500_000
"""Of the upload: 150 MB after the encoding in base64."""


@route(_BASE, "POST", name="bulk_ingest.create")
def create(call: Call) -> Reply:
    """A new job; as multipart with parts `job` and `content` it is uploaded and closed at once."""
    if call.form is None and call.files is None:
        return Reply(_description(_new_job(call, call.json())))
    parts: dict[str, Any] = {**(call.form or {}), **(call.files or {})}
    if "job" not in parts or "content" not in parts:
        raise ApiError(400, "INVALIDJOB", "InvalidJob : Parts job and content are required")
    body = parse_body(parts["job"])
    job = _new_job(call, body)
    content = parts["content"]
    job.text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    job.close()
    return Reply(_description(job))


@route(_BASE, "GET", name="bulk_ingest.list")
def list_jobs(call: Call) -> Reply:
    """All ingest jobs of the org."""
    jobs = [job for job in list(call.session_org().jobs.values()) if isinstance(job, IngestJob)]
    records = [job.description() | {"jobType": "V2Ingest"} for job in jobs]
    return Reply({"done": True, "nextRecordsUrl": None, "records": records})


@route(f"{_BASE}/<job>/batches", "PUT", name="bulk_ingest.upload")
def upload(call: Call) -> Reply:
    """Upload the data of a job, once."""
    job = _job(call)
    if job.state != "Open":
        raise invalid_state(f"Uploading data not allowed when the job is in state {job.state}")
    if job.text is not None:
        raise ApiError(
            400,
            "CLIENTINPUTERROR",
            f"ClientInputError : Found multiple contents for job: <{job.id}>, please 'Close' / "
            "'Abort' / 'Delete' the current Job then create a new Job and make sure you only do "
            "'PUT' once on a given Job.",
        )
    if len(call.body) > _MAXIMUM_BYTES:
        raise ApiError(413, "CLIENTINPUTERROR", "ClientInputError : Request entity too large")
    job.text = call.body.decode("utf-8", "replace")
    return Reply(None, 201)


@route(f"{_BASE}/<job>", "PATCH", name="bulk_ingest.state")
def change_state(call: Call) -> Reply:
    """`{"state": "UploadComplete"}` starts the job, `{"state": "Aborted"}` stops it."""
    job, body = _job(call), call.json()
    state = body.get("state") if isinstance(body, dict) else None
    if state == "Aborted":
        job.poll()
        job.abort()
    elif state == "UploadComplete":
        if job.state != "Open":
            raise invalid_state(f"Closing job not allowed when the job is in state {job.state}")
        job.close()
    else:
        raise ApiError(400, "INVALIDJOB", f"InvalidJob : State {state} cannot be set")
    return Reply(_changed(job))


@route(f"{_BASE}/<job>", "GET", name="bulk_ingest.status")
def status(call: Call) -> Reply:
    """The state of a job."""
    job = _job(call)
    job.poll()
    more: dict[str, Any] = {
        "numberRecordsProcessed": job.processed,
        "numberRecordsFailed": len(job.failed),
        "retries": 0,
        "totalProcessingTime": job.processed,
        "apiActiveProcessingTime": job.processed,
        "apexProcessingTime": 0,
    }
    if job.error_message and job.state == "Failed":
        more["errorMessage"] = job.error_message
    return Reply({**_of_type(_description(job)), **more})


@route(f"{_BASE}/<job>", "DELETE", name="bulk_ingest.delete")
def delete(call: Call) -> Reply:
    """Delete a job that has ended."""
    job = _job(call)
    if not job.is_over:
        raise invalid_state(f"Deleting not allowed when the job is in state {job.state}")
    del call.session_org().jobs[job.id]
    return Reply(None, 204)


@route(f"{_BASE}/<job>/successfulResults", name="bulk_ingest.successful")
def successful(call: Call) -> Reply:
    """The rows that were saved, with their ids."""
    return _results(call, IngestJob.successful_results)


@route(f"{_BASE}/<job>/failedResults", name="bulk_ingest.failed")
def failed(call: Call) -> Reply:
    """The rows that were refused, with their errors."""
    return _results(call, IngestJob.failed_results)


@route(f"{_BASE}/<job>/unprocessedrecords", name="bulk_ingest.unprocessed")
@route(f"{_BASE}/<job>/unprocessedRecords", name="bulk_ingest.unprocessed")
def unprocessed(call: Call) -> Reply:
    """The rows that were not processed."""
    return _results(call, IngestJob.unprocessed_records)


def _results(call: Call, text: Callable[[IngestJob], str]) -> Reply:
    job = _job(call)
    job.poll()
    if not job.is_over:
        raise invalid_state(f"Results are not available when the job is in state {job.state}")
    return Reply(text(job), 200, _CSV)


def _job(call: Call) -> IngestJob:
    job = call.session_org().jobs.get(call.params["job"])
    if not isinstance(job, IngestJob):
        raise not_found()
    return job


def _new_job(call: Call, body: Any) -> IngestJob:
    if not isinstance(body, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "The request body must be a JSON object")
    org, operation = call.session_org(), str(body.get("operation"))
    if operation not in _OPERATIONS:
        text = f"Value '{operation}' for operation is none of {', '.join(_OPERATIONS)}"
        raise ApiError(400, "JSON_PARSER_ERROR", text)
    if operation == "hardDelete":
        text = (
            "hardDelete operation requires special user profile permission, please contact your "
            "system administrator"
        )
        raise ApiError(400, "FEATURENOTENABLED", f"FeatureNotEnabled : {text}")
    object_name = object_of(call, str(body.get("object") or ""))
    job = IngestJob(
        id=call.world.ids.new("750"),
        org=org,
        user_id=call.user_id,
        operation=operation,
        object_name=object_name,
        version=call.version,
        created=format_datetime(call.world.now()),
        key_name=external_id_of(call, object_name, body) if operation == "upsert" else None,
        form=csv_format(body),
    )
    org.jobs[job.id] = job
    return job


def object_of(call: Call, name: str) -> str:
    """The name of an object in its own spelling. Raises ApiError: InvalidJob."""
    try:
        return call.session_org().store.object_type(name).name
    except ApiError as error:
        text = f"InvalidJob : Unable to find object: {name}"
        raise ApiError(400, "INVALIDJOB", text) from error


def external_id_of(call: Call, object_name: str, body: Mapping[str, Any]) -> str:
    """The external id by which an upsert finds records. Raises ApiError: InvalidJob."""
    name = body.get("externalIdFieldName")
    if not name:
        text = (
            f"InvalidJob : External ID was blank for {object_name}. An External ID must be "
            "specified for upsert."
        )
        raise ApiError(400, "INVALIDJOB", text)
    try:
        return key_field(call.session_org().store.types[object_name], str(name)).name
    except RecordError as error:
        raise ApiError(400, "INVALIDJOB", f"InvalidJob : {error.message}") from error


def _description(job: IngestJob) -> dict[str, Any]:
    """In the order of the recorded answers (amp-labs/connectors)."""
    found: dict[str, Any] = {}
    for name, value in job.description().items():
        found[name] = value
        if name == "state" and job.key_name:
            found["externalIdFieldName"] = job.key_name
        if name == "apiVersion" and job.state == "Open":
            found["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
    return found


def _of_type(description: dict[str, Any]) -> dict[str, Any]:
    """With `jobType` after the version."""
    items = [*description.items()]
    at = [name for name, _ in items].index("apiVersion") + 1
    return dict([*items[:at], ("jobType", "V2Ingest"), *items[at:]])


def _changed(job: IngestJob) -> dict[str, Any]:
    """The answer to a change of state leaves out the format, as recorded."""
    format_keys = ("lineEnding", "columnDelimiter")
    return {name: value for name, value in _description(job).items() if name not in format_keys}
