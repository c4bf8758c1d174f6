"""Control plane: list, inspect, expire and delete orgs; end their sessions."""

from __future__ import annotations

from provisioner.emulator import typed
from provisioner.emulator.control import ROOT, ControlError, body_of
from provisioner.emulator.control.setup import org_named
from provisioner.emulator.routing import Call, Reply, route


@route(f"{ROOT}/orgs", "GET", name="control.orgs", access="control")
def orgs(call: Call) -> Reply:
    """All orgs, including deleted ones."""
    return Reply([one.as_json() for one in call.world.orgs.values()])


@route(f"{ROOT}/orgs", "POST", name="control.orgs.add", access="control")
def add_org(call: Call) -> Reply:
    """Add a scratch org without a sign-up: `{"username": …, "consumer_key": …}` (its app)."""
    body = body_of(call, "username", "name", "days", "edition", "consumer_key")
    world, key = call.world, body.pop("consumer_key", None)
    if key is not None and typed.text(key, "consumer_key") not in world.hub.apps:
        raise ControlError(f"the Dev Hub has no app with consumer key {key!r}")
    typed.text(body.get("username"), "username")
    for name, value in body.items():
        typed.whole(value, name, 0, 36_500) if name == "days" else typed.text(value, name)
    org = world.add_scratch_org(**body)
    if key:
        world.register_app(world.hub.apps[key].app, org=org, approved=[org.admin_id])
    return Reply(org.as_json(), 201)


@route(f"{ROOT}/orgs/<org>", "DELETE", name="control.orgs.end", access="control")
def end_org(call: Call) -> Reply:
    """Delete an org, as if it had expired or a user had deleted it."""
    org = org_named(call, call.params["org"])
    if org.is_hub:
        raise ControlError("the Dev Hub cannot be deleted")
    org.end()
    return Reply(org.as_json())


@route(f"{ROOT}/orgs/<org>/expire", "POST", name="control.orgs.expire", access="control")
def expire_org(call: Call) -> Reply:
    """Expire an org now; its records in the Dev Hub change at their next poll."""
    org = org_named(call, call.params["org"])
    org.expires = call.world.now()
    org.is_over()
    return Reply(org.as_json())


@route(f"{ROOT}/orgs/<org>/sessions", "DELETE", name="control.sessions", access="control")
def end_sessions(call: Call) -> Reply:
    """End all sessions of an org: its access tokens get 401 INVALID_SESSION_ID."""
    org = org_named(call, call.params["org"])
    return Reply({"ended": call.world.sessions.end_of_org(org)})


@route(f"{ROOT}/orgs/<org>/records/<type>", name="control.records", access="control")
def records(call: Call) -> Reply:
    """All records of a type, as they are stored. This is not a poll: no operation progresses."""
    store = org_named(call, call.params["org"]).store
    found = store.find_type(call.params["type"])
    if found is None:
        raise ControlError(f"the org has no object named {call.params['type']!r}")
    return Reply(store.peek_rows(found.name))


@route(f"{ROOT}/orgs/<org>/components", name="control.components", access="control")
def components(call: Call) -> Reply:
    """The metadata components from deploys and packages, as `Type:FullName`."""
    org = org_named(call, call.params["org"])
    return Reply(sorted(f"{one.type}:{one.full_name}" for one in list(org.components.values())))
