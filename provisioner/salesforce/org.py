"""The API of one org: queries, records, tooling objects, and plain calls for the rest."""

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
    """What the steps and the Dev Hub do with an org's API.

    Every method raises SalesforceError (or LoginError, when the session ends and cannot be
    renewed). What may be asked twice is asked again when its answer is malformed; the answer to
    a write is then one that was lost. Safe to use from several threads.
    """

    def __init__(self, session: OrgSession, api_version: str) -> None:
        self.session = session
        self.api_version = api_version

    @property
    def name(self) -> str:
        """What errors call the org."""
        return self.session.name

    @property
    def user_id(self) -> str:
        """The user whom the session belongs to."""
        return self.session.grant.user_id

    def query(self, soql: str) -> list[Row]:
        """All records of a query, page after page."""
        return self.query_as(soql, row)

    def query_as(self, soql: str, read: Callable[[Row], T]) -> list[T]:
        """All records of a query, each as `read` gives it, page after page.

        `read` raises MalformedAnswerError for a record that it cannot believe.
        """
        return self._found(f"query?q={quote_plus(soql)}", read)

    def tooling_query_as(self, soql: str, read: Callable[[Row], T]) -> list[T]:
        """As `query_as`, of the Tooling API."""
        return self._found(f"tooling/query?q={quote_plus(soql)}", read)

    def query_what_can_be_read(
        self, soql: str, read: Callable[[Row], T], instead: Callable[[Row], T | None]
    ) -> list[T]:
        """As `query`; for a record that stays malformed `instead` gives a value, or None to skip.

        For queries about many orgs, of which one must not take the others with it.
        """
        try:
            return self.query_as(soql, read)
        except SalesforceError as error:
            if not is_malformed(error):
                raise
        found = self.query_as(soql, lambda record: _read_or(record, read, instead))
        return [each for each in found if each is not None]

    def count(self, soql: str) -> int:
        """The number that a `SELECT COUNT() …` gives."""
        return self.get(f"query?q={quote_plus(soql)}", counted)

    def create(self, sobject: str, fields: Mapping[str, Any], *, prefix: str = "") -> str:
        """Insert one record; its id, which begins with `prefix`."""
        path = f"sobjects/{sobject}"
        return self.send(
            "POST", path, lambda answer: record_id(row(answer), "id", prefix=prefix), json=fields
        )

    def delete(self, sobject: str, record_id: str) -> None:
        """Delete one record."""
        self.call("DELETE", f"sobjects/{sobject}/{record_id}")

    def create_many(self, records: Iterable[Record], *, all_or_none: bool = False) -> list[Row]:
        """Insert up to 200 records; one result each, in order: `id`, `success`, `errors`."""
        body: dict[str, Any] = {"allOrNone": all_or_none, "records": list(records)}
        count = len(body["records"])
        return self.send("POST", "composite/sobjects", lambda a: _results(a, count), json=body)

    def delete_many(self, record_ids: Iterable[str]) -> list[Row]:
        """Delete up to 200 records; one result each, in order."""
        ids = list(record_ids)
        path = f"composite/sobjects?ids={','.join(ids)}&allOrNone=false"
        return self.send("DELETE", path, lambda answer: _results(answer, len(ids)))

    def limits(self) -> Row:
        """The org's limits: `{name: {Max, Remaining}}`."""
        return self.get("limits", row)

    def get(self, path: str, read: Callable[[Any], T]) -> T:
        """What `read` finds in the answer; a malformed one is asked for again."""
        call = Call(self.name, "GET", resource(path))
        return retry_malformed(self.session, call, lambda: read(self.call("GET", path)))

    def send(self, method: str, path: str, read: Callable[[Any], T], **options: Any) -> T:
        """A request that is made once; what `read` finds in its answer.

        After an error of kind TRANSIENT it may have been carried out.
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
        """Send any request of the REST API and give its JSON; None where there is none.

        `path` begins after `/services/data/vXX.X/`, or with a slash after the host.
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
    """The results of a collection call: one for each record, or nothing is known of any."""
    results = rows(answer)
    one_for_each(results, count)
    return results


def _read_or(record: Row, read: Callable[[Row], T], instead: Callable[[Row], T | None]) -> T | None:
    try:
        return read(record)
    except MalformedAnswerError:
        return instead(record)


def newest_api_version(session: OrgSession) -> str:
    """The newest API version that the org offers, such as `68.0`.

    Source: docs/reference/http.md#api-versions.
    """

    def read() -> str:
        answer = session.request("GET", f"{session.instance_url}/services/data")
        return max(map(_version, rows(answer.json())), key=float, default="") or _none()

    return retry_malformed(session, Call(session.name, "GET", "services/data"), read)


def _version(entry: Row) -> str:
    """A version that its own address confirms: everything that follows stands on it."""
    version, url = text(entry, "version"), optional_text(entry, "url")
    if not re.fullmatch(r"\d{1,3}\.0", version) or (url and not url.endswith(f"/v{version}")):
        raise MalformedAnswerError("version is not an API version")
    return version


def _none() -> str:
    raise MalformedAnswerError("it lists no API versions")
