"""Control plane: what a login in a browser gives: a session, or a refresh token."""

from __future__ import annotations

from provisioner.emulator import typed
from provisioner.emulator.apps import PLATFORM_CLI
from provisioner.emulator.control import ROOT, ControlError, body_of
from provisioner.emulator.control.setup import user_id_of
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.sessions import AuthCode


@route(f"{ROOT}/sessions", "POST", name="control.sessions.open", access="control")
def session(call: Call) -> Reply:
    """A session of a user, as a login with the CLI in a browser gives it: `{"username": …}`."""
    username = typed.text(body_of(call, "username").get("username"), "username")
    user_id = user_id_of(call, username)
    org, _ = call.world.usernames[username.lower()]
    opened = call.world.sessions.open(org, user_id, PLATFORM_CLI)
    return Reply({"access_token": opened.token, "instance_url": call.base_url}, 201)


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
