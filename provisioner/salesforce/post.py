"""The requests of a login: forms that are posted, and what is asked with the token at once."""

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
    """A function that posts the forms of a login by `send`.

    A grant may be asked for twice, so lost answers and those that pass are tried again; with
    `waits_for_host` also a host that cannot be reached, which a person rather hears of at once.
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
    """Post a form of a login that stands alone.

    Raises OSError when no answer came: refused, timed out, not resolved, not trusted.
    """
    with closing(HttpClient(timeout, limits)) as client:
        return posting(client.send)(url, form)


def get_with_token(
    url: str, token: str, timeout: float = TIMEOUT, limits: Limits = LIMITS
) -> Reply:
    """Get `url` with a bearer token; answers that pass are retried.

    Raises OSError when no answer came.
    """
    headers = {"Authorization": f"Bearer {token}"}
    with closing(HttpClient(timeout, limits)) as client, budget(f"GET {url}") as left:
        while True:
            reply = client.send("GET", url, headers)
            if not (reply.status in RETRIED and left.wait()):
                return reply


def _may_differ(error: OSError, waits_for_host: bool) -> bool:
    """Whether the same form may be answered a moment later; not after a time-out, nor by TLS."""
    if isinstance(error, NotConnectedError):
        return waits_for_host and not isinstance(error.__cause__, (TimeoutError, ssl.SSLError))
    return isinstance(error, ConnectionError)
