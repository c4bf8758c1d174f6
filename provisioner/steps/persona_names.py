"""The names and usernames of personas: the users that `create_users` adds to an org."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

PERSONA = r"[A-Za-z0-9][A-Za-z0-9_-]{0,29}"
"""Longer names would not leave room for the org's username, nor for the ownership tag."""

LONGEST_USERNAME = 80  # Source: docs/reference/sign-up.md#usernames
_ENDINGS = ("-user-def", "-user")
_DIGEST = 8


def persona_of(file: Path) -> str:
    """The name of the persona that a user definition file describes: `agent` of `agent-user.json`.

    `agent-user-def.json` and `agent.json` are the same.
    """
    stem = file.stem
    for ending in _ENDINGS:
        if stem.lower().endswith(ending):
            return stem[: -len(ending)]
    return stem


def persona_username(persona: str, org_username: str) -> str:
    """`<persona>.<username of the org>`, in lower case.

    It is always the same for one org, so that a build that follows a killed one finds the user. A
    username of more than 80 characters is cut before the @, and gets a hash in place of what is
    missing.
    """
    local, _, domain = f"{persona}.{org_username}".lower().rpartition("@")
    room = LONGEST_USERNAME - len(domain) - 1
    if len(local) > room:
        digest = hashlib.sha256(local.encode()).hexdigest()[:_DIGEST]
        local = f"{local[: max(1, room - _DIGEST - 1)]}-{digest}"
    return f"{local}@{domain}"


def is_persona(name: str) -> bool:
    """Whether a text may name a persona."""
    return re.fullmatch(PERSONA, name) is not None


def user_rows(org_username: str, personas: Iterable[str]) -> tuple[Mapping[str, str], ...]:
    """What the ledger's row of an org has about its users."""
    return tuple(
        {"persona": persona, "username": persona_username(persona, org_username)}
        for persona in personas
    )
