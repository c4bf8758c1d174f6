"""The trusted CA certificates: those of this machine, or certifi's when it has none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl


def trusted_certificates() -> ssl.SSLContext:
    """The certificates of OpenSSL (SSL_CERT_FILE) and of REQUESTS_CA_BUNDLE, else certifi's."""
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
