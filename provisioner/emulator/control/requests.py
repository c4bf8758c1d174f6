"""Control plane: request log, counts, faults, held requests."""

from __future__ import annotations

from provisioner.emulator import typed
from provisioner.emulator.control import ROOT, body_of
from provisioner.emulator.holds import Hold
from provisioner.emulator.routing import Call, Reply, route


@route(f"{ROOT}/log", "GET", name="control.log", access="control")
def log(call: Call) -> Reply:
    """The requests, oldest first; with `?since=N` those with a higher number."""
    since = typed.whole(int(call.query.get("since", 0)), "since")
    return Reply([one.as_json() for one in call.world.log.entries() if one.number > since])


@route(f"{ROOT}/log", "DELETE", name="control.log.clear", access="control")
def clear_log(call: Call) -> Reply:
    """Clear entries and counts."""
    call.world.log.clear()
    return Reply(status=204)


@route(f"{ROOT}/counts", name="control.counts", access="control")
def counts(call: Call) -> Reply:
    """Requests by org ("hub", an org id, "") and route name."""
    return Reply(call.world.log.counts())


@route(f"{ROOT}/faults", "GET", name="control.faults", access="control")
def faults(call: Call) -> Reply:
    """All faults, and how often each was applied."""
    return Reply([one.as_json() for one in call.world.faults.all()])


@route(f"{ROOT}/faults", "POST", name="control.faults.add", access="control")
def add_faults(call: Call) -> Reply:
    """Add a fault, or a list of them: `faults.py` describes the format."""
    specs = call.json()
    added = [call.world.faults.add(one) for one in (specs if isinstance(specs, list) else [specs])]
    return Reply({"ids": added}, 201)


@route(f"{ROOT}/faults", "DELETE", name="control.faults.clear", access="control")
def clear_faults(call: Call) -> Reply:
    """Delete all faults."""
    call.world.faults.clear()
    return Reply(status=204)


@route(f"{ROOT}/faults/<id>", "DELETE", name="control.faults.remove", access="control")
def remove_fault(call: Call) -> Reply:
    """Delete one fault."""
    return Reply(status=204 if call.world.faults.remove(call.params["id"]) else 404)


@route(f"{ROOT}/holds", "GET", name="control.holds", access="control")
def holds(call: Call) -> Reply:
    """The requests held now by `{"do": "hold"}`; `?wait=S` waits up to S seconds for one."""
    held = call.world.holds.current(wait=_seconds(call.query.get("wait", "0")))
    return Reply([_as_json(one) for one in held])


@route(f"{ROOT}/holds/release", "POST", name="control.holds.release", access="control")
def release(call: Call) -> Reply:
    """Release one held request (`{"number": n}`), or all."""
    number = body_of(call, "number").get("number")
    if number is not None:
        number = typed.whole(number, "number")
    return Reply({"released": call.world.holds.release(number)})


def _seconds(text: str) -> float:
    return typed.number(float(text), "wait", 0, 3600)


def _as_json(hold: Hold) -> dict[str, object]:
    return {key: value for key, value in vars(hold).items() if key != "released"}
