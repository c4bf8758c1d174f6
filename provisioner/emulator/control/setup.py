"""Control plane: change the world: time, limits, latencies, apps, users, packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from provisioner.emulator import typed
from provisioner.emulator.apps import app_from_certificate
from provisioner.emulator.control import ROOT, ControlError, body_of
from provisioner.emulator.features.assumptions import Assumption
from provisioner.emulator.metadata.packages import checked_packages
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.routing import Call, Reply, route


@route(f"{ROOT}/state", name="control.state", access="control")
def state(call: Call) -> Reply:
    """A summary of the world."""
    world = call.world
    return Reply(
        {
            "url": world.url,
            "time": world.now().isoformat(),
            "seed": world.seed,
            "speed": world.latencies.speed,
            "instant": world.latencies.instant,
            "limits": {k: v for k, v in vars(world.limits).items() if v is not None},
            "latencies": world.latencies.ranges(),
            "hub": {"id": world.hub.id, "app": world.hub_app, "apps": sorted(world.hub.apps)},
            "behavior": asdict(world.behavior),
            "orgs": [one.as_json() for one in world.orgs.values()],
        }
    )


@route(f"{ROOT}/clock", "POST", name="control.clock", access="control")
def clock(call: Call) -> Reply:
    """Advance world time: `{"advance": seconds}`."""
    seconds = body_of(call, "advance").get("advance", 0)
    call.world.clock.advance(typed.number(seconds, "advance", -typed.A_CENTURY))
    return Reply({"time": call.world.now().isoformat()})


@route(f"{ROOT}/limits", "PATCH", "POST", name="control.limits", access="control")
def limits(call: Call) -> Reply:
    """Change limits: `{"active": n, "daily": n, "api": n}`, each optional."""
    body = body_of(call, "active", "daily", "api")
    for name, value in [(name, typed.whole(value, name)) for name, value in body.items()]:
        setattr(call.world.limits, name, value)
    return Reply(vars(call.world.limits))


@route(f"{ROOT}/latencies", "PATCH", "POST", name="control.latencies", access="control")
def latencies(call: Call) -> Reply:
    """Change durations: `{"propagation": 30, "signup.Creating": [30, 60]}` in seconds."""
    known = {name.partition(".")[0] for name in call.world.latencies.ranges()}
    changes = body_of(call, *call.world.latencies.ranges(), *known)
    call.world.latencies.override(changes)
    return Reply(call.world.latencies.ranges())


@route(f"{ROOT}/apps", "POST", name="control.apps", access="control")
def apps(call: Call) -> Reply:
    """Register an app (or replace it): consumer_key, certificate (PEM), kind, policy, org.

    `carried` says whether sign-ups carry it, as connected apps are and external ones are not.
    `approved` lists the usernames of that org for which the app is approved; default: none.
    """
    keys = ("consumer_key", "certificate", "kind", "policy", "org", "approved", "carried")
    body = body_of(call, *keys)
    is_carried = body.get("carried")
    if is_carried not in (None, True, False):
        raise ControlError("carried must be true or false")
    app = app_from_certificate(
        typed.text(body.get("consumer_key"), "consumer_key"),
        typed.text(body.get("certificate"), "certificate"),
        kind=_one_of(body, "kind", "connected", "external"),
        policy=_one_of(body, "policy", "admin", "self"),
        is_carried=is_carried,
    )
    approved = [
        user_id_of(call, name) for name in typed.texts(body.get("approved", []), "approved")
    ]
    org = org_named(call, typed.text(body.get("org", "hub"), "org"))
    call.world.register_app(app, org=org, approved=approved)
    return Reply({"consumer_key": app.consumer_key}, 201)


@route(f"{ROOT}/apps/<org>/<key>", "DELETE", name="control.apps.remove", access="control")
def remove_app(call: Call) -> Reply:
    """Uninstall an app from an org."""
    found = org_named(call, call.params["org"]).apps.pop(call.params["key"], None)
    return Reply(status=204 if found else 404)


@route(f"{ROOT}/users/<username>", "PATCH", name="control.users", access="control")
def users(call: Call) -> Reply:
    """Change a user as an administrator would: `{"IsActive": false}`."""
    user_id = user_id_of(call, call.params["username"])
    org, _ = call.world.usernames[call.params["username"].lower()]
    values = body_of(call, *org.store.types["User"].fields)
    if any(isinstance(value, dict | list) for value in values.values()):
        raise ControlError("the value of a user field must not be a list or an object")
    org.store.set_fields("User", user_id, values)
    return Reply(org.store.peek("User", user_id))


@route(f"{ROOT}/packages", "POST", name="control.packages", access="control")
def packages(call: Call) -> Reply:
    """Add package versions: `{"04t…": {"name": …, "version": …}}`. Then no others exist."""
    known = dict(call.world.packages or {}) | checked_packages(call.json() or {})
    call.world.packages = known
    return Reply(known)


@route(f"{ROOT}/namespaces", "POST", name="control.namespaces", access="control")
def namespaces(call: Call) -> Reply:
    """Link namespaces to the Dev Hub: `{"prefixes": ["acme"]}`; sign-ups may then use them."""
    store = call.world.hub.store
    for prefix in typed.texts(body_of(call, "prefixes").get("prefixes", []), "prefixes"):
        if not store.find_by("NamespaceRegistry", "NamespacePrefix", prefix):
            store.add("NamespaceRegistry", {"NamespacePrefix": prefix})
    return Reply(status=204)


def _one_of(body: Mapping[str, Any], name: str, usual: Any, other: str) -> Any:
    value = body.get(name, usual)
    if value not in (usual, other):
        raise ControlError(f"{name} must be {usual!r} or {other!r}")
    return value


def org_named(call: Call, name: str) -> EmulatedOrg:
    """An org by its id, by "hub", or by a username in it."""
    if name.lower() in call.world.usernames:
        return call.world.usernames[name.lower()][0]
    found = call.world.org(name)
    if found is None:
        raise ControlError(f"no org has the id or username {name!r}")
    return found


def user_id_of(call: Call, username: str) -> str:
    """The user id of a username."""
    if username.lower() not in call.world.usernames:
        raise ControlError(f"no user has the username {username!r}")
    return call.world.usernames[username.lower()][1]


@route(f"{ROOT}/assumptions", "POST", name="control.assumptions", access="control")
def assumptions(call: Call) -> Reply:
    """Give every new scratch org more than the emulator knows: `{"assume": ["object:Ext__c"]}`."""
    texts = body_of(call, "assume").get("assume", [])
    if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
        raise ControlError("assume must be a list of texts")
    call.world.assumptions += [Assumption.parse(one) for one in texts]
    return Reply({"assume": [f"{one.kind}:{one.name}" for one in call.world.assumptions]})


@route(f"{ROOT}/notes", name="control.notes", access="control")
def notes(call: Call) -> Reply:
    """What the emulator does not know about the orgs that it has made, for people."""
    return Reply(call.world.notes)
