"""HTTP for the cold path of a login: one request, no session, no `requests` (0.28 s to import).

urllib.request costs 7 ms more than http.client and brings proxies from the environment. A
proxy is never asked for a loopback address, redirects are never followed, and the file of a
private CA is taken from SSL_CERT_FILE or REQUESTS_CA_BUNDLE.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode
from urllib.request import (
    HTTPErrorProcessor,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from provisioner import __version__
from provisioner.salesforce.audience import is_loopback
from provisioner.salesforce.reply import RETRIED, Reply, may_pass

TIMEOUT = 30.0  # seconds without a byte
MAXIMUM_BYTES = 1_000_000
WAITS = (0.5, 1.5)  # seconds before the second and the third try


def post_form(url: str, form: Mapping[str, str], timeout: float = TIMEOUT) -> Reply:
    """Post a form. A grant may be asked for twice, so lost answers and those that pass are retried.

    Raises OSError when no answer came: refused, timed out, not resolved, not trusted.
    """
    for wait in WAITS:
        try:
            reply = _send(url, urlencode(form).encode(), {}, timeout)
        except ConnectionResetError:
            time.sleep(wait)
            continue
        if not may_pass(reply):
            return reply
        time.sleep(wait)
    return _send(url, urlencode(form).encode(), {}, timeout)


def get_with_token(url: str, token: str, timeout: float = TIMEOUT) -> Reply:
    """Get `url` with a bearer token; answers that pass are retried.

    Raises OSError when no answer came.
    """
    headers = {"Authorization": f"Bearer {token}"}
    for wait in WAITS:
        reply = _send(url, None, headers, timeout)
        if reply.status not in RETRIED:
            return reply
        time.sleep(wait)
    return _send(url, None, headers, timeout)


def _send(url: str, body: bytes | None, headers: Mapping[str, str], timeout: float) -> Reply:
    """One request and its answer, whatever its status."""
    known = {"Accept": "application/json", "User-Agent": f"provisioner/{__version__}"}
    request = Request(url, body, {**known, **headers})  # noqa: S310 - origin() let http(s) only
    try:
        with _opener(url).open(request, timeout=timeout) as answer:
            return Reply(
                status=answer.status,
                body=answer.read(MAXIMUM_BYTES),
                content_type=answer.headers.get("Content-Type", ""),
                location=answer.headers.get("Location", ""),
                date=answer.headers.get("Date", ""),
            )
    except HTTPException as error:
        raise ConnectionResetError(f"broken answer: {type(error).__name__}") from error
    except OSError as error:
        reason = getattr(error, "reason", None)  # urllib wraps what happened
        raise reason if isinstance(reason, OSError) else error from None


def _opener(url: str) -> OpenerDirector:
    handlers: list[Any] = [_AnyStatus]
    if is_loopback(url):
        handlers.append(ProxyHandler({}))
    if url.startswith("https:"):
        from provisioner.salesforce.certificates import trusted_certificates

        handlers.append(HTTPSHandler(context=trusted_certificates()))
    return build_opener(*handlers)


class _AnyStatus(HTTPErrorProcessor):
    """Gives every status back as it came: no error is raised, and no redirect followed.

    An assertion or a token must not be sent where a redirect points to.
    """

    def http_response(self, request: Request, response: Any) -> Any:  # noqa: ARG002
        return response

    https_response = http_response
