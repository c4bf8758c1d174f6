"""Issuers of OpenID Connect: their endpoints and keys, and the verification of their tokens.

Sources: OpenID Connect Discovery 1.0, https://openid.net/specs/openid-connect-discovery-1_0.html;
OpenID Connect Core 1.0 (ID Token Validation), https://openid.net/specs/openid-connect-core-1_0.html.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import Any

import httpx
import jwt

from provisioner.config.server import url_rule
from provisioner.errors import AccessError, LoginError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures by a key that only the issuer has. `none` and those with a shared secret are not."""
LEEWAY = 30.0  # seconds that clocks may differ
TIMEOUT = 5.0  # seconds, of each wait for the network …
LONGEST_FETCH = 10.0  # … and of a whole answer
LONGEST_ANSWER = 1 << 20  # bytes
KEYS_LAST = 3600.0  # seconds until the keys are fetched again
LEAST_BETWEEN = 30.0  # seconds between two fetches because of a key that is not known
AGAIN_AFTER = 5.0  # seconds after a fetch that failed: meanwhile no request waits for another one


class TokenError(AccessError):
    """A token is not valid."""

    default_code = "token_refused"


class Issuer:
    """One issuer. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._metadata: Mapping[str, Any] = {}
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._failure: tuple[float, str] = (float("-inf"), "")  # the last one: when, and why

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The endpoints, from the discovery document. Raises LoginError when it is not reached."""
        with self._lock:
            self._require_no_recent_failure()
            return self._discovered()

    def endpoint(self, name: str) -> str:
        """The URL of an endpoint. Raises LoginError."""
        url = self.metadata.get(name)
        if not isinstance(url, str) or url_rule(url):
            raise self._failed(f"its {name} is {url!r}")
        return url

    def verified(self, token: str, audience: str, **more: Any) -> dict[str, Any]:
        """The claims of a valid token of this issuer for `audience`.

        `more` are further options of `jwt.decode`. Raises TokenError for a token that is not valid,
        LoginError when the issuer is not reached.
        """
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise TokenError("the token is malformed") from None
        if header.get("alg") not in ALGORITHMS:
            raise TokenError("the token is not signed with a key of its issuer")
        key = self._key(str(header.get("kid", "")))
        try:
            return dict(
                jwt.decode(
                    token,
                    key.key,
                    algorithms=[key.algorithm_name] if key.algorithm_name else [*ALGORITHMS],
                    audience=audience,
                    issuer=self.url,
                    leeway=LEEWAY,
                    options={"require": ["iss", "aud", "exp", "iat"]},
                    **more,
                )
            )
        except jwt.PyJWTError as error:
            raise TokenError(f"the token is refused: {error}") from None

    def _key(self, kid: str) -> jwt.PyJWK:
        if time.monotonic() - self._fetched_at <= KEYS_LAST and (known := self._keys.get(kid)):
            return known  # also while another thread fetches keys
        with self._lock:
            age = time.monotonic() - self._fetched_at
            if age > KEYS_LAST or (kid not in self._keys and age > LEAST_BETWEEN):
                self._require_no_recent_failure()
                self._fetch_keys()
            if not kid and len(self._keys) == 1:
                return next(iter(self._keys.values()))
            if kid not in self._keys:
                raise TokenError("the token is signed with a key that its issuer does not have")
            return self._keys[kid]

    def _require_no_recent_failure(self) -> None:
        """Raises LoginError: when the issuer is away, one request at a time finds that out."""
        at, why = self._failure
        if time.monotonic() - at < AGAIN_AFTER:
            raise self._error(why)

    def _fetch_keys(self) -> None:
        url = self._discovered().get("jwks_uri")
        if not isinstance(url, str) or url_rule(url):
            raise self._failed(f"its jwks_uri is {url!r}")
        found = {}
        for entry in _list(self._fetch(url), "keys"):
            try:
                key = jwt.PyJWK.from_dict(entry)
            except (jwt.PyJWTError, TypeError, ValueError):
                continue  # a kind of key that we do not use
            if key.key_type in ("RSA", "EC", "OKP") and entry.get("use", "sig") == "sig":
                found[key.key_id or ""] = key
        self._keys, self._fetched_at = found, time.monotonic()

    def _discovered(self) -> Mapping[str, Any]:
        if not self._metadata:
            found = self._fetch(f"{self.url.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.url:
                raise self._failed(f"it calls itself {found.get('issuer')!r}")
            self._metadata = found
        return self._metadata

    def _fetch(self, url: str) -> Mapping[str, Any]:
        end = time.monotonic() + LONGEST_FETCH
        try:
            with httpx.stream("GET", url, timeout=TIMEOUT, follow_redirects=False) as answer:
                if answer.status_code != 200:
                    raise self._failed(f"{url} answers with HTTP {answer.status_code}")
                raw = b""
                for piece in answer.iter_bytes():
                    raw += piece
                    if len(raw) > LONGEST_ANSWER or time.monotonic() > end:
                        raise self._failed(f"the answer of {url} is too long, or takes too long")
        except httpx.HTTPError as error:
            raise self._failed(f"{url} is not reached: {type(error).__name__}") from None
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._failed(f"the answer of {url} is not a JSON object")
        return found

    def _failed(self, why: str) -> LoginError:
        self._failure = (time.monotonic(), why)
        return self._error(why)

    def _error(self, why: str) -> LoginError:
        return LoginError(
            f"the issuer {self.url} cannot be used: {why}",
            code="unreachable",
            is_transient=True,
            hint="check server.sign_in.issuer and server.ci in pool.yaml, and the network",
        )


def _list(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = document.get(name)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
