"""The requests of a login: the form with the assertion, and reads with the new token."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from contextlib import closing
from urllib.parse import urlencode

from provisioner.retry import budget
from provisioner.salesforce.bounded import Limits
from provisioner.salesforce.http_client import HttpClient, NotConnectedError
from provisioner.salesforce.reply import RETRIED, Post, Reply, may_pass

TIMEOUT = 30.0  # seconds without a byte
LIMITS = Limits(sending=30.0, answer=60.0, size=1024 * 1024)
FORM: Mapping[str, str] = {"Content-Type": "application/x-www-form-urlencoded"}

Send = Callable[[str, str, Mapping[str, str], bytes], Reply]
"""Sends one request, once: method, URL, headers, body."""


def posting(send: Send, *, time_scale: float = 1.0, waits_for_host: bool = False) -> Post:
    """A function that posts the form of a login with `send`, with retries.

    A login is safe to repeat, so lost answers and transient errors are retried. With
    `waits_for_host`, an unreachable host is retried as well; a user at a terminal sees that error
    immediately instead.
    """

    def post(url: str, form: Mapping[str, str]) -> Reply:
        content = urlencode(form).encode()
        with budget(f"POST {url}", time_scale=time_scale) as left:
            while True:
                try:
                    reply = send("POST", url, FORM, content)
                except OSError as error:
                    if not (_may_differ(error, waits_for_host) and left.wait()):
                        raise
                else:
                    if not (may_pass(reply) and left.wait()):
                        return reply

    return post


def post_form(
    url: str, form: Mapping[str, str], timeout: float = TIMEOUT, limits: Limits = LIMITS
) -> Reply:
    """Post the form of a single login, on its own connection.

    Raises OSError without an answer: refused, timed out, not resolved, not trusted.
    """
    with closing(HttpClient(timeout, limits)) as client:
        return posting(client.send)(url, form)


def get_with_token(
    url: str, token: str, timeout: float = TIMEOUT, limits: Limits = LIMITS
) -> Reply:
    """Get `url` with a bearer token. Transient errors are retried.

    Raises OSError without an answer.
    """
    headers = {"Authorization": f"Bearer {token}"}
    with closing(HttpClient(timeout, limits)) as client, budget(f"GET {url}") as left:
        while True:
            reply = client.send("GET", url, headers)
            if not (reply.status in RETRIED and left.wait()):
                return reply


def _may_differ(error: OSError, waits_for_host: bool) -> bool:
    """Whether a retry may get an answer. After a time-out or a TLS error it does not."""
    if isinstance(error, NotConnectedError):
        return waits_for_host and not isinstance(error.__cause__, (TimeoutError, ssl.SSLError))
    return isinstance(error, ConnectionError)
