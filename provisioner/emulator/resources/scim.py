"""SCIM, `/services/scim/v1/Users` and `v2`: create a user as the CLI does, and read one.

Source: docs/reference/users.md#scim; "SCIM and REST API Reference Sheet" and "Example: Create Users
with SCIM" in Salesforce Help; `User.createUser` of forcedotcom/sfdx-core.

The refusal without a profile was recorded (Microsoft Q&A 5828857); the text for a record that
cannot be saved is that of Apex, as in forcedotcom/cli issue 3142. Names of attributes are compared
in any case (RFC 7643, section 2.1): the CLI sends `username`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.emulator.dml import given
from provisioner.emulator.errors import ApiError, NotEmulatedError, RecordError
from provisioner.emulator.objects.records import Record
from provisioner.emulator.request_parts import token_of
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.sessions import AuthCode

_USERS = "/services/scim/v<version>/Users"
_SCHEMAS = {
    "1": ("urn:scim:schemas:core:1.0", "urn:scim:schemas:extension:enterprise:1.0"),
    "2": (
        "urn:ietf:params:scim:schemas:core:2.0:User",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    ),
}
_FIELDS = {
    "userName": "Username", "nickName": "CommunityNickname", "title": "Title",
    "externalId": "FederationIdentifier", "locale": "LocaleSidKey", "timezone": "TimeZoneSidKey",
    "preferredLanguage": "LanguageLocaleKey", "emailEncodingKey": "EmailEncodingKey",
    "active": "IsActive",
}  # fmt: skip
_NAMES = {"familyName": "LastName", "givenName": "FirstName"}
_OF_THE_ORG = {
    "LocaleSidKey": "DefaultLocaleSidKey", "TimeZoneSidKey": "TimeZoneSidKey",
    "LanguageLocaleKey": "LanguageLocaleKey",
}  # fmt: skip
_NO_PROFILE = "user_must_have_one_entitlement_which_must_be_a_profileid"


@route(_USERS, "POST", name="scim.create")
def create(call: Call) -> Reply:
    """201 with the new user; with the header `auto-approve-user` also a refresh token for them.

    The token is that of the app of the session, which is approved for the user.
    """
    _require_version(call)
    store = call.session_org().store
    try:
        user_id = store.insert("User", _values(call), user_id=call.user_id)
    except ApiError as error:
        return _refusal(call, error.status, f"{error.code}:{error.message};")
    except RecordError as error:
        fields = f": [{', '.join(error.fields)}]" if error.fields else ""
        is_first = call.version == "1" and error.code != "DUPLICATE_USERNAME"
        status = 400 if is_first else 409
        return _refusal(call, status, f"{error.code}, {error.message}{fields}")
    user = store.peek("User", user_id)
    assert user is not None
    headers = {"Location": _location(call, user_id)}
    if call.headers.get("auto-approve-user", "").lower() == "true":
        headers["auto-approve-user"] = _approve(call, user_id)
    return Reply(_body(call, user), 201, headers=headers)


@route(f"{_USERS}/<id>", "GET", name="scim.user")
def read(call: Call) -> Reply:
    """A user."""
    _require_version(call)
    user = call.session_org().store.peek("User", call.params["id"])
    if user is None:
        return _refusal(call, 404, f"Resource {call.params['id']} not found")
    return Reply(_body(call, user))


@route(_USERS, "GET", name="scim.list")
@route(f"{_USERS}/<id>", "PUT", "PATCH", "DELETE", name="scim.change")
def others(call: Call) -> Reply:
    """Lists and changes of users are not emulated."""
    raise NotEmulatedError(f"SCIM {call.method} Users")


def _require_version(call: Call) -> None:
    if call.version not in _SCHEMAS:
        raise NotEmulatedError(call.path)


def _values(call: Call) -> dict[str, Any]:
    """The fields of the user that a body describes. Raises ApiError."""
    body = call.json()
    if not isinstance(body, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "the user must be a JSON object")
    values = _fields(body, _FIELDS) | _fields(given(body, "name"), _NAMES)
    values["Email"] = _first_value(given(body, "emails"))
    values["ProfileId"] = _first_value(given(body, "entitlements"))
    if not values["ProfileId"]:
        raise ApiError(409, "REQUIRED_FIELD_MISSING", _NO_PROFILE)
    return {**_defaults(call, values), **values}


def _fields(attributes: Any, fields: Mapping[str, str]) -> dict[str, Any]:
    """The attributes that have a value, by the names of their fields."""
    if not isinstance(attributes, dict):
        return {}
    values = {field: given(attributes, name) for name, field in fields.items()}
    return {field: value for field, value in values.items() if value is not None}


def _first_value(values: Any) -> Any:
    """The primary one of several values, or the first; `["a"]` is `[{"value": "a"}]`."""
    if not isinstance(values, list) or not values:
        return None
    primary = (one for one in values if isinstance(one, dict) and one.get("primary") is True)
    first = next(primary, values[0])
    return first.get("value") if isinstance(first, dict) else first


def _defaults(call: Call, values: Mapping[str, Any]) -> dict[str, Any]:
    """What SCIM does not have, or leaves to the organization."""
    [organization] = call.session_org().store.peek_rows("Organization")
    first, last = str(values.get("FirstName") or ""), str(values.get("LastName") or "")
    return {
        "Alias": (first[:1] + last[:4]).lower(),
        "EmailEncodingKey": "UTF-8",
        **{name: organization[source] for name, source in _OF_THE_ORG.items()},
    }


def _approve(call: Call, user_id: str) -> str:
    """Approve the app of the session for a user; a refresh token of that app for them."""
    world, org = call.world, call.session_org()
    session = world.session(token_of(call.headers))
    key = session.consumer_key if session else ""
    if key in org.apps:
        org.apps[key].approved.add(user_id)
    return world.add_refresh_token(AuthCode(org, user_id, key, "", world.now()))


def _body(call: Call, user: Record) -> dict[str, Any]:
    """A user as SCIM describes them."""
    store = call.session_org().store
    profile = store.peek("Profile", user["ProfileId"] or "")
    entitlement = {
        "value": user["ProfileId"],
        "$ref": f"/Entitlements/{user['ProfileId']}",
        "display": profile["Name"] if profile else None,
        "type": "Profile",
        "primary": True,
    }
    names = {key: user[field] for key, field in _NAMES.items() if user[field]}
    found = {
        "schemas": list(_SCHEMAS[call.version]),
        "id": user["Id"],
        **{key: user[name] for key, name in _FIELDS.items() if user.get(name) is not None},
        "name": {"formatted": user["Name"], **names},
        "displayName": user["Name"],
        "emails": [{"type": "work", "primary": True, "value": user["Email"]}],
        "userType": user["UserType"],
        "entitlements": [entitlement],
        "groups": [],
        "roles": [],
        "meta": _meta(call, user),
    }
    return {key: value for key, value in found.items() if value is not None}


def _meta(call: Call, user: Record) -> dict[str, Any]:
    resource_type = {"resourceType": "User"} if call.version == "2" else {}
    return {
        **resource_type,
        "created": str(user["CreatedDate"]).replace("+0000", "Z"),
        "lastModified": str(user["LastModifiedDate"]).replace("+0000", "Z"),
        "location": _location(call, user["Id"]),
    }


def _location(call: Call, user_id: str) -> str:
    return f"{call.base_url}/services/scim/v{call.version}/Users/{user_id}"


def _refusal(call: Call, status: int, text: str) -> Reply:
    """An error in the format of SCIM 1.1 or of SCIM 2.0."""
    if call.version == "1":
        return Reply({"Errors": [{"description": text, "code": status}]}, status)
    error = "urn:ietf:params:scim:api:messages:2.0:Error"
    return Reply({"schemas": [error], "detail": text, "status": status}, status)
