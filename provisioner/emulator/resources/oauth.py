"""`/services/oauth2/token` and `/revoke`: JWT bearer, codes, refresh, revoke.

Source: docs/reference/login.md#request-and-answer.
"""

from __future__ import annotations

import base64
import hashlib

from provisioner.emulator import jwt_bearer
from provisioner.emulator.apps import PLATFORM_CLI, ConnectedApp
from provisioner.emulator.errors import OAuthError
from provisioner.emulator.objects.values import format_datetime
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.refresh_tokens import Family
from provisioner.emulator.routing import Call, Reply, route

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@route("/services/oauth2/token", "POST", "GET", name="oauth.token", access="open")
def token(call: Call) -> Reply:
    """An access token for a grant."""
    form = {**call.query, **(call.form or {})}
    grant_type = form.get("grant_type", "")
    if grant_type == JWT_BEARER:
        opened = jwt_bearer.grant(call.world, form.get("assertion", ""), call.base_url)
        return Reply(_token_body(call, *opened))
    if grant_type == "authorization_code":
        return _exchange(call, form)
    if grant_type == "refresh_token":
        return _refresh(call, form)
    raise OAuthError("unsupported_grant_type", "grant type not supported")


def _exchange(call: Call, form: dict[str, str]) -> Reply:
    """Exchange an AuthCode, once, for tokens; this approves the app for its user."""
    world, code = call.world, form.get("code", "")
    opened = world.auth_codes.get(code)
    if opened is None:
        raise OAuthError("invalid_grant", "invalid authorization code")
    if form.get("client_id") != opened.consumer_key:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    if form.get("redirect_uri") != opened.callback_url:
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    del world.auth_codes[code]
    if opened.expires <= world.now():
        raise OAuthError("invalid_grant", "expired authorization code")
    jwt_bearer.check_user(world, opened.org, opened.user_id)
    installed = opened.org.apps[opened.consumer_key]
    installed.approved.add(opened.user_id)
    family = world.refresh_tokens.start(opened)
    body = _signed(call, family)
    scope = "refresh_token web api"
    return Reply({**body, "refresh_token": family.current, "scope": scope})


def _refresh(call: Call, form: dict[str, str]) -> Reply:
    """A session for a refresh token, and a new refresh token in its place.

    The second use of a token ends all tokens of its login.

    Source: docs/reference/login.md#codes-and-refresh-tokens.
    """
    world, token = call.world, form.get("refresh_token", "")
    family = world.refresh_tokens.find(token, form.get("client_id"))
    if family is None:
        raise OAuthError("invalid_grant", "expired access/refresh token")
    if not family.is_ended:
        jwt_bearer.check_user(world, family.login.org, family.login.user_id)
    rotates = world.behavior.refresh_rotation == "on"
    following = world.refresh_tokens.use(token, rotates=rotates)
    if following is None:
        raise OAuthError("invalid_grant", "expired access/refresh token")
    body = _signed(call, family)
    return Reply({**body, "refresh_token": following} if rotates else body)


def _signed(call: Call, family: Family) -> dict[str, str]:
    """The tokens of flows in which a user approves: with a time and a signature.

    Source: "OAuth 2.0 Web Server Flow" and "Refresh Token Flow" in Salesforce Help. (An answer to
    a JWT has neither.) The emulated apps have no secret to sign with.
    """
    login = family.login
    body = _token_body(call, login.org, login.user_id, login.consumer_key, family.number)
    issued_at = str(int(call.world.now().timestamp() * 1000))
    digest = hashlib.sha256(f"{body['id']}{issued_at}".encode()).digest()
    return {**body, "issued_at": issued_at, "signature": base64.b64encode(digest).decode()}


def _token_body(
    call: Call, org: EmulatedOrg, user_id: str, consumer_key: str, family: int = 0
) -> dict[str, str]:
    app = org.apps[consumer_key].app if consumer_key in org.apps else None
    as_jwt = app is not None and app.has_jwt_tokens
    session = call.world.sessions.open(org, user_id, consumer_key, family=family, as_jwt=as_jwt)
    call.org = org
    _note_login(call, org, user_id, consumer_key)
    return {
        "access_token": session.token,
        "scope": _scope(app),
        "instance_url": call.base_url,
        "id": f"{call.base_url}/id/{org.id}/{user_id}",
        "token_type": "Bearer",
        "api_instance_url": call.base_url,
        **({"token_format": "jwt"} if session.is_jwt else {}),
    }


def _scope(app: ConnectedApp | None) -> str:
    """The scopes of an answer, by their OAuth names; a JWT login has no refresh token."""
    if app is None or app.consumer_key == PLATFORM_CLI:
        return "full" if app else "web api"
    return " ".join(one.lower() for one in ("Web", "Api", "Full") if one in app.scopes)


def _note_login(call: Call, org: EmulatedOrg, user_id: str, consumer_key: str) -> None:
    """Add a row to LoginHistory, also for a login that gets an existing session."""
    app = org.apps.get(consumer_key)
    org.store.add(
        "LoginHistory",
        {
            "UserId": user_id,
            "LoginTime": format_datetime(call.world.now()),
            "LoginType": "Remote Access 2.0",
            "SourceIp": "127.0.0.1",
            "LoginUrl": call.base_url.partition("//")[2],
            "Application": app.app.consumer_key if app else "Unknown",
            "Status": "Success",
        },
        user_id=user_id,
    )


@route("/services/oauth2/revoke", "POST", "GET", name="oauth.revoke", access="open")
def revoke(call: Call) -> Reply:
    """End a session, or a refresh token with the others of its login and their sessions.

    The text of `invalid_token` is not known. Source: docs/reference/login.md#revocation.
    """
    world, token = call.world, {**call.query, **(call.form or {})}.get("token", "")
    family = world.refresh_tokens.find(token, None)
    call.org = family.login.org if family else world.org_of_token(token)
    if world.sessions.end(token) or world.refresh_tokens.revoke(token):
        return Reply("", content_type="text/html;charset=UTF-8")
    if family is not None or world.sessions.is_ended(token):
        raise OAuthError("invalid_token", "invalid token")
    raise OAuthError("unsupported_token_type", "this token type is not supported")
