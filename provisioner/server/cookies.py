"""The cookie of a person who has signed in: encrypted, so that no server has to remember it.

Each server with the same secret accepts it, so that two servers can share one address. It
ends after LIFETIME, and cannot be ended earlier on the side of the server.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken

from provisioner.access.person import Person

LIFETIME = timedelta(hours=8)
START = timedelta(minutes=10)
"""How long a sign-in at the identity provider may take."""
_LONGEST = 3500  # bytes; browsers refuse cookies of more than 4096


@dataclass(frozen=True)
class SignedIn:
    """The content of a cookie."""

    person: Person
    id: str  # random, differs for each sign-in


class Cookies:
    """Makes and reads the cookies of one secret."""

    def __init__(self, secret: bytes, *, is_https: bool) -> None:
        key = hashlib.sha256(b"provisioner cookie " + secret).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(key))
        self._csrf_key = hashlib.sha256(b"provisioner form " + secret).digest()
        self.is_https = is_https

    @property
    def name_of_start(self) -> str:
        """The cookie of a sign-in that has been started."""
        return f"{self.name}-sign-in"

    @property
    def name(self) -> str:
        """A browser accepts `__Host-` only by https, from this host, for all paths."""
        return "__Host-provisioner" if self.is_https else "provisioner"

    def seal(self, person: Person) -> str:
        """The value of a new cookie. Groups that do not fit are left out, the last ones first."""
        groups = sorted(person.groups)
        while True:
            content = {
                "id": secrets.token_urlsafe(16),
                "name": person.name,
                "groups": groups,
                "way": person.way,
                "local": person.is_local,
            }
            value = self._fernet.encrypt(json.dumps(content).encode()).decode()
            if len(value) <= _LONGEST or not groups:
                return value
            groups = groups[: len(groups) * 3 // 4]

    def open(self, value: str) -> SignedIn | None:
        """The content of a cookie; None for one that is forged, or older than LIFETIME."""
        try:
            raw = self._fernet.decrypt(value, ttl=int(LIFETIME.total_seconds()))
        except (InvalidToken, ValueError, TypeError):
            return None
        content = json.loads(raw)
        if "name" not in content:
            return None  # the cookie of a sign-in that has only been started
        person = Person(
            content["name"],
            frozenset(content["groups"]),
            way=content["way"],
            is_local=content["local"],
        )
        return SignedIn(person, content["id"])

    def seal_text(self, content: Mapping[str, str]) -> str:
        """The value of a cookie for a sign-in that has been started."""
        return self._fernet.encrypt(json.dumps(content).encode()).decode()

    def open_text(self, value: str) -> dict[str, str] | None:
        """The content of such a cookie; None for one that is forged, or older than START."""
        try:
            raw = self._fernet.decrypt(value, ttl=int(START.total_seconds()))
        except (InvalidToken, ValueError, TypeError):
            return None
        found = json.loads(raw)
        return found if "state" in found else None

    def csrf_token(self, signed_in: SignedIn) -> str:
        """The text that each form of this sign-in contains."""
        return hmac.new(self._csrf_key, signed_in.id.encode(), hashlib.sha256).hexdigest()

    def is_own_form(self, signed_in: SignedIn, token: str) -> bool:
        """Whether a form came from a page of this sign-in."""
        return hmac.compare_digest(self.csrf_token(signed_in).encode(), token.encode())
