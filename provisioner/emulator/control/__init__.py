"""The control plane below `/_emulator/`: what tests see and change, outside Salesforce's paths.

It asks for no session and its requests are not in the log. Bodies and answers are JSON; a wrong
body is a 400 with `{"error": …}`.
"""

from __future__ import annotations

from typing import Any

from provisioner.emulator.routing import Call, Reply

ROOT = "/_emulator"


class ControlError(Exception):
    """A request to the control plane that cannot be understood; the text says why."""


def body_of(call: Call, *known: str) -> dict[str, Any]:
    """The body, an object with no other keys than these."""
    body = call.json() or {}
    if not isinstance(body, dict):
        raise ControlError("the body must be a JSON object")
    unknown = [key for key in body if key not in known]
    if unknown:
        raise ControlError(f"{unknown[0]!r} is not known here; known are {', '.join(known)}")
    return body


def refuse(error: Exception) -> Reply:
    """The answer to a request that cannot be understood."""
    return Reply({"error": str(error)}, 400)
