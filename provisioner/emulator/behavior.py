"""Switches for what the platform does and no source settles: `--behavior NAME=VALUE`.

docs/emulator.md marks each of them as known or unknown on the platform, with its source.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_type_hints

from provisioner.emulator import typed

YesNo = Literal["yes", "no"]


@dataclass(frozen=True)
class Behavior:
    """The switches of one world, with their defaults.

    Source of each: docs/reference/external-client-apps.md, docs/reference/login.md and
    docs/reference/dev-hub.md.
    """

    requested_key: Literal["kept", "replaced"] = "kept"
    """Whether a deployed app gets the consumer key that its file asks for, or always a new one."""

    setup_entity_access: Literal["by_deploy", "inserted"] = "by_deploy"
    """Whether a deploy of policies also creates the SetupEntityAccess row of a permission set."""

    new_app_id_on_redeploy: YesNo = "no"
    """Whether a redeploy gives an app a new id, which makes its SetupEntityAccess rows stale."""

    deleted_org_frees_key: YesNo = "no"
    """Whether the consumer keys of a deleted org can be used again."""

    refresh_rotation: Literal["on", "off"] = "on"
    """Whether each use of a refresh token replaces it, and a second use ends the whole family."""

    auth_code_life: float = 900
    """Seconds in which the AuthCode of a sign-up can be exchanged; `--speed` does not divide it."""

    can_delete_orgs: Literal["own", "all", "none"] = "own"
    """Which scratch orgs a user who is no administrator deletes, with Delete on the objects."""

    limits_readable: YesNo = "yes"
    """Whether `/limits` answers a user who is no administrator."""

    org_snapshots: Literal["on", "off"] = "on"
    """Whether the Dev Hub has org snapshots: Setup, Scratch Orgs, Enable Scratch Org Snapshots."""

    snapshot_carries_app: YesNo = "no"
    """Whether an org from a snapshot has the External Client Apps of its source, with their keys.
    Connected apps are never copied (docs/reference/sign-up.md#snapshots)."""


_KINDS = get_type_hints(Behavior)


def read_behavior(texts: Iterable[str], base: Behavior | None = None) -> Behavior:
    """The switches that `NAME=VALUE` texts set. Raises ValueError for an unknown name or value."""
    values: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in _KINDS:
            raise ValueError(f"{text!r} must be NAME=VALUE; the names are {', '.join(_KINDS)}")
        values[name] = _value(name, value)
    return replace(base or Behavior(), **values)


def switches() -> dict[str, tuple[str, ...]]:
    """The values of each switch, the default first; `(number)` where it is a number."""
    found = {}
    for one in fields(Behavior):
        values = [str(value) for value in get_args(_KINDS[one.name])]
        found[one.name] = tuple(sorted(values, key=lambda value: value != one.default))
    return found


def _value(name: str, text: str) -> str | float:
    values = get_args(_KINDS[name])
    if not values:
        number = typed.decimal(text)
        if number is None or number < 0:
            raise ValueError(f"{name} must be a number of seconds, not {text!r}")
        return number
    if text not in values:
        raise ValueError(f"{name} must be one of {', '.join(values)}, not {text!r}")
    return text
