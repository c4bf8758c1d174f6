"""Kept connections to all hosts, whose trusted certificates are read once.

requests reads its file of certificates anew for each connection (17 ms each), and every scratch
org is a host of its own.
"""

from __future__ import annotations

import ssl
import threading
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from provisioner.salesforce.certificates import trusted_certificates
from provisioner.salesforce.json_text import read_json

HOSTS = 256  # whose connections are kept at the same time


class Answer(requests.Response):
    """An answer in UTF-8, whatever it says: guessing takes minutes for a body of some MB."""

    def json(self, **_: Any) -> Any:
        """The JSON of the body. Raises MalformedAnswerError."""
        return read_json(self.content)


class KeptConnections(HTTPAdapter):
    """One pool of connections for any number of sessions and `threads`."""

    def __init__(self, threads: int) -> None:
        super().__init__(pool_connections=HOSTS, pool_maxsize=threads)
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

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
