"""The API of one org: queries, records, Tooling API, and any other REST call."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote_plus

from provisioner.errors import SalesforceError
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.api_errors import Call
from provisioner.salesforce.calls import resource
from provisioner.salesforce.fields import (
    Row,
    one_for_each,
    optional_text,
    record_id,
    row,
    rows,
    text,
)
from provisioner.salesforce.query_pages import all_records, counted
from provisioner.salesforce.retry_malformed import checked, is_malformed, retry_malformed
from provisioner.salesforce.session import OrgSession

Record = dict[str, Any]
T = TypeVar("T")


class OrgClient:
    """The REST API of an org, for steps and the Dev Hub.

    Every method raises SalesforceError, or LoginError when the session ends and cannot be renewed.
    A read with a malformed answer is retried; a malformed answer to a write counts as lost. Safe
    to use from several threads.
    """

    def __init__(self, session: OrgSession, api_version: str) -> None:
        self.session = session
        self.api_version = api_version

    @property
    def name(self) -> str:
        """The name of the org in errors."""
        return self.session.name

    @property
    def user_id(self) -> str:
        """The id of the session's user."""
        return self.session.grant.user_id

    def query(self, soql: str) -> list[Row]:
        """All records of a query, over all pages."""
        return self.query_as(soql, row)

    def query_as(self, soql: str, read: Callable[[Row], T]) -> list[T]:
        """All records of a query, over all pages, each converted by `read`.

        `read` raises MalformedAnswerError for a malformed record.
        """
        return self._found(f"query?q={quote_plus(soql)}", read)

    def tooling_query_as(self, soql: str, read: Callable[[Row], T]) -> list[T]:
        """Like `query_as`, for the Tooling API."""
        return self._found(f"tooling/query?q={quote_plus(soql)}", read)

    def query_what_can_be_read(
        self, soql: str, read: Callable[[Row], T], instead: Callable[[Row], T | None]
    ) -> list[T]:
        """Like `query_as`. A record that stays malformed is converted by `instead`, or skipped.

        `instead` returns None to skip it. For queries about many orgs, where one malformed record
        must not affect the other orgs.
        """
        try:
            return self.query_as(soql, read)
        except SalesforceError as error:
            if not is_malformed(error):
                raise
        found = self.query_as(soql, lambda record: _read_or(record, read, instead))
        return [each for each in found if each is not None]

    def count(self, soql: str) -> int:
        """The result of a `SELECT COUNT() …`."""
        return self.get(f"query?q={quote_plus(soql)}", counted)

    def create(self, sobject: str, fields: Mapping[str, Any], *, prefix: str = "") -> str:
        """Insert one record. Returns its id, which must start with `prefix`."""
        path = f"sobjects/{sobject}"
        return self.send(
            "POST", path, lambda answer: record_id(row(answer), "id", prefix=prefix), json=fields
        )

    def delete(self, sobject: str, record_id: str) -> None:
        """Delete one record."""
        self.call("DELETE", f"sobjects/{sobject}/{record_id}")

    def create_many(self, records: Iterable[Record], *, all_or_none: bool = False) -> list[Row]:
        """Insert up to 200 records. Returns one result each: `id`, `success`, `errors`."""
        body: dict[str, Any] = {"allOrNone": all_or_none, "records": list(records)}
        count = len(body["records"])
        return self.send("POST", "composite/sobjects", lambda a: _results(a, count), json=body)

    def delete_many(self, record_ids: Iterable[str]) -> list[Row]:
        """Delete up to 200 records. Returns one result each, in order."""
        ids = list(record_ids)
        path = f"composite/sobjects?ids={','.join(ids)}&allOrNone=false"
        return self.send("DELETE", path, lambda answer: _results(answer, len(ids)))

    def limits(self) -> Row:
        """The org's limits: `{name: {Max, Remaining}}`."""
        return self.get("limits", row)

    def get(self, path: str, read: Callable[[Any], T]) -> T:
        """What `read` returns for the answer of a GET. A malformed answer is retried."""
        call = Call(self.name, "GET", resource(path))
        return retry_malformed(self.session, call, lambda: read(self.call("GET", path)))

    def send(self, method: str, path: str, read: Callable[[Any], T], **options: Any) -> T:
        """Send a request once. Returns what `read` returns for its answer.

        After an error of kind TRANSIENT the request may have taken effect.
        """
        call = Call(self.name, method, resource(path))
        return checked(call, lambda: read(self.call(method, path, **options)))

    def call(
        self,
        method: str,
        path: str,
        *,
        expected: Collection[int] = (),
        is_repeatable: bool | None = None,
        **options: Any,
    ) -> Any:
        """Send any request of the REST API. Returns its JSON, or None for an empty answer.

        `path` is relative to `/services/data/vXX.X/`, or to the host when it starts with a slash.
        """
        version = f"/services/data/v{self.api_version}/"
        url = self.session.instance_url + (path if path.startswith("/") else version + path)
        answer = self.session.request(
            method, url, expected=expected, is_repeatable=is_repeatable, **options
        )
        if not answer.body:
            return None
        return checked(Call(self.name, method, resource(url)), answer.json)

    def _found(self, path: str, read: Callable[[Row], T]) -> list[T]:
        def ask(path: str) -> Any:
            return self.call("GET", path)

        call = Call(self.name, "GET", resource(path))
        return retry_malformed(
            self.session, call, lambda: [read(each) for each in all_records(ask, path)]
        )


def _results(answer: Any, count: int) -> list[Row]:
    """The results of a collection call. Raises MalformedAnswerError unless there are `count`."""
    results = rows(answer)
    one_for_each(results, count)
    return results


def _read_or(record: Row, read: Callable[[Row], T], instead: Callable[[Row], T | None]) -> T | None:
    try:
        return read(record)
    except MalformedAnswerError:
        return instead(record)


def newest_api_version(session: OrgSession) -> str:
    """The newest API version of the org, such as `68.0`."""
    return max(api_versions(session), key=float)


def api_versions(session: OrgSession) -> list[str]:
    """The API versions that the org offers; at least one.

    Source: docs/reference/http.md#api-versions.
    """

    def read() -> list[str]:
        answer = session.request("GET", f"{session.instance_url}/services/data")
        return [_version(each) for each in rows(answer.json())] or _none()

    return retry_malformed(session, Call(session.name, "GET", "services/data"), read)


def _version(entry: Row) -> str:
    """An API version. Its URL must contain it, because all later requests use it."""
    version, url = text(entry, "version"), optional_text(entry, "url")
    if not re.fullmatch(r"\d{1,3}\.0", version) or (url and not url.endswith(f"/v{version}")):
        raise MalformedAnswerError("version is not an API version")
    return version


def _none() -> list[str]:
    raise MalformedAnswerError("it contains no API versions")
