"""A session with one org: sends requests, renews the token, retries, translates errors."""

from __future__ import annotations

import json as json_module
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.api_errors import (
    NOT_SENT,
    TIMED_OUT,
    Call,
    api_usage,
    error_codes,
    lost,
    refused,
)
from provisioner.salesforce.calls import Who, resource
from provisioner.salesforce.reply import RETRIED, Reply

if TYPE_CHECKING:
    from provisioner.retry import Budget
    from provisioner.salesforce.grant import Grant
    from provisioner.salesforce.server_clock import ServerClock
    from provisioner.salesforce.streamed import Body, Sink
    from provisioner.salesforce.transport import Transport

REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
# Source: docs/reference/http.md#sessions
_NEVER_RENEWED = ("not valid for use with the REST API", "not attached to Agent")


class OrgSession:
    """The session with one org. All requests to the org are sent through it.

    An error answer is raised as a SalesforceError, a failed renewal as a LoginError. Safe to use
    from several threads.
    """

    def __init__(
        self,
        transport: Transport,
        who: Who,
        name: str,
        grant: Grant,
        renew: Callable[[], Grant],
    ) -> None:
        self.name = name
        self.grant = grant
        self.usage: tuple[int, int] | None = None  # API calls of the day: used, allowed
        self._who = who
        self._transport = transport
        self._renew_grant = renew
        self._renewal = threading.Lock()

    @property
    def instance_url(self) -> str:
        """Scheme, host and port of the org's API."""
        return self.grant.instance_url

    @property
    def clock(self) -> ServerClock:
        """This machine's clock, compared with that of the Dev Hub."""
        return self._transport.clock

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        data: Body | None = None,
        headers: Mapping[str, str] | None = None,
        is_repeatable: bool | None = None,
        expected: Collection[int] = (),
        sink: Sink | None = None,
    ) -> Reply:
        """Send a request. Returns its answer for a success status, or a status of `expected`.

        The body is `json`, or `data` with the type in `headers`. The body of a successful answer
        is written to `sink`, if there is one. Requests that are safe to repeat
        are retried after a lost answer and after 420 and 502 to 504: by default all methods except
        POST and PATCH. A request that was not sent is always retried. Raises SalesforceError.
        """
        url = self._address(url)
        body, headers = _body(json, data, headers or {})
        call = Call(self.name, method, resource(url))
        may_repeat = method in REPEATABLE if is_repeatable is None else is_repeatable
        with self.budget(call) as left:
            while True:
                answer = self._answer(call, url, headers, body, expected, sink)
                if isinstance(answer, Reply):
                    return answer
                if not (_is_worth_repeating(answer, may_repeat) and left.wait()):
                    raise answer

    def budget(self, call: Call) -> AbstractContextManager[Budget]:
        """The retry budget of one call, which may consist of several requests."""
        return self._transport.budget(str(call))

    def renew(self, ended: Grant) -> None:
        """Log in again, unless another thread has done so since `ended` was in use."""
        with self._renewal:
            if self.grant is ended:
                self.grant = self._renew_grant()

    def with_grant(self, grant: Grant) -> OrgSession:
        """Another session with the same org and connections, from another login."""
        return OrgSession(self._transport, self._who, self.name, grant, self._renew_grant)

    def _address(self, url: str) -> str:
        """`url` with the scheme of the org. Raises SalesforceError for another host.

        simple-salesforce writes https into every URL, but an emulator has http. Source:
        docs/reference/http.md#simple-salesforce.
        """
        parts, own = urlsplit(url), urlsplit(self.instance_url)
        if parts.netloc == own.netloc and parts.scheme != own.scheme:
            return parts._replace(scheme=own.scheme).geturl()
        if (parts.scheme, parts.netloc) != (own.scheme, own.netloc):
            raise SalesforceError(
                f"{self.name}: no request is sent to {parts.netloc.rpartition('@')[2]!r}, because "
                f"the session belongs to {own.netloc}",
                kind=ErrorKind.CONFIGURATION,
                hint="check for a proxy between this machine and Salesforce",
            )
        return url

    def _answer(
        self,
        call: Call,
        url: str,
        headers: Mapping[str, str],
        body: Body | None,
        expected: Collection[int],
        sink: Sink | None,
    ) -> Reply | SalesforceError:
        """Send the request once. When the session has ended, renew it and send once more."""
        grant = self.grant
        answer = self._send(call, url, grant, headers, body, sink)
        if isinstance(answer, Reply) and _session_has_ended(answer):
            self.renew(grant)
            answer = self._send(call, url, self.grant, headers, body, sink)
        if isinstance(answer, SalesforceError):
            return answer
        is_success = answer.status < 300 and "html" not in answer.content_type
        if is_success or answer.status in expected:
            return answer
        is_hub = self._who == "hub"
        return refused(call, answer.status, answer.text, answer.content_type, is_hub=is_hub)

    def _send(
        self,
        call: Call,
        url: str,
        grant: Grant,
        headers: Mapping[str, str],
        body: Body | None,
        sink: Sink | None,
    ) -> Reply | SalesforceError:
        sent = {**headers, "Authorization": f"Bearer {grant.access_token}"}
        try:
            answer = self._transport.send(self._who, call.method, url, sent, body, sink)
        except OSError as error:
            return lost(call, error)
        self.usage = api_usage(answer.headers.get("Sforce-Limit-Info", "")) or self.usage
        return answer


def _body(
    json: Any, data: Body | None, headers: Mapping[str, str]
) -> tuple[Body | None, Mapping[str, str]]:
    if json is None:
        return data, headers
    content = json_module.dumps(json, allow_nan=False).encode()
    return content, {"Content-Type": "application/json", **headers}


def _is_worth_repeating(error: SalesforceError, may_repeat: bool) -> bool:
    if error.kind not in (ErrorKind.TRANSIENT, ErrorKind.GONE) or error.error_code == TIMED_OUT:
        return False
    is_passing = error.status in RETRIED or error.status == 0
    return error.error_code == NOT_SENT or (may_repeat and is_passing)


def _session_has_ended(answer: Reply) -> bool:
    """Whether a new login may help: the org refused the token and did not act."""
    if answer.status != 401:
        return False
    return any(
        code == "INVALID_SESSION_ID" and not any(part in text for part in _NEVER_RENEWED)
        for code, text in error_codes(answer.text)
    )
