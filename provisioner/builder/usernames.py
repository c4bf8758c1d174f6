"""The usernames that we choose for scratch orgs: readable, and unique across all of Salesforce."""

from __future__ import annotations

import secrets

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that a person confuses when reading aloud
# Source: docs/reference/sign-up.md#usernames
_UNIQUE_LENGTH = 10  # 49 bits: usernames are global, also those of deleted orgs
_MAXIMUM_LENGTH = 80


def new_username(pool: str, hub_username: str) -> str:
    """`<pool>-<unique part>@<domain of the Dev Hub's user>`, at most 80 characters."""
    unique = "".join(secrets.choice(_ALPHABET) for _ in range(_UNIQUE_LENGTH))
    domain = hub_username.rpartition("@")[2].lower() or "scratch.example"
    username = f"{pool}-{unique}@{domain}"
    return username if len(username) <= _MAXIMUM_LENGTH else f"{pool}-{unique}@scratch.example"
