"""Kept connections to all hosts, whose trusted certificates are read once.

requests reads its file of certificates anew for each connection (17 ms each), and every scratch
org is a host of its own.
"""

from __future__ import annotations

import os
import ssl
import threading
from typing import Any

import certifi
from requests.adapters import HTTPAdapter

HOSTS = 256  # whose connections are kept at the same time


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

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing to add: `ssl_context` verifies."""

    def _trusted(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = trusted()
            return self._context


def trusted() -> ssl.SSLContext:
    """Certificates as OpenSSL finds them (SSL_CERT_FILE), the CA of requests, else certifi's."""
    context = ssl.create_default_context()
    bundle = os.environ.get("REQUESTS_CA_BUNDLE")
    if bundle and os.path.isfile(bundle):
        context.load_verify_locations(bundle)
    paths = ssl.get_default_verify_paths()
    if not (bundle or paths.cafile or paths.capath):
        context.load_verify_locations(certifi.where())
    return context
