"""Control plane: the durations that were drawn."""

from __future__ import annotations

from dataclasses import asdict

from provisioner.emulator.control import ROOT
from provisioner.emulator.routing import Call, Reply, route


@route(f"{ROOT}/latencies/drawn", name="control.latencies.drawn", access="control")
def drawn(call: Call) -> Reply:
    """All draws, oldest first: `[{"username", "operation", "state", "seconds"}]`.

    `username` is that of the scratch org in which the operation runs; the seconds are divided by
    the speed. The n-th org that is signed up draws the same durations in each world of one seed.
    """
    return Reply([asdict(one) for one in call.world.latencies.drawn.all()])
