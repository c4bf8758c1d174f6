"""`/sobjects/User/<Id>/password`: set, reset, query. Passwords are checked and not stored.

Source: docs/reference/users.md#passwords.
"""

from __future__ import annotations

from provisioner.emulator.errors import ApiError
from provisioner.emulator.routing import Call, Reply, route

_PATH = "/services/data/v<version>/sobjects/User/<id>/password"


@route(_PATH, "GET", name="password.status")
def status(call: Call) -> Reply:
    """Whether it has expired; always false here."""
    _user(call)
    return Reply({"isExpired": False})


@route(_PATH, "POST", "PATCH", name="password.set")
def set_password(call: Call) -> Reply:
    """Set a password; one's own only with the feature EnableSetPasswordInApi.

    Source: docs/reference/users.md#passwords.
    """
    user_id = _user(call)
    body = call.json()
    password = body.get("NewPassword") if isinstance(body, dict) else None
    if not isinstance(password, str) or len(password) < 8:
        text = "Your password must be at least 8 characters long."
        raise ApiError(400, "INVALID_NEW_PASSWORD", text, [])
    features = {one.lower() for one in call.session_org().features}
    if user_id == call.user_id and "enablesetpasswordinapi" not in features:
        text = "insufficient access rights on cross-reference id"
        raise ApiError(400, "INSUFFICIENT_ACCESS", text, [])
    return Reply(status=204)


@route(_PATH, "DELETE", name="password.reset")
def reset(call: Call) -> Reply:
    """A generated password."""
    _user(call)
    alphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return Reply({"NewPassword": "".join(call.world.rng.choices(alphabet, k=20)) + "!7"})


def _user(call: Call) -> str:
    user = call.session_org().store.get("User", call.params["id"])
    if user is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return str(user["Id"])
