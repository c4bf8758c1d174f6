"""`/jobs/query`: Bulk API 2.0 jobs that read records as CSV.

Source: "Bulk API 2.0 Query" in the Bulk API 2.0 and Bulk API Developer Guide.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from provisioner.emulator.bulk.jobs import csv_format, invalid_state, not_found
from provisioner.emulator.bulk.query import QueryJob, check
from provisioner.emulator.errors import ApiError
from provisioner.emulator.objects.values import format_datetime
from provisioner.emulator.resources.query import query_context
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.typed import in_digits

_BASE = "/services/data/v<version>/jobs/query"
_PAGE = 50_000  # default number of records per page


@route(_BASE, "POST", name="bulk_query.create")
def create(call: Call) -> Reply:
    """A new job, which starts at once."""
    body = call.json()
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise ApiError(400, "INVALIDJOB", "InvalidJob : A query is required")
    operation = body.get("operation")
    if operation not in ("query", "queryAll"):
        text = f"Value '{operation}' for operation is none of query, queryAll"
        raise ApiError(400, "JSON_PARSER_ERROR", text)
    context = query_context(call, body["query"], include_deleted=operation == "queryAll")
    object_name, header = check(context)
    job = QueryJob(
        id=call.world.ids.new("750"),
        org=call.session_org(),
        user_id=call.user_id,
        operation=operation,
        object_name=object_name,
        version=call.version,
        created=format_datetime(call.world.now()),
        context=context,
        header=header,
        form=csv_format(body),
    )
    call.session_org().jobs[job.id] = job
    job.close()
    return Reply(job.description())


@route(_BASE, "GET", name="bulk_query.list")
def list_jobs(call: Call) -> Reply:
    """All query jobs of the org."""
    jobs = [job for job in list(call.session_org().jobs.values()) if isinstance(job, QueryJob)]
    records = [job.description() | {"jobType": "V2Query"} for job in jobs]
    return Reply({"done": True, "nextRecordsUrl": None, "records": records})


@route(f"{_BASE}/<job>", "GET", name="bulk_query.status")
def status(call: Call) -> Reply:
    """The state of a job."""
    job = _job(call)
    job.poll()
    more: dict[str, Any] = {
        "jobType": "V2Query",
        "numberRecordsProcessed": job.processed,
        "retries": 0,
        "totalProcessingTime": job.processed,
        "isPkChunkingSupported": True,
    }
    return Reply(job.description() | more)


@route(f"{_BASE}/<job>", "PATCH", name="bulk_query.state")
def change_state(call: Call) -> Reply:
    """`{"state": "Aborted"}` stops a job."""
    job, body = _job(call), call.json()
    if not isinstance(body, dict) or body.get("state") != "Aborted":
        raise ApiError(400, "INVALIDJOB", "InvalidJob : Only the state Aborted can be set")
    job.poll()
    job.abort()
    return Reply(job.description())


@route(f"{_BASE}/<job>", "DELETE", name="bulk_query.delete")
def delete(call: Call) -> Reply:
    """Delete a job that has ended."""
    job = _job(call)
    if not job.is_over:
        raise invalid_state(f"Deleting not allowed when the job is in state {job.state}")
    del call.session_org().jobs[job.id]
    return Reply(None, 204)


@route(f"{_BASE}/<job>/results", name="bulk_query.results")
def results(call: Call) -> Reply:
    """`?maxRecords=&locator=`: a page of records; `Sforce-Locator: null` on the last one."""
    job = _job(call)
    job.poll()
    if job.state != "JobComplete":
        raise invalid_state(f"Results are not available when the job is in state {job.state}")
    size = _size(call.query.get("maxRecords", ""))
    start = _offset(call.query.get("locator", ""))
    end = min(start + size, len(job.lines))
    locator = _locator(end) if end < len(job.lines) else "null"
    headers = {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(end - start)}
    return Reply(job.page(start, size), 200, "text/csv;charset=UTF-8", headers)


def _job(call: Call) -> QueryJob:
    job = call.session_org().jobs.get(call.params["job"])
    if not isinstance(job, QueryJob):
        raise not_found()
    return job


def _size(text: str) -> int:
    number = in_digits(text or str(_PAGE))
    if not number:
        raise ApiError(400, "INVALIDJOB", f"InvalidJob : maxRecords must be positive: {text}")
    return number


def _locator(start: int) -> str:
    return base64.b64encode(str(start).encode()).decode().rstrip("=")


def _offset(locator: str) -> int:
    if locator in ("", "null"):
        return 0
    try:
        return int(base64.b64decode(locator + "=" * (-len(locator) % 4)))
    except (ValueError, binascii.Error) as error:
        text = f"InvalidJob : Invalid locator: {locator}"
        raise ApiError(400, "INVALIDJOB", text) from error
