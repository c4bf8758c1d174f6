"""The signed assertion of a JWT bearer login: app, user, audience and expiry."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from provisioner.salesforce.keys import SigningKey

LIFE = 180  # seconds; Salesforce documents a window of three minutes (docs/reference/login.md)
HEADER = {"alg": "RS256", "typ": "JWT"}


@dataclass(frozen=True)
class App:
    """A connected app: its consumer key, and the private key of its certificate."""

    consumer_key: str
    key: SigningKey


def assertion(app: App, username: str, audience: str, now: float) -> str:
    """A JWT signed with RS256 that requests a session of `username`.

    `now` is in seconds since 1970. The JWT has only the four claims that Salesforce reads; `exp`
    is an integer. The result is a credential for `LIFE` seconds: never log it.
    """
    claims = {
        "iss": app.consumer_key,
        "sub": username,
        "aud": audience,
        "exp": int(now) + LIFE,
    }
    return _signed(claims, app.key.private)


def _signed(claims: Mapping[str, object], key: RSAPrivateKey) -> str:
    """The claims as a JWT in the compact form (RFC 7515, sections 3.1 and A.2).

    PyJWT does the same, but its import takes a fifth of the time of a login.
    """
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    signed = f"{_part(_json(HEADER))}.{_part(_json(claims))}"
    return f"{signed}.{_part(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def _json(values: Mapping[str, object]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode()


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
