"""How a rehearsal follows the facts of the real Dev Hub: its login apps, durations and limits."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.input_file import SETTINGS, read_input
from provisioner.input_json import JsonProblem, parse_json

if TYPE_CHECKING:
    from provisioner.ledger.facts import HubFacts

_HUB_APPS = {"replicated": "connected", "deployed": "external"}
_LONGEST_NEW = 10.0  # seconds that a sign-up is New, of a range in docs/reference/durations.md
_NO_LIMIT = 1_000_000  # scratch orgs; the most that the limits of a Dev Hub can say


def emulator_options(facts: HubFacts) -> list[str]:
    """The options of an emulator that behaves like this Dev Hub; none for unknown facts."""
    options = []
    if facts.sign_up_way:
        options += ["--hub-app", _HUB_APPS[facts.sign_up_way]]
    if facts.asked_consumer_key_kept is False:
        options += ["--behavior", "requested_key=replaced"]
    if facts.setup_entity_access:
        options += ["--behavior", f"setup_entity_access={facts.setup_entity_access}"]
    return options


def limits(facts: HubFacts, chosen: str = "") -> str:
    """The option `--limits` of the emulator: as `chosen`, else as the Dev Hub's own.

    A limit that neither names is high enough for every pool.yaml.
    """
    known = {"active": facts.active_limit, "daily": facts.daily_limit}
    found = [f"{name}={_NO_LIMIT if most is None else most}" for name, most in known.items()]
    return ",".join([*found, *([chosen] if chosen else [])])


def latencies(facts: HubFacts, without: Collection[str] = ()) -> dict[str, float]:
    """Durations of the emulator in seconds, by operation; not those of `without`."""
    found: dict[str, float] = {}
    if (seconds := facts.sign_up_seconds) is not None:
        new = min(_LONGEST_NEW, seconds / 5)
        found |= {"signup.New": new, "signup.Creating": seconds - new}
    if (delay := facts.login_delay_seconds) is not None:
        if facts.sign_up_way == "deployed":
            found |= dict.fromkeys(("app_latency.Unknown", "app_latency.NotApproved"), delay / 2)
        else:
            found["propagation"] = delay
    return {
        name: seconds
        for name, seconds in found.items()
        if name not in without and name.partition(".")[0] not in without
    }


def latencies_in(path: Path | None) -> frozenset[str]:
    """The durations that a file of faults sets; none of a file that cannot be read.

    The emulator reports what is wrong with such a file.
    """
    if path is None:
        return frozenset()
    try:
        document = parse_json(read_input(path, SETTINGS).decode("utf-8-sig"))
    except (OSError, JsonProblem, UnicodeDecodeError):
        return frozenset()
    named = document.get("latencies") if isinstance(document, dict) else None
    return frozenset(named if isinstance(named, dict) else ())


def sentence(facts: HubFacts) -> str:
    """What the rehearsal simulates, in one line; "" when nothing is known."""
    parts = []
    if facts.sign_up_way == "replicated":
        parts.append("sign-ups copy its app")
    elif facts.sign_up_way:
        parts.append("each org gets a login app of its own")
    if facts.sign_up_seconds is not None:
        parts.append(f"a sign-up takes {facts.sign_up_seconds:.0f} s")
    if facts.login_delay_seconds is not None:
        parts.append(f"a first login works {facts.login_delay_seconds:.0f} s later")
    if facts.allowances:
        parts.append(f"it allows {facts.allowances}")
    if not parts:
        return ""
    at = facts.probed_at
    measured = f" (check --probe of {at:%Y-%m-%d})" if at else ""
    return f"Simulating what is known of your Dev Hub{measured}: {', '.join(parts)}."
