"""Control plane: the switches of the platform's behaviour."""

from __future__ import annotations

from dataclasses import asdict

from provisioner.emulator import typed
from provisioner.emulator.behavior import read_behavior, switches
from provisioner.emulator.control import ROOT, body_of
from provisioner.emulator.routing import Call, Reply, route


@route(f"{ROOT}/behavior", "PATCH", "POST", name="control.behavior", access="control")
def behavior(call: Call) -> Reply:
    """Change switches: `{"refresh_rotation": "off", "auth_code_life": 60}`."""
    texts = [
        f"{name}={value if isinstance(value, int | float) else typed.text(value, name)}"
        for name, value in body_of(call, *switches()).items()
    ]
    call.world.behavior = read_behavior(texts, call.world.behavior)
    return Reply(asdict(call.world.behavior))
