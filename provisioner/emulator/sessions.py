"""Access tokens: the org, user and expiry of each."""

from __future__ import annotations

import base64
import random
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import jwt

from provisioner.emulator.ids import to_15

if TYPE_CHECKING:
    from provisioner.emulator.clock import Clock
    from provisioner.emulator.org import EmulatedOrg

LIFETIME = timedelta(hours=2)


@dataclass
class Session:
    """One access token. It expires two hours after its last use, by the world's clock.

    As on the platform, use renews it only in the second half of its lifetime.
    """

    token: str
    org: EmulatedOrg
    user_id: str
    consumer_key: str
    expires: datetime
    family: int = 0  # of the refresh tokens that come with it; 0: there are none

    @property
    def is_jwt(self) -> bool:
        """Whether its token is a JWT, with which the SOAP APIs cannot be used."""
        return self.token.startswith("eyJ")

    def touch(self, now: datetime) -> None:
        """Record a use."""
        if self.expires - now < LIFETIME / 2:
            self.expires = now + LIFETIME


@dataclass(frozen=True)
class AuthCode:
    """What the one-time code of a sign-up gives access to."""

    org: EmulatedOrg
    user_id: str
    consumer_key: str
    callback_url: str
    expires: datetime


class Sessions:
    """All sessions of a world."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._random = random.Random(f"sessions {seed}")  # noqa: S311 - tokens of no real org
        self._by_token: dict[str, Session] = {}
        self._by_login: dict[tuple[str, str, str, int], Session] = {}
        self._ended: set[str] = set()
        self._orgs_of_jwts: dict[str, EmulatedOrg] = {}
        self._lock = threading.Lock()

    def open(
        self,
        org: EmulatedOrg,
        user_id: str,
        consumer_key: str,
        *,
        family: int = 0,
        as_jwt: bool = False,
    ) -> Session:
        """The session of a login: the active one of that user and app, or a new one."""
        now, login = self._clock.now(), (org.id, user_id, consumer_key, family)
        with self._lock:
            session = self._by_login.get(login)
            if session is None or session.expires <= now:
                token = self._new_jwt(org, user_id, consumer_key) if as_jwt else self._new(org)
                session = Session(token, org, user_id, consumer_key, now + LIFETIME, family)
                self._by_token[token] = self._by_login[login] = session
            session.touch(now)
            return session

    def _new(self, org: EmulatedOrg) -> str:
        return f"{to_15(org.id)}!AQ{self.new_secret()}"

    def _new_jwt(self, org: EmulatedOrg, user_id: str, consumer_key: str) -> str:
        """A token in the form of a JWT; nobody but this emulator can verify it."""
        now = int(self._clock.now().timestamp())
        claims = {"sub": f"uid:{user_id}", "client_id": consumer_key, "mty": "oauth", "iat": now}
        claims |= {"exp": now + int(LIFETIME.total_seconds())}
        headers = {"tnk": f"core/prod/{org.id}", "ver": "1.0", "tty": "sfdc-core-token"}
        token = jwt.encode(claims, self.new_secret(), "HS256", headers)
        self._orgs_of_jwts[token] = org
        return token

    def org_of_jwt(self, token: str) -> EmulatedOrg | None:
        """The org of a token that is a JWT, whether or not it is still valid."""
        return self._orgs_of_jwts.get(token)

    def new_secret(self) -> str:
        """A random string for tokens, codes and links, from the world's seed."""
        return base64.b64encode(self._random.randbytes(60), b"._").decode().rstrip("=")

    def find(self, token: str) -> Session | None:
        """The active session of a token; None if it is unknown or has ended."""
        session, now = self._by_token.get(token), self._clock.now()
        if session is None or session.expires <= now or session.org.is_deleted:
            return None
        session.touch(now)
        return session

    def end(self, token: str) -> bool:
        """End a session (revoke, logout); whether there was one."""
        with self._lock:
            session = self._by_token.pop(token, None)
            if session is None:
                return False
            login = session.org.id, session.user_id, session.consumer_key, session.family
            self._by_login.pop(login, None)
            self._ended.add(token)
            return True

    def is_ended(self, token: str) -> bool:
        """Whether a token was once one of a session that was ended."""
        return token in self._ended

    def end_of_family(self, family: int) -> None:
        """End the sessions that came with the refresh tokens of a login."""
        for token in [token for token, one in self._by_token.items() if one.family == family]:
            self.end(token)

    def end_of_org(self, org: EmulatedOrg) -> int:
        """End all sessions of an org; how many there were."""
        tokens = [token for token, one in self._by_token.items() if one.org is org]
        return sum(self.end(token) for token in tokens)
