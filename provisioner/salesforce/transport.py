"""What all sessions with Salesforce share: one HTTP client, short waits, counts."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from urllib.parse import urlencode

from provisioner.salesforce.answers import causes
from provisioner.salesforce.bounded import Limits
from provisioner.salesforce.calls import ApiCalls, Who
from provisioner.salesforce.http_client import CONNECT_TIMEOUT, HttpClient
from provisioner.salesforce.post import FORM
from provisioner.salesforce.reply import Post, Reply, may_pass
from provisioner.salesforce.server_clock import ServerClock

READ_TIMEOUT = 120.0  # seconds without a byte; an insert of ScratchOrgInfo takes 30 and more
LIMITS = Limits(answer=READ_TIMEOUT)  # `late_call` of the PostgreSQL ledger rests on both
WAITS = (0.2, 0.7, 1.6)  # seconds before the second, third and fourth try of one call
JITTER = 0.2  # part of a wait by which it varies, so that many orgs do not come back at once


_IN_VAIN = (TimeoutError, ssl.SSLError)
"""What a login does not wait for: the next host, or a person, may do better."""


class Transport:
    """One HTTP client for the Dev Hub and all orgs, its time-outs, its counters.

    Waits in here are short (about 3 s in all), because a thread stands still for them; longer
    ones are the build's, which gets an error of class `transient` and comes again later.
    Safe to use from several threads. Close it, or use it as a context manager.
    """

    def __init__(
        self,
        *,
        timeout: tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT),
        limits: Limits = LIMITS,
        pace: float = 1.0,
        seed: int | None = None,
    ) -> None:
        """`timeout` is (connect, read) in seconds;
        `limits` are those of each single request and its answer.

        `pace` stretches or shortens the waits; `seed` makes their jitter repeatable.
        """
        self.calls = ApiCalls()
        self.clock = ServerClock()  # the Dev Hub's
        self.timeout = timeout
        connect, read = timeout
        self._client = HttpClient(read, limits, connect_timeout=connect)
        self._pace = pace
        self._random = random.Random(seed)  # noqa: S311 - jitter, no secret

    def send(
        self,
        who: Who,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Reply:
        """One request, counted, and its answer, whatever its status. Raises OSError."""
        self.calls.add(who, method, url)
        reply = self._client.send(method, url, headers, body)
        if who == "hub":
            self.clock.observe(reply.headers, reply.took)
        return reply

    def waits(self) -> Iterator[float]:
        """The seconds to wait between the tries of one call."""
        for wait in WAITS:
            yield wait * self._pace * self._random.uniform(1 - JITTER, 1 + JITTER)

    def post(self, who: Who) -> Post:
        """A function that `provisioner.salesforce.grant.sign_in` may send its forms with.

        A grant may be asked for twice, so lost answers and those that pass are tried again.
        """

        def post(url: str, form: Mapping[str, str]) -> Reply:
            content = urlencode(form).encode()
            for wait in self.waits():
                try:
                    reply = self.send(who, "POST", url, FORM, content)
                except OSError as error:
                    if any(isinstance(cause, _IN_VAIN) for cause in causes(error)):
                        raise
                else:
                    if not may_pass(reply):
                        return reply
                time.sleep(wait)
            return self.send(who, "POST", url, FORM, content)

        return post

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def __enter__(self) -> Transport:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()
