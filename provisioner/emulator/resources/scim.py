"""SCIM, `/services/scim/v<n>/Users`: create a user, and read one.

Source: docs/reference/users.md#scim.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.emulator.errors import NotEmulatedError, RecordError
from provisioner.emulator.objects.values import parse_datetime
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.sessions import AuthCode

_SCHEMAS = {
    "1": ["urn:scim:schemas:core:1.0", "urn:scim:schemas:extension:enterprise:1.0"],
    "2": ["urn:ietf:params:scim:schemas:core:2.0:User"],
}
_LOCALE_FIELDS = ("TimeZoneSidKey", "LocaleSidKey", "LanguageLocaleKey", "EmailEncodingKey")


@route("/services/scim/v<version>/Users", "POST", name="scim.create")
def create_user(call: Call) -> Reply:
    """Create a user; `auto-approve-user: true` also gives a refresh token for the client's app."""
    _require_version(call)
    body, store = call.json(), call.session_org().store
    try:
        values = _values(call, body if isinstance(body, dict) else {})
        user_id = store.insert("User", values, user_id=call.user_id)
    except RecordError as error:
        return _refusal(error)
    headers = {"Location": f"{call.base_url}{call.path}/{user_id}"}
    if call.headers.get("auto-approve-user", "").lower() == "true":
        headers["auto-approve-user"] = _approve(call, user_id)
    return Reply(_user(call, user_id), 201, headers=headers)


@route("/services/scim/v<version>/Users/<id>", name="scim.user")
def user(call: Call) -> Reply:
    """A user by id."""
    _require_version(call)
    if call.session_org().store.get("User", call.params["id"]) is None:
        text = f"Resource {call.params['id']} not found."
        return Reply({"Errors": [{"description": text, "code": 404}]}, 404)
    return Reply(_user(call, call.params["id"]))


def _require_version(call: Call) -> None:
    if call.version not in _SCHEMAS:
        raise NotEmulatedError(call.path)


def _values(call: Call, body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a User; what SCIM does not give comes from the user of the session."""
    own = call.session_org().store.peek("User", call.user_id) or {}
    given = {key.lower(): value for key, value in body.items()}
    username, names = _text(given.get("username")), given.get("name")
    names = names if isinstance(names, dict) else {}
    email = _first(given.get("emails"))
    return {
        **{name: own.get(name) for name in _LOCALE_FIELDS},
        "Username": username,
        "Email": email,
        "LastName": _text(names.get("familyName")),
        "FirstName": _text(names.get("givenName")),
        "CommunityNickname": _text(given.get("nickname")),
        "Alias": username.partition("@")[0][:8] or None,
        "ProfileId": _first(given.get("entitlements")),
        "IsActive": given.get("active", True) is not False,
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _first(values: Any) -> str:
    """The first of several values; each is a text, or an object with a `value`."""
    first = values[0] if isinstance(values, list) and values else None
    return _text(first.get("value") if isinstance(first, dict) else first)


def _approve(call: Call, user_id: str) -> str:
    """Approve the app of the session for the user; a refresh token of the user for this app."""
    org, token = call.session_org(), call.headers.get("authorization", "").rpartition(" ")[2]
    session = call.world.session(token)
    assert session is not None
    if session.consumer_key in org.apps:
        org.apps[session.consumer_key].approved.add(user_id)
    login = AuthCode(org, user_id, session.consumer_key, callback_url="", expires=call.world.now())
    return call.world.add_refresh_token(login)


def _refusal(error: RecordError) -> Reply:
    """`Errors`, each with a description that contains the error code."""
    status = 409 if error.code == "DUPLICATE_USERNAME" else 400
    description = f"{error.code}: {error.message}"
    return Reply({"Errors": [{"description": description, "code": status}]}, status)


def _user(call: Call, user_id: str) -> dict[str, Any]:
    row = call.session_org().store.peek("User", user_id) or {}
    return {
        "schemas": _SCHEMAS[call.version],
        "id": row["Id"],
        "userName": row["Username"],
        "displayName": row["Name"],
        "nickName": row["CommunityNickname"],
        "name": {
            "formatted": row["Name"],
            "familyName": row["LastName"],
            "givenName": row["FirstName"],
        },
        "emails": [{"type": "work", "primary": True, "value": row["Email"]}],
        "entitlements": [{"value": row["ProfileId"], "primary": True}],
        "locale": row["LocaleSidKey"],
        "timezone": row["TimeZoneSidKey"],
        "preferredLanguage": row["LanguageLocaleKey"],
        "active": row["IsActive"],
        "meta": {
            "created": _moment(row["CreatedDate"]),
            "lastModified": _moment(row["LastModifiedDate"]),
            "location": f"{call.base_url}/services/scim/v{call.version}/Users/{row['Id']}",
        },
    }


def _moment(text: str) -> str:
    return f"{parse_datetime(text):%Y-%m-%dT%H:%M:%SZ}"
