"""The signed assertion of a JWT bearer login: app, user, audience and expiry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.salesforce.keys import SigningKey

LIFE = 180  # seconds; Salesforce documents a window of three minutes (docs/reference/login.md)


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
    import jwt

    claims = {
        "iss": app.consumer_key,
        "sub": username,
        "aud": audience,
        "exp": int(now) + LIFE,
    }
    return jwt.encode(claims, app.key.private, algorithm="RS256")
