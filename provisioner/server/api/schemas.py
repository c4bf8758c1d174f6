"""The JSON schemas of the API. They describe the JSON of the command line."""

from __future__ import annotations

from typing import Any

from provisioner.declare.duration import PATTERN


def _text(nullable: bool = True) -> dict[str, Any]:
    return {"type": ["string", "null"] if nullable else "string"}


def given(description: str, **more: Any) -> dict[str, Any]:
    """A text that a request gives: one line."""
    return {"type": "string", "description": description, "maxLength": 200, **more}


def duration(description: str) -> dict[str, Any]:
    """A duration that a request gives."""
    return given(description, pattern=f"^{PATTERN}$")


ORG: dict[str, Any] = {
    "type": "object",
    "required": ["username", "pool", "state"],
    "properties": {
        "username": _text(nullable=False),
        "pool": _text(nullable=False),
        "state": _text(nullable=False),
        **{
            name: _text()
            for name in (
                "org_id",
                "instance_url",
                "login_url",
                "created_at",
                "expires_at",
                "definition",
                "fingerprint",
                "snapshot",
                "owner",
                "purpose",
                "team",
                "borrowed_from",
                "lease_until",
                "consumer_key",
                "error",
            )
        },
        "fence": {"type": "integer"},
        "users": {
            "type": "array",
            "items": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    },
}
SESSION: dict[str, Any] = {
    "type": "object",
    "required": ["username", "org_id", "instance_url", "access_token", "consumer_key"],
    "properties": {
        name: _text(nullable=False)
        for name in ("username", "org_id", "instance_url", "access_token", "consumer_key")
    },
}
POOL: dict[str, Any] = {
    "type": "object",
    "required": ["name", "available", "claimed", "building", "failed", "orgs"],
    "properties": {
        "name": _text(nullable=False),
        "size": {"type": ["integer", "null"]},
        **{name: {"type": "integer"} for name in ("available", "claimed", "building", "failed")},
        "orgs": {"type": "array", "items": {"$ref": "#/components/schemas/Org"}},
    },
}
POOLS: dict[str, Any] = {
    "type": "object",
    "required": ["pools"],
    "properties": {"pools": {"type": "array", "items": {"$ref": "#/components/schemas/Pool"}}},
}
ORGS: dict[str, Any] = {
    "type": "object",
    "required": ["orgs"],
    "properties": {"orgs": {"type": "array", "items": {"$ref": "#/components/schemas/Org"}}},
}
_RUN: dict[str, Any] = {
    "run": _text(nullable=False),
    "host": _text(nullable=False),
    "started_at": {"type": "string", "format": "date-time"},
    "finished_at": {"type": ["string", "null"], "format": "date-time"},
}
RUNS: dict[str, Any] = {
    "type": "object",
    "required": ["runs"],
    "properties": {
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["run", "started_at", "finished_at"],
                "properties": {
                    **_RUN,
                    "exit_code": {"type": ["integer", "null"]},
                    "error": _text(),
                    **{
                        name: {"type": ["integer", "null"]}
                        for name in ("wanted", "built", "failed")
                    },
                },
            },
        }
    },
}
RUN: dict[str, Any] = {
    "type": "object",
    "description": "the record of a run, as `report --json` prints it",
    "required": ["run", "started_at", "finished_at", "verdict", "causes"],
    "properties": {
        **_RUN,
        "verdict": _text(),
        **{
            name: {"type": "array", "items": {"type": "object"}}
            for name in ("causes", "times", "warnings", "events")
        },
    },
}
ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "hint"],
            "properties": {name: _text(nullable=False) for name in ("code", "message", "hint")},
        }
    },
}
COMPONENTS: dict[str, Any] = {
    "Org": ORG,
    "Session": SESSION,
    "Pool": POOL,
    "Pools": POOLS,
    "Orgs": ORGS,
    "Runs": RUNS,
    "Run": RUN,
    "Error": ERROR,
}


def named(name: str) -> dict[str, Any]:
    """The reference to a schema of COMPONENTS."""
    return {"$ref": f"#/components/schemas/{name}"}
