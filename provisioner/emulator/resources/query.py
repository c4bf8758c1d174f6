"""`/query`, `/queryAll`, `/tooling/query`: SOQL over HTTP, 200 to 2,000 records a page.

Source: "Query" and "QueryAll" in the REST API Developer Guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.soql.evaluate import Answer, describe_columns, run
from provisioner.emulator.soql.names import Context
from provisioner.emulator.typed import in_digits

PAGE = 2000
_SMALLEST_PAGE = 200
_LOCATOR_LIFE = timedelta(minutes=15)  # without use
_MAXIMUM_CURSORS = 50  # stored per org; the oldest is removed first
_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


@dataclass
class Cursor:
    """The records of a query that did not fit on one page."""

    records: list[dict[str, Any]]
    page: int
    last_used: datetime


@route("/services/data/v<version>/query", name="query")
@route("/services/data/v<version>/tooling/query", name="tooling.query")
def query(call: Call) -> Reply:
    """`?q=SELECT…`; with `columns=true` the columns instead of the records."""
    return _query(call, include_deleted=False)


@route("/services/data/v<version>/queryAll", name="queryAll")
@route("/services/data/v<version>/tooling/queryAll", name="tooling.queryAll")
def query_all(call: Call) -> Reply:
    """The same, including the recycle bin."""
    return _query(call, include_deleted=True)


@route("/services/data/v<version>/query/<locator>", name="query.more")
@route("/services/data/v<version>/tooling/query/<locator>", name="tooling.query.more")
@route("/services/data/v<version>/queryAll/<locator>", name="queryAll.more")
def query_more(call: Call) -> Reply:
    """The page at a locator such as `0r8…-2000`, from the previous page."""
    cursor_id, _, offset = call.params["locator"].rpartition("-")
    org, now = call.session_org(), call.world.now()
    cursor = org.cursors.get(cursor_id)
    start = in_digits(offset) or 0
    if (
        not isinstance(cursor, Cursor)
        or not 0 < start < len(cursor.records)
        or now - cursor.last_used > _LOCATOR_LIFE
    ):
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    cursor.last_used = now
    return Reply(_page(call, cursor, cursor_id, start))


def _query(call: Call, *, include_deleted: bool) -> Reply:
    if "explain" in call.query:
        raise NotEmulatedError("query explain")
    if "q" not in call.query:
        raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
    context = query_context(call, call.query["q"], include_deleted=include_deleted)
    if call.query.get("columns", "").lower() == "true":
        return Reply(describe_columns(context))
    return Reply(first_page(call, run(context)))


def query_context(call: Call, text: str, *, include_deleted: bool = False) -> Context:
    """The context of a query of this session."""
    tooling = "/tooling/" in call.path
    base = f"/services/data/v{call.version}{'/tooling' if tooling else ''}"
    return Context(
        store=call.session_org().store,
        text=text,
        now=call.world.now(),
        user_id=call.user_id,
        tooling=tooling,
        include_deleted=include_deleted,
        records_path=f"{base}/sobjects",
    )


def first_page(call: Call, answer: Answer) -> dict[str, Any]:
    """`{totalSize, done, nextRecordsUrl?, records}` of an answer; Tooling has three more keys."""
    page = _page_size(call)
    records = answer.records
    if len(records) <= page:
        found = {"totalSize": answer.total_size, "done": True, "records": records}
        return _of_tooling(found, answer.total_size) if "/tooling/" in call.path else found
    if answer.is_grouped:
        raise ApiError(
            400,
            "EXCEEDED_ID_LIMIT",
            "aggregate query does not support queryMore(), use LIMIT to restrict the results to "
            "a single batch",
        )
    org = call.session_org()
    cursor_id = call.world.ids.new("0r8")
    cursor = Cursor(records, page, call.world.now())
    _keep(org, cursor_id, cursor)
    return _page(call, cursor, cursor_id, 0)


def _keep(org: EmulatedOrg, cursor_id: str, cursor: Cursor) -> None:
    with org.store.lock:
        while len(org.cursors) >= _MAXIMUM_CURSORS:
            del org.cursors[next(iter(org.cursors))]
        org.cursors[cursor_id] = cursor


def _page_size(call: Call) -> int:
    found = _BATCH_SIZE.search(call.headers.get("sforce-query-options", ""))
    return min(max(int(found[1]), _SMALLEST_PAGE), PAGE) if found else PAGE


def _page(call: Call, cursor: Cursor, cursor_id: str, start: int) -> dict[str, Any]:
    end = start + cursor.page
    is_last = end >= len(cursor.records)
    page: dict[str, Any] = {"totalSize": len(cursor.records), "done": is_last}
    if not is_last:
        tooling = "/tooling" if "/tooling/" in call.path else ""
        base = f"/services/data/v{call.version}{tooling}/query"
        page["nextRecordsUrl"] = f"{base}/{cursor_id}-{end}"
    page["records"] = cursor.records[start:end]
    return _of_tooling(page, len(page["records"])) if "/tooling/" in call.path else page


def _of_tooling(page: dict[str, Any], size: int) -> dict[str, Any]:
    """`size`, `queryLocator` and `entityTypeName` besides, in the order that CumulusCI recorded."""
    records, locator = page.pop("records"), page.get("nextRecordsUrl")
    name = records[0]["attributes"]["type"] if records else None
    return {"size": size, **page, "queryLocator": locator, "entityTypeName": name,
            "records": records}  # fmt: skip
