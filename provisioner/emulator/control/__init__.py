"""The control plane below `/_emulator/`: tests inspect and change the world here, outside
Salesforce's paths.

It needs no session, and its requests are not in the request log. Bodies and answers are JSON; an
invalid body is answered with status 400 and `{"error": …}`.
"""

from __future__ import annotations

from typing import Any

from provisioner.emulator.routing import Call, Reply

ROOT = "/_emulator"


class ControlError(Exception):
    """An invalid request to the control plane; the text says what is wrong."""


def body_of(call: Call, *known: str) -> dict[str, Any]:
    """The body: an object with these keys only. Raises ControlError."""
    body = call.json() or {}
    if not isinstance(body, dict):
        raise ControlError("the body must be a JSON object")
    unknown = [key for key in body if key not in known]
    if unknown:
        raise ControlError(f"unknown key {unknown[0]!r}; the keys are {', '.join(known)}")
    return body


def refuse(error: Exception) -> Reply:
    """The answer to an invalid request; of packages, `path` leads to the value that is wrong."""
    path = getattr(error, "path", None)
    return Reply({"error": str(error), **({"path": path} if path else {})}, 400)
