"""The requests of a login that stands alone: a form that is posted, an answer with the token.

A redirect is never followed: an assertion or a token must not be sent where it points to.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import urlencode

from provisioner.salesforce.bounded import Limits
from provisioner.salesforce.http_client import HttpClient
from provisioner.salesforce.reply import RETRIED, Reply, may_pass

TIMEOUT = 30.0  # seconds without a byte
LIMITS = Limits(sending=30.0, answer=60.0, size=1024 * 1024)
FORM: Mapping[str, str] = {"Content-Type": "application/x-www-form-urlencoded"}
WAITS = (0.5, 1.5)  # seconds before the second and the third try


def post_form(
    url: str, form: Mapping[str, str], timeout: float = TIMEOUT, limits: Limits = LIMITS
) -> Reply:
    """Post a form. A grant may be asked for twice, so lost answers and those that pass are retried.

    Raises OSError when no answer came: refused, timed out, not resolved, not trusted.
    """
    content = urlencode(form).encode()
    for wait in WAITS:
        try:
            reply = _send("POST", url, FORM, content, timeout, limits)
        except ConnectionResetError:
            time.sleep(wait)
            continue
        if not may_pass(reply):
            return reply
        time.sleep(wait)
    return _send("POST", url, FORM, content, timeout, limits)


def get_with_token(
    url: str, token: str, timeout: float = TIMEOUT, limits: Limits = LIMITS
) -> Reply:
    """Get `url` with a bearer token; answers that pass are retried.

    Raises OSError when no answer came.
    """
    headers = {"Authorization": f"Bearer {token}"}
    for wait in WAITS:
        reply = _send("GET", url, headers, None, timeout, limits)
        if reply.status not in RETRIED:
            return reply
        time.sleep(wait)
    return _send("GET", url, headers, None, timeout, limits)


def _send(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    timeout: float,
    limits: Limits,
) -> Reply:
    """One request and its answer, whatever its status."""
    with closing(HttpClient(timeout, limits)) as client:
        return client.send(method, url, headers, body)
