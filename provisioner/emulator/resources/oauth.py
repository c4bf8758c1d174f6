"""`/services/oauth2/token` and its kin: JWT bearer, AuthCode, revoke, identity."""

from __future__ import annotations

from provisioner.emulator import jwt_bearer
from provisioner.emulator.errors import OAuthError
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.routing import Call, Reply, route

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@route("/services/oauth2/token", "POST", "GET", name="oauth.token", access="open")
def token(call: Call) -> Reply:
    """An access token for a grant."""
    form = {**call.query, **(call.form or {})}
    grant_type = form.get("grant_type", "")
    if grant_type == JWT_BEARER:
        org, user_id, consumer_key = jwt_bearer.grant(
            call.world, form.get("assertion", ""), call.base_url
        )
        return Reply(_token_body(call, org, user_id, consumer_key))
    raise OAuthError("unsupported_grant_type", "grant type not supported")


def _token_body(call: Call, org: EmulatedOrg, user_id: str, consumer_key: str) -> dict[str, str]:
    session = call.world.sessions.open(org, user_id, consumer_key)
    call.org = org
    return {
        "access_token": session.token,
        "scope": "web api",
        "instance_url": call.base_url,
        "id": f"{call.base_url}/id/{org.id}/{user_id}",
        "token_type": "Bearer",
        "api_instance_url": call.base_url,
    }
