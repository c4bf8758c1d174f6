"""Which certificates are trusted: those of this machine, or certifi's where it has none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl


def trusted_certificates() -> ssl.SSLContext:
    """Certificates as OpenSSL finds them (SSL_CERT_FILE), the CA of requests, else certifi's."""
    import ssl

    context = ssl.create_default_context()
    bundle = os.environ.get("REQUESTS_CA_BUNDLE")
    if bundle and os.path.isfile(bundle):
        context.load_verify_locations(bundle)
    paths = ssl.get_default_verify_paths()
    if not (bundle or paths.cafile or paths.capath):
        import certifi

        context.load_verify_locations(certifi.where())
    return context
