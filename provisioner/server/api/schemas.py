"""The JSON schemas of the API. They describe the JSON of the command line."""

from __future__ import annotations

from typing import Any


def _text(nullable: bool = True) -> dict[str, Any]:
    return {"type": ["string", "null"] if nullable else "string"}


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
    "Error": ERROR,
}


def named(name: str) -> dict[str, Any]:
    """The reference to a schema of COMPONENTS."""
    return {"$ref": f"#/components/schemas/{name}"}
