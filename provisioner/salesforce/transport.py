"""The connection of all sessions to Salesforce: HTTP client, counter, server clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType

from provisioner.retry import Budget, budget
from provisioner.salesforce.bounded import Limits
from provisioner.salesforce.calls import ApiCalls, Who
from provisioner.salesforce.http_client import CONNECT_TIMEOUT, HttpClient
from provisioner.salesforce.post import posting
from provisioner.salesforce.reply import Post, Reply
from provisioner.salesforce.server_clock import ServerClock
from provisioner.salesforce.streamed import Body, Sink

READ_TIMEOUT = 120.0  # seconds without a byte; an insert of ScratchOrgInfo takes 30 and more
LIMITS = Limits(answer=240.0)  # `late_call` of the PostgreSQL ledger is slightly longer
FILE_LIMITS = Limits(answer=1800.0, size=1 << 30)  # results of a Bulk API job, on disk


class Transport:
    """One HTTP client for the Dev Hub and all orgs, with time-outs and a counter.

    Safe to use from several threads. Close it, or use it as a context manager.
    """

    def __init__(
        self,
        *,
        timeout: tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT),
        limits: Limits = LIMITS,
        time_scale: float = 1.0,
        before_sending: Callable[[], None] = lambda: None,
    ) -> None:
        """`timeout` is (connect, read) in seconds. `limits` apply to each request and answer.

        `time_scale` is the factor on the waits between the retries of a call. `before_sending` is
        called just before each request: nothing is sent when it raises.
        """
        self.calls = ApiCalls()
        self.clock = ServerClock()  # the Dev Hub's
        self.timeout = timeout
        connect, read = timeout
        self._client = HttpClient(
            read, limits, connect_timeout=connect, before_sending=before_sending
        )
        self._downloads = HttpClient(
            read, FILE_LIMITS, connect_timeout=connect, before_sending=before_sending
        )
        self._time_scale = time_scale

    def send(
        self,
        who: Who,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Body | None = None,
        sink: Sink | None = None,
    ) -> Reply:
        """Send and count one request. Returns its answer, whatever its status. Raises OSError.

        The body of a successful answer is written to `sink`, if there is one.
        """
        self.calls.add(who, method, url)
        client = self._client if sink is None else self._downloads
        reply = client.send(method, url, headers, body, sink)
        if who == "hub":
            self.clock.observe(reply.headers, reply.took)
        return reply

    def budget(self, call: str) -> AbstractContextManager[Budget]:
        """The retry budget of one call."""
        return budget(call, time_scale=self._time_scale)

    def post(self, who: Who) -> Post:
        """A function with which `provisioner.salesforce.grant.sign_in` sends its form."""
        return posting(partial(self.send, who), time_scale=self._time_scale, waits_for_host=True)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()
        self._downloads.close()

    def __enter__(self) -> Transport:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()
