"""The identity of the bearer of a token: `userinfo` and the URL in each token answer.

Source: docs/reference/login.md#request-and-answer; "Identity URLs" in Salesforce Help.
"""

from __future__ import annotations

from typing import Any

from provisioner.emulator.errors import PlainError
from provisioner.emulator.ids import to_15
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.sessions import Session

_UTC_OFFSET = -28800000
"""Of America/Los_Angeles without daylight saving, in milliseconds: the zone of each new user."""


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
