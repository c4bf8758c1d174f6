"""Kept connections to all hosts, whose trusted certificates are read once, and whose calls end.

requests reads its file of certificates anew for each connection (17 ms each), and every scratch
org is a host of its own.
"""

from __future__ import annotations

import ssl
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

from provisioner.salesforce.bounded import Limits, bounded, whole_body
from provisioner.salesforce.certificates import trusted_certificates
from provisioner.salesforce.json_text import read_json

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

HOSTS = 256  # whose connections are kept at the same time


class NotConnectedError(OSError):
    """No connection came about, or no TLS on it: nothing of the request has left."""


class Answer(requests.Response):
    """An answer that is here as a whole.

    Its text is UTF-8, whatever it says: to guess takes minutes for a body of some MB.
    """

    raw: BaseHTTPResponse
    body = b""

    @property
    def content(self) -> bytes:
        """The body, unpacked."""
        return self.body

    def json(self, **_: Any) -> Any:
        """The JSON of the body. Raises MalformedAnswerError."""
        return read_json(self.body)


class KeptConnections(HTTPAdapter):
    """One pool of connections for any number of sessions and `threads`."""

    def __init__(self, threads: int, limits: Limits) -> None:
        super().__init__(pool_connections=HOSTS, pool_maxsize=threads)
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._limits = limits

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> Answer:
        """Send a request and read the whole answer. Raises requests.ConnectionError."""
        request.headers["Accept-Encoding"] = "gzip"
        answer = cast(Answer, super().send(request, *args, **options))
        raw = answer.raw
        encoding = answer.headers.get("Content-Encoding", "")
        try:
            answer.body = whole_body(
                lambda most: raw.read(most, decode_content=False), encoding, self._limits.size
            )
        except ReadTimeoutError as error:
            raise requests.ReadTimeout(error, request=request) from error
        except (HTTPError, OSError) as error:
            raise requests.ConnectionError(error, request=request) from error
        finally:
            if not raw.closed:  # what is left of it is not waited for
                raw.close()
            raw.release_conn()
        return answer

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        """A pool whose connections keep to the limits and tell whether they came about."""
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = _telling(pool.ConnectionCls, self._limits)
        return pool

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Hosts over TLS share one context, which has the certificates already."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] != "https":
            return host, pool
        known = {key: value for key, value in pool.items() if not key.startswith("ca_cert")}
        return host, {**known, "ssl_context": self._trusted()}

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """An Answer in place of the class that requests has."""
        response = super().build_response(req, resp)
        response.__class__ = Answer
        response.encoding = "utf-8"
        return response

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing to add: `ssl_context` verifies."""

    def _trusted(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = trusted_certificates()
            return self._context


class _Telling:
    """Mixed into a class of connections: what fails before a request is sent is told apart."""

    def connect(self) -> None:
        """Connect. Raises NotConnectedError."""
        try:
            super().connect()  # type: ignore[misc]
        except (HTTPError, OSError) as error:
            raise NotConnectedError(str(error)) from error


@lru_cache(maxsize=64)
def _telling(kind: Any, limits: Limits) -> Any:
    if issubclass(kind, _Telling):
        return kind
    return type(kind.__name__, (_Telling, bounded(kind, limits)), {})
