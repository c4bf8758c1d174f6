"""Control plane: the refresh token that a login in a browser leaves behind."""

from __future__ import annotations

from provisioner.emulator import typed
from provisioner.emulator.control import ROOT, ControlError, body_of
from provisioner.emulator.control.setup import user_id_of
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.sessions import AuthCode


@route(f"{ROOT}/users/<username>/refresh-token", "POST", name="control.refresh", access="control")
def refresh_token(call: Call) -> Reply:
    """A refresh token of a user for an app of the org: `{"consumer_key": …}`."""
    body, username = body_of(call, "consumer_key"), call.params["username"]
    user_id = user_id_of(call, username)
    org, _ = call.world.usernames[username.lower()]
    key = typed.text(body.get("consumer_key"), "consumer_key")
    if key not in org.apps:
        raise ControlError(f"the org has no app with consumer key {key!r}")
    login = AuthCode(org, user_id, key, callback_url="", expires=call.world.now())
    return Reply({"refresh_token": call.world.add_refresh_token(login)}, 201)
