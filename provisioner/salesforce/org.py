"""The API of one org: queries, records, tooling objects, and plain calls for the rest.

Stands on simple-salesforce, whose import takes 0.28 s: nothing on the way of `claim` and
`login` may import this module.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlsplit

import requests
from simple_salesforce.api import Salesforce

from provisioner.errors import SalesforceError
from provisioner.salesforce.calls import resource
from provisioner.salesforce.envelope import Call, unusable
from provisioner.salesforce.session import OrgSession

Record = dict[str, Any]
T = TypeVar("T")


class OrgClient:
    """What the steps and the Dev Hub do with an org's API.

    Every method raises SalesforceError (or LoginError, when the session ends and cannot be
    renewed). Safe to use from several threads.
    """

    def __init__(self, session: OrgSession, api_version: str) -> None:
        self.session = session
        self.api_version = api_version
        host = urlsplit(session.instance_url).netloc
        # The session sets the token; simple-salesforce only wants to see one.
        self._salesforce = Salesforce(
            instance=host,
            session_id="-",
            version=api_version,
            session=session,
            object_pairs_hook=None,
        )
        self._salesforce.headers.pop("X-PrettyPrint", None)

    @property
    def name(self) -> str:
        """What errors call the org."""
        return self.session.name

    @property
    def user_id(self) -> str:
        """The user whom the session belongs to."""
        return self.session.grant.user_id

    def query(self, soql: str) -> list[Record]:
        """All records of a query, page after page."""
        return self._read(lambda: list(self._salesforce.query_all_iter(soql)), "query")

    def count(self, soql: str) -> int:
        """The number that a `SELECT COUNT() …` gives."""
        return self._read(lambda: int(self._salesforce.query(soql)["totalSize"]), "query")

    def tooling_query(self, soql: str) -> list[Record]:
        """All records of a query to the Tooling API."""
        path = f"tooling/query?q={quote_plus(soql)}"
        records: list[Record] = []
        while path:
            page = self.read("GET", path, "records")
            records += page["records"]
            path = "" if page.get("done", True) else page["nextRecordsUrl"]
        return records

    def create(self, sobject: str, fields: Mapping[str, Any]) -> str:
        """Insert one record; its id."""
        created = getattr(self._salesforce, sobject).create
        return self._read(lambda: str(created(fields)["id"]), f"sobjects/{sobject}")

    def delete(self, sobject: str, record_id: str) -> None:
        """Delete one record."""
        self.call("DELETE", f"sobjects/{sobject}/{record_id}")

    def create_many(self, records: Iterable[Record], *, all_or_none: bool = False) -> list[Record]:
        """Insert up to 200 records; one result each, in order: `id`, `success`, `errors`."""
        body: dict[str, Any] = {"allOrNone": all_or_none, "records": list(records)}
        answer = self.call("POST", "composite/sobjects", json=body)
        return self._results("POST", answer, len(body["records"]))

    def delete_many(self, record_ids: Iterable[str]) -> list[Record]:
        """Delete up to 200 records; one result each, in order."""
        ids = list(record_ids)
        path = f"composite/sobjects?ids={','.join(ids)}&allOrNone=false"
        return self._results("DELETE", self.call("DELETE", path), len(ids))

    def limits(self) -> Mapping[str, Any]:
        """The org's limits: `{name: {Max, Remaining}}`."""
        return self._read(lambda: dict(self._salesforce.limits()), "limits")

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
        if not answer.content:
            return None
        return self._read(answer.json, resource(url), method)

    def read(self, method: str, path: str, *keys: str, **options: Any) -> Mapping[str, Any]:
        """As `call`, where the answer must be an object that has `keys`."""
        answer = self.call(method, path, **options)
        if isinstance(answer, Mapping) and all(key in answer for key in keys):
            return answer
        raise self._unusable(resource(path), method, type(answer).__name__)

    def _results(self, method: str, answer: Any, count: int) -> list[Record]:
        """The results of a collection call: one for each record, or nothing is known of any."""
        is_whole = isinstance(answer, list) and len(answer) == count
        if is_whole and all(isinstance(result, Mapping) for result in answer):
            return [dict(result) for result in answer]
        raise self._unusable("composite/sobjects", method, type(answer).__name__)

    def _read(self, read: Callable[[], T], resource_name: str, method: str = "GET") -> T:
        """What `read` finds; an answer without it is an error of the server, not of ours."""
        try:
            return read()
        except (requests.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise self._unusable(resource_name, method, type(error).__name__) from None

    def _unusable(self, resource_name: str, method: str, what: str) -> SalesforceError:
        call = Call(self.name, method, resource_name)
        return unusable(call, 200, f"the answer is not as expected ({what})")


def newest_api_version(session: OrgSession) -> str:
    """The newest API version that the org offers, such as `68.0` (facts §0)."""
    answer = session.request("GET", f"{session.instance_url}/services/data")
    try:
        versions = [str(entry["version"]) for entry in answer.json()]
        return max(versions, key=lambda version: [int(part) for part in version.split(".")])
    except (ValueError, KeyError, TypeError):
        call = Call(session.name, "GET", "services/data")
        raise unusable(call, answer.status_code, "the answer lists no API versions") from None
