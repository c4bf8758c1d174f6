"""Sign-in with an identity provider: the authorization code flow of OpenID Connect, with PKCE.

What is needed at the return (state, nonce, code verifier) is in an encrypted cookie of ten minutes,
so that another server behind the same address can receive it.
Source: https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth, RFC 7636.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from provisioner.access.person import Person
from provisioner.claim.owner import clean_text
from provisioner.errors import AccessError, LoginError
from provisioner.server.sign_in.issuers import TIMEOUT, Issuer, TokenError

if TYPE_CHECKING:
    from provisioner.config.server import SignIn

CALLBACK = "/sign-in/callback"


class IdentityProvider:
    """The identity provider of `server.sign_in`."""

    def __init__(self, settings: SignIn, url: str) -> None:
        self._settings = settings
        self._redirect_uri = f"{url.rstrip('/')}{CALLBACK}"
        self._issuer = Issuer(settings.issuer)

    def start(self) -> tuple[str, dict[str, str]]:
        """The URL to which the browser is sent, and what the return is compared with."""
        kept = {
            "state": secrets.token_urlsafe(24),
            "nonce": secrets.token_urlsafe(24),
            "verifier": secrets.token_urlsafe(48),
        }
        with self._client() as client:
            url, _ = client.create_authorization_url(
                self._issuer.endpoint("authorization_endpoint"),
                state=kept["state"],
                nonce=kept["nonce"],
                code_verifier=kept["verifier"],
            )
        return url, kept

    def finish(self, kept: Mapping[str, str], returned: Mapping[str, str], address: str) -> Person:
        """The person who has come back. Raises AccessError, LoginError."""
        if not hmac.compare_digest(kept["state"].encode(), returned.get("state", "").encode()):
            raise AccessError("this sign-in was not started here", hint="start it again")
        if "error" in returned:
            refused = clean_text(returned["error"][:100], "error")
            raise AccessError(f"the identity provider has refused the sign-in: {refused}")
        claims = self._claims(returned.get("code", ""), kept["verifier"])
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), kept["nonce"].encode()):
            raise TokenError("the token belongs to another sign-in")
        return self._person(claims, address)

    def _claims(self, code: str, verifier: str) -> dict[str, Any]:
        try:
            with self._client() as client:
                answer = client.fetch_token(
                    self._issuer.endpoint("token_endpoint"),
                    code=code,
                    code_verifier=verifier,
                    grant_type="authorization_code",
                )
        except OAuthError as error:
            raise AccessError(
                f"the identity provider gives no token: {error.error}", hint="sign in again"
            ) from None
        except httpx.HTTPError as error:
            raise LoginError(
                f"the identity provider is not reached: {type(error).__name__}",
                code="unreachable",
                is_transient=True,
            ) from None
        return self._issuer.verified(str(answer.get("id_token", "")), self._settings.client_id)

    def _person(self, claims: Mapping[str, Any], address: str) -> Person:
        claim = self._settings.user_claim
        name = claims.get(claim)
        if not isinstance(name, str) or not name.strip():
            raise AccessError(
                f"the token has no claim {claim}",
                hint="name the claim with the person in server.sign_in.user_claim",
            )
        if claim == "email" and claims.get("email_verified") is False:
            raise AccessError("the identity provider has not verified the e-mail address")
        groups = claims.get(self._settings.groups_claim, [])
        found = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        names = frozenset(group for group in found if isinstance(group, str))
        return Person(clean_text(name, claim), names, way="openid connect", address=address)

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            self._settings.client_id,
            self._settings.client_secret.reveal(),
            scope=" ".join(self._settings.scopes),
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            timeout=TIMEOUT,
        )
