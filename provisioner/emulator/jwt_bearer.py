"""The JWT bearer grant: signature, issuer, audience, expiry, user; each with its own error text.

The order of the checks lets a client distinguish a wrong key or audience from a wrong user.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jwt

from provisioner.emulator.errors import OAuthError
from provisioner.emulator.json_body import read_json
from provisioner.emulator.preauthorization import is_preauthorized

if TYPE_CHECKING:
    from provisioner.emulator.apps import ConnectedApp, InstalledApp
    from provisioner.emulator.org import EmulatedOrg
    from provisioner.emulator.world import World

PRODUCTION, SANDBOX = "https://login.salesforce.com", "https://test.salesforce.com"
_LEEWAY = 180  # seconds after `exp`: one client sends the current time as `exp`
_NO_CLAIMS = {
    f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
}
NOT_APPROVED = "user hasn't approved this consumer"
_WITHOUT_REFRESH = (
    "refresh_token scope is required and the connected app should be installed and preauthorized"
)
_USABLE = frozenset({"Api", "Full", "Web"})


def grant(world: World, assertion: str, base_url: str) -> tuple[EmulatedOrg, str, str]:
    """The org, user id and consumer key of a valid assertion. Raises OAuthError."""
    claims = _read(assertion)
    consumer_key, username = str(claims.get("iss", "")), str(claims.get("sub", ""))
    org, user_id = world.usernames.get(username.lower(), (None, ""))
    app = _app(world, org, consumer_key)
    _verify(assertion, app)
    _check_audience(world, claims.get("aud"), base_url, org)
    _check_expiry(claims.get("exp"))
    if org is None:
        raise OAuthError("invalid_grant", NOT_APPROVED)
    check_user(world, org, user_id)
    installed = org.apps.get(consumer_key)
    check_approval(org, installed, user_id, app)
    _check_scopes(app)
    return org, user_id, consumer_key


def check_user(world: World, org: EmulatedOrg, user_id: str) -> None:
    """The org must be active and allow logins already, and the user must be active."""
    if org.is_over():
        raise OAuthError("invalid_grant", NOT_APPROVED)
    if org.usable_from is not None and world.now() < org.usable_from:
        raise OAuthError("invalid_grant", NOT_APPROVED)
    user = org.store.peek("User", user_id)
    if user is None:
        raise OAuthError("invalid_grant", NOT_APPROVED)
    if not user["IsActive"]:
        raise OAuthError("inactive_user", "user is inactive")


def check_approval(
    org: EmulatedOrg, installed: InstalledApp | None, user_id: str, app: ConnectedApp
) -> None:
    """The app must be in the org, and approved for the user."""
    if installed is None:
        if app.kind == "external":
            raise OAuthError("app_not_found", "External client app is not installed in this org")
        raise OAuthError("invalid_grant", NOT_APPROVED)
    if installed.usable_from is not None and org.world.now() < installed.usable_from:
        raise OAuthError("invalid_grant", NOT_APPROVED)
    if not _is_approved(org, installed, user_id):
        if installed.app.policy == "admin":
            raise OAuthError("invalid_app_access", "user is not admin approved to access this app")
        raise OAuthError("invalid_grant", NOT_APPROVED)


def _is_approved(org: EmulatedOrg, installed: InstalledApp, user_id: str) -> bool:
    """By permission sets where a deployed app wants that, else by the users themselves."""
    if installed.app_id and installed.app.policy == "admin":
        return is_preauthorized(org, installed.app_id, user_id)
    return user_id in installed.approved


def _check_scopes(app: ConnectedApp) -> None:
    """Source: docs/reference/external-client-apps.md#scopes."""
    if not app.scopes & _USABLE:
        raise OAuthError("invalid_grant", "no valid scopes defined")
    if "RefreshToken" not in app.scopes:
        raise OAuthError("invalid_request", _WITHOUT_REFRESH)


def user_named(assertion: str) -> str:
    """The username in an assertion, unverified; "" when it cannot be read."""
    try:
        return str(_read(assertion).get("sub") or "")
    except OAuthError:
        return ""


def _read(assertion: str) -> dict[str, Any]:
    """The claims, unverified. Raises OAuthError "invalid assertion"."""
    try:
        part = assertion.split(".")[1]
        claims = read_json(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error) as error:
        raise OAuthError("invalid_grant", "invalid assertion") from error
    if not isinstance(claims, dict):
        raise OAuthError("invalid_grant", "invalid assertion")
    return claims


def _app(world: World, org: EmulatedOrg | None, consumer_key: str) -> ConnectedApp:
    """The app in the user's own org, else the app with that key in any org.

    One that is disabled is treated as unknown, since the real answer is not known. A new one is
    unknown for some minutes (docs/reference/external-client-apps.md#first-minutes-of-an-app).
    """
    for one in [*([org] if org else []), world.hub, *world.orgs.values()]:
        found = one.apps.get(consumer_key)
        if found is None:
            continue
        if found.app.is_enabled and (found.known_from is None or world.now() >= found.known_from):
            return found.app
        break
    raise OAuthError("invalid_client_id", "client identifier invalid")


def _verify(assertion: str, app: ConnectedApp) -> None:
    """The signature. Source: docs/reference/external-client-apps.md#first-minutes-of-an-app."""
    if app.public_key is None:
        raise OAuthError("invalid_grant", "invalid assertion")
    try:
        jwt.decode(assertion, app.public_key, algorithms=["RS256"], options=_NO_CLAIMS)  # type: ignore[arg-type]
    except jwt.InvalidTokenError as error:
        if app.kind == "external" and isinstance(error, jwt.InvalidSignatureError):
            raise OAuthError("invalid_client", "invalid client credentials") from error
        raise OAuthError("invalid_grant", "invalid assertion") from error


def _check_audience(world: World, audience: Any, base_url: str, org: EmulatedOrg | None) -> None:
    """Own address, as the client or the server spells it, or the generic host of the org kind."""
    own = {base_url, world.url, world.url.replace("127.0.0.1", "localhost")}
    if org is None:
        own |= {PRODUCTION, SANDBOX}
    else:
        own.add(PRODUCTION if org.is_hub else SANDBOX)
    given = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(one, str) and one.rstrip("/") in own for one in given):
        raise OAuthError("invalid_grant", "audience is invalid")


def _check_expiry(expiry: Any) -> None:
    """Refuse an assertion that has expired. A late expiry is accepted: one client sends
    milliseconds, another a string.

    It is compared with real time, which clients use, not with the world's clock.
    """
    try:
        seconds = float(expiry)
    except (TypeError, ValueError) as error:
        raise OAuthError("invalid_grant", "invalid assertion") from error
    if seconds < datetime.now(UTC).timestamp() - _LEEWAY:
        raise OAuthError("invalid_grant", "expired authorization code")
