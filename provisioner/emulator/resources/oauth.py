"""`/services/oauth2/token` and related endpoints: JWT bearer, codes, refresh, revoke, identity.

Source: docs/reference/login.md#request-and-answer.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from provisioner.emulator import jwt_bearer
from provisioner.emulator.apps import PLATFORM_CLI
from provisioner.emulator.errors import OAuthError, PlainError
from provisioner.emulator.ids import to_15
from provisioner.emulator.objects.values import format_datetime
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.sessions import AuthCode, Session

_UTC_OFFSET = -28800000
"""Of America/Los_Angeles without daylight saving, in milliseconds: the zone of each new user."""

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
    refresh_token = world.add_refresh_token(opened)
    body = _signed(call, opened)
    scope = "refresh_token web api"
    return Reply({**body, "refresh_token": refresh_token, "scope": scope})


def _refresh(call: Call, form: dict[str, str]) -> Reply:
    opened: AuthCode | None = call.world.refresh_tokens.get(form.get("refresh_token", ""))
    if opened is None or form.get("client_id", opened.consumer_key) != opened.consumer_key:
        raise OAuthError("invalid_grant", "expired access/refresh token")
    jwt_bearer.check_user(call.world, opened.org, opened.user_id)
    return Reply(_signed(call, opened))


def _signed(call: Call, login: AuthCode) -> dict[str, str]:
    """The tokens of flows in which a user approves: with a time and a signature.

    Source: "OAuth 2.0 Web Server Flow" and "Refresh Token Flow" in Salesforce Help. (An answer to
    a JWT has neither.) The emulated apps have no secret to sign with.
    """
    body = _token_body(call, login.org, login.user_id, login.consumer_key)
    issued_at = str(int(call.world.now().timestamp() * 1000))
    digest = hashlib.sha256(f"{body['id']}{issued_at}".encode()).digest()
    return {**body, "issued_at": issued_at, "signature": base64.b64encode(digest).decode()}


def _token_body(call: Call, org: EmulatedOrg, user_id: str, consumer_key: str) -> dict[str, str]:
    session = call.world.sessions.open(org, user_id, consumer_key)
    call.org = org
    _note_login(call, org, user_id, consumer_key)
    return {
        "access_token": session.token,
        "scope": "web api" if consumer_key != PLATFORM_CLI else "full",
        "instance_url": call.base_url,
        "id": f"{call.base_url}/id/{org.id}/{user_id}",
        "token_type": "Bearer",
        "api_instance_url": call.base_url,
    }


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
    """End a session or a refresh token."""
    token = {**call.query, **(call.form or {})}.get("token", "")
    call.org = call.world.org_of_token(token)
    was_refresh = call.world.refresh_tokens.pop(token, None)
    if not call.world.sessions.end(token) and was_refresh is None:
        raise OAuthError("unsupported_token_type", "this token type is not supported")
    return Reply("", content_type="text/html;charset=UTF-8")


@route("/services/oauth2/userinfo", "GET", "POST", name="oauth.userinfo", access="open")
def user_info(call: Call) -> Reply:
    """The identity of the bearer, in OpenID format."""
    org, user = _bearer(call)
    return Reply(
        {
            "sub": f"{call.base_url}/id/{org.id}/{user['Id']}",
            "user_id": user["Id"],
            "organization_id": org.id,
            "preferred_username": user["Username"],
            "nickname": user["CommunityNickname"] or user["Alias"],
            "name": user["Name"],
            "email": user["Email"],
            "email_verified": True,
            "given_name": user["FirstName"],
            "family_name": user["LastName"],
            "zoneinfo": user["TimeZoneSidKey"],
            "photos": _photos(call),
            "profile": f"{call.base_url}/{user['Id']}",
            "picture": _photos(call)["picture"],
            "address": _address(user),
            "is_salesforce_integration_user": False,
            "urls": _urls(call, org, user),
            "active": user["IsActive"],
            "user_type": "STANDARD",
            "language": user["LanguageLocaleKey"],
            "locale": user["LocaleSidKey"],
            "utcOffset": _UTC_OFFSET,
            "updated_at": f"{user['LastModifiedDate'][:19]}Z",
        }
    )


@route("/id/<org>/<user>", name="identity", access="open")
def identity(call: Call) -> Reply:
    """The identity of the bearer, for the bearer only; the `id` of a token answer is its URL."""
    org, user = _bearer(call)
    if call.params["org"][:15] != org.id[:15] or call.params["user"][:15] != user["Id"][:15]:
        raise PlainError("Bad_Id")
    return Reply(
        {
            "id": f"{call.base_url}/id/{org.id}/{user['Id']}",
            "asserted_user": True,
            "user_id": user["Id"],
            "organization_id": org.id,
            "username": user["Username"],
            "nick_name": user["CommunityNickname"] or user["Alias"],
            "display_name": user["Name"],
            "email": user["Email"],
            "email_verified": True,
            "first_name": user["FirstName"],
            "last_name": user["LastName"],
            "timezone": user["TimeZoneSidKey"],
            "photos": _photos(call),
            "addr_street": user["Street"],
            "addr_city": user["City"],
            "addr_state": user["State"],
            "addr_country": user["Country"],
            "addr_zip": user["PostalCode"],
            "mobile_phone": user["MobilePhone"],
            "mobile_phone_verified": False,
            "is_lightning_login_user": False,
            "status": {"created_date": None, "body": None},
            "urls": _urls(call, org, user),
            "active": user["IsActive"],
            "user_type": "STANDARD",
            "language": user["LanguageLocaleKey"],
            "locale": user["LocaleSidKey"],
            "utcOffset": _UTC_OFFSET,
            "last_modified_date": user["LastModifiedDate"],
            "is_app_installed": True,
        }
    )


def bearer_session(call: Call) -> Session:
    """The session of the token. Raises PlainError: 403 with one word.

    Source: "Identity URLs" in Salesforce Help, which lists the words.
    """
    form = {**call.query, **(call.form or {})}
    token = form.get("access_token") or call.headers.get("authorization", "").rpartition(" ")[2]
    session = call.world.session(token)
    if session is None:
        raise PlainError("Bad_OAuth_Token" if token else "Missing_OAuth_Token")
    call.org = session.org
    return session


def _bearer(call: Call) -> tuple[EmulatedOrg, dict[str, Any]]:
    """The org and user of the token. Raises PlainError."""
    session = bearer_session(call)
    user = session.org.store.peek("User", session.user_id)
    if user is None:
        raise PlainError("Bad_OAuth_Token")
    return session.org, user


def _photos(call: Call) -> dict[str, str]:
    picture = f"{call.base_url}/profilephoto/005"
    return {"picture": f"{picture}/F", "thumbnail": f"{picture}/T"}


def _address(user: dict[str, Any]) -> dict[str, str]:
    """The parts that the user has, by their names in OpenID."""
    names = {"street_address": "Street", "locality": "City", "region": "State",
             "postal_code": "PostalCode", "country": "Country"}  # fmt: skip
    return {key: user[name] for key, name in names.items() if user.get(name)}


def _urls(call: Call, org: EmulatedOrg, user: dict[str, Any]) -> dict[str, str]:
    """As NangoHQ/integration-templates recorded them: SOAP paths have the short org id."""
    rest = f"{call.base_url}/services/data/v{{version}}/"
    soap = f"{call.base_url}/services/Soap"
    short, chatter = to_15(org.id), f"{rest}chatter"
    return {
        "enterprise": f"{soap}/c/{{version}}/{short}",
        "metadata": f"{soap}/m/{{version}}/{short}",
        "partner": f"{soap}/u/{{version}}/{short}",
        "rest": rest,
        "sobjects": f"{rest}sobjects/",
        "search": f"{rest}search/",
        "query": f"{rest}query/",
        "recent": f"{rest}recent/",
        "tooling_soap": f"{soap}/T/{{version}}/{short}",
        "tooling_rest": f"{rest}tooling/",
        "profile": f"{call.base_url}/{user['Id']}",
        "feeds": f"{chatter}/feeds",
        "groups": f"{chatter}/groups",
        "users": f"{chatter}/users",
        "feed_items": f"{chatter}/feed-items",
        "feed_elements": f"{chatter}/feed-elements",
        "custom_domain": call.base_url,
    }
