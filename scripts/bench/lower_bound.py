"""The shortest time in which orgs can be built, given how long each of their operations takes."""

import heapq
from collections.abc import Iterable


def chains(drawn: Iterable[dict]) -> list[tuple[float, float]]:
    """Seconds of the sign-up, and of everything after it, of each org in the order of sign-ups.

    `drawn` is what the emulator answers at `/_emulator/latencies/drawn`. The operations of one org
    never run at the same time.
    """
    orgs: dict[str, tuple[float, float]] = {}
    for one in drawn:
        if name := one["username"]:
            sign_up, rest = orgs.get(name, (0.0, 0.0))
            if one["operation"] == "signup":
                sign_up += one["seconds"]
            else:
                rest += one["seconds"]
            orgs[name] = sign_up, rest
    return list(orgs.values())


def lower_bound(orgs: Iterable[tuple[float, float]], slots: int) -> float:
    """Seconds until the last org is ready; at most `slots` sign-ups at a time, in this order."""
    free = [0.0] * slots
    end = 0.0
    for sign_up, rest in orgs:
        active = heapq.heappop(free) + sign_up
        heapq.heappush(free, active)
        end = max(end, active + rest)
    return end
