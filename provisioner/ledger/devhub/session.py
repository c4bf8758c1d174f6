"""A session with the Dev Hub for its ledger: one login, pooled connections, retries."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote_plus

from provisioner.errors import LedgerError
from provisioner.ledger.account import HubAccount
from provisioner.ledger.devhub import errors as devhub_errors
from provisioner.ledger.devhub.answers import Record, records_found
from provisioner.ledger.devhub.errors import BUILDER, CONSUMER, LostError, RefusedError
from provisioner.ledger.devhub.login import HubLogin
from provisioner.ledger.rows import utc_now
from provisioner.retry import AT_ONCE, LEDGER, Budget
from provisioner.salesforce.answer_json import MalformedAnswerError, read_json
from provisioner.salesforce.api_errors import error_codes
from provisioner.salesforce.http_client import HttpClient
from provisioner.salesforce.network_errors import network_reason
from provisioner.salesforce.server_clock import ServerClock

if TYPE_CHECKING:
    from provisioner.salesforce.grant import Grant
    from provisioner.salesforce.reply import Reply

API = "/services/data/v60.0"
"""The ledger needs no newer version; a fixed one saves each claim a request."""

RETRY_SECONDS = 15.0  # seconds in which a request is tried again

Answer = TypeVar("Answer")


class HubSession:
    """Requests to the REST API of one Dev Hub. Safe to use from several threads.

    Whatever is sent may raise what `HubLogin.granted` raises.
    """

    def __init__(self, account: HubAccount, *, retry_seconds: float = RETRY_SECONDS) -> None:
        self.name = f"the ledger on the Dev Hub {account.username}"
        self._retry_seconds = retry_seconds
        self._username = account.username
        self._clock = ServerClock()
        self._dated: tuple[str, float] = ("", 0.0)  # the last answer, and when it came (monotonic)
        self._client = HttpClient(on_answer=self._dates)
        self._login = HubLogin(account, self._client, self._clock)
        self._is_closed = False

    @property
    def api_calls(self) -> int:
        """Requests that were sent so far, logins and repetitions included."""
        return self._client.sent

    def close(self) -> None:
        """Give the connections back; closing twice does nothing."""
        self._is_closed = True
        self._client.close()

    def query(
        self,
        soql: str,
        *,
        needs: str = CONSUMER,
        read: Callable[[Record], object] = lambda _: None,
    ) -> list[Record]:
        """All records of a query. Raises LedgerError, which names the permission if one is missing.

        `needs` is the permission set that allows it. When `read` cannot read a record, it is
        asked for again a few times: perhaps only the answer was damaged.
        """
        for _ in range(AT_ONCE.tries):
            found = self.retried(lambda: self._records(soql), needs=needs)
            if all(_can_be_read(record, read) for record in found):
                break
        return found

    def _records(self, soql: str) -> list[Record]:
        path = f"{API}/query?q={quote_plus(soql)}"
        with malformed_refused():
            return records_found(lambda page: self.call("GET", page), path, soql)

    def repeat(self, method: str, path: str, body: Any = None, *, needs: str = CONSUMER) -> Any:
        """Send a request that is safe to repeat; it is retried within its retry budget."""
        return self.retried(lambda: self.call(method, path, body), needs=needs)

    def discard(self, path: str, *, needs: str) -> bool:
        """Delete a record; False when it no longer exists, perhaps by an unanswered try of ours."""

        def delete() -> bool:
            try:
                self.call("DELETE", path)
            except RefusedError as error:
                if not error.is_gone:
                    raise
                return False
            return True

        return self.retried(delete, needs=needs)

    def retried(self, act: Callable[[], Answer], *, needs: str) -> Answer:
        """The result of `act`, which is safe to repeat and is retried. Raises LedgerError.

        `act` raises LostError and RefusedError; `needs` is the permission set that allows it.
        """
        for _ in self.tries():
            try:
                return act()
            except LostError as error:
                last: Exception = error
            except RefusedError as error:
                if not error.is_transient:
                    raise self.translated(error, needs) from None
                last = error
        raise self.given_up(last)

    def tries(self) -> Iterator[int]:
        """Counts the tries of one request, with a growing wait before each but the first."""
        budget = Budget(LEDGER, seconds=self._retry_seconds)
        number = 0
        yield number
        while budget.wait():
            number += 1
            yield number

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request; its JSON, or None. Raises RefusedError, LostError, LoginError.

        When the session has ended, the same once more with a new one.
        """
        if self._is_closed:
            raise LedgerError(f"{self.name} is already closed")
        grant = self._login.granted()
        reply = self._send(grant, method, path, body)
        if reply.status == 401 and "INVALID_SESSION_ID" in reply.body.decode(errors="replace"):
            reply = self._send(self._login.granted(grant), method, path, body)
        return _answer(reply)

    def now(self) -> datetime:
        """This moment by the Dev Hub's clock; where its answers bear no date, by this machine's.

        Logs in where nothing has been asked yet.
        """
        if not self._dated[0]:
            self._login.granted()
        return self.server_time or utc_now()

    def _dates(self, reply: Reply) -> None:
        self._dated = (reply.date, time.monotonic())
        self._clock.observe(reply.headers, reply.took)

    @property
    def server_time(self) -> datetime | None:
        """The current time by the Dev Hub's clock, from the dates of its answers."""
        from email.utils import parsedate_to_datetime

        date, came_at = self._dated
        try:
            answered_at = parsedate_to_datetime(date).astimezone(UTC)
        except (ValueError, TypeError):  # a proxy in between has dropped or spoilt the header
            return None
        return answered_at + timedelta(seconds=time.monotonic() - came_at)

    def translated(self, refused: RefusedError, needs: str) -> LedgerError:
        """The error to raise. For a refusal about permissions, the permissions are queried."""
        if not refused.is_about_permissions:
            return devhub_errors.failure(self.name, refused)
        installed, has = self._permission_sets()
        return devhub_errors.missing_permission(self._username, needs, refused, installed, has)

    def given_up(self, last: Exception) -> LedgerError:
        """The error when the retry budget is used up."""
        if isinstance(last, RefusedError):
            return devhub_errors.failure(self.name, last)
        return devhub_errors.unreachable(self.name, str(last))

    def _permission_sets(self) -> tuple[list[str], list[str]]:
        """Which of the two permission sets are installed, and which the user has, if known."""
        user = self._login.granted().user_id
        names = f"('{BUILDER}', '{CONSUMER}')"
        found = []
        for soql, key in (
            (f"SELECT Name FROM PermissionSet WHERE Name IN {names}", ("Name",)),  # noqa: S608
            (
                "SELECT PermissionSet.Name FROM PermissionSetAssignment "  # noqa: S608 - SOQL
                f"WHERE AssigneeId = '{user}' AND PermissionSet.Name IN {names}",
                ("PermissionSet", "Name"),
            ),
        ):
            try:
                records = self.call("GET", f"{API}/query?q={quote_plus(soql)}")["records"]
                found.append([_at(record, key) for record in records])
            except (RefusedError, LostError, KeyError, TypeError, AttributeError):
                found.append([])
        return found[0], found[1]

    def _send(self, grant: Grant, method: str, path: str, body: Any) -> Reply:
        headers = {"Authorization": f"Bearer {grant.access_token}"}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        try:
            reply = self._client.send(method, grant.instance_url + path, headers, content)
        except OSError as error:
            raise LostError(network_reason(error)) from None
        return reply


def _answer(reply: Reply) -> Any:
    text = reply.body.decode("utf-8", errors="replace")
    if reply.status >= 300 or "html" in reply.content_type:
        errors = error_codes(text)
        code, message = errors[0] if errors else ("", text or "an empty answer")
        raise RefusedError(reply.status, code, message)
    with malformed_refused():
        return read_json(reply.body) if reply.body else None


@contextmanager
def malformed_refused() -> Iterator[None]:
    """Treat a malformed answer as a transient refusal: the request may have taken effect."""
    try:
        yield
    except MalformedAnswerError as error:
        raise RefusedError(502, "", f"the answer is malformed ({error})") from None


def _can_be_read(record: Record, read: Callable[[Record], object]) -> bool:
    try:
        read(record)
    except (LedgerError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return False
    return True


def _at(record: Any, path: tuple[str, ...]) -> str:
    for key in path:
        record = record[key]
    return str(record)
