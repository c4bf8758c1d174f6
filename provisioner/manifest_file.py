"""Reads the manifest of a build: what a login needs to know of one of its orgs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import NoOrgError, UsageError
from provisioner.input_file import SETTINGS, read_input
from provisioner.input_json import JsonProblem, parse_json
from provisioner.ledger.personas import is_user


@dataclass(frozen=True)
class ManifestEntry:
    """One org; its consumer key and login URL are "" when the manifest has none."""

    username: str
    consumer_key: str
    login_url: str
    users: tuple[Mapping[str, object], ...] = ()  # `persona` and `username` of each


def read_entry(path: Path, username: str) -> ManifestEntry:
    """The entry of the org `username`, or of the org that has a user of this name.

    Raises UsageError for a file that is not a manifest, and NoOrgError.
    """
    for org in _orgs(path):
        found = _text(org, "username")
        users = _users(org)
        if found.lower() == username.lower() or is_user(users, username):
            return ManifestEntry(found, _text(org, "consumer_key"), _text(org, "login_url"), users)
    raise NoOrgError(
        f"the manifest {path} has no scratch org {username}",
        code="unknown_username",
        hint="write a new one: provisioner status --manifest",
    )


def _text(org: dict[str, object], name: str) -> str:
    value = org.get(name)
    return value if isinstance(value, str) else ""


def _users(org: dict[str, object]) -> tuple[Mapping[str, object], ...]:
    users = org.get("users")
    return tuple(u for u in users if isinstance(u, dict)) if isinstance(users, list) else ()


def _orgs(path: Path) -> list[dict[str, object]]:
    try:
        document = parse_json(read_input(path, SETTINGS).decode("utf-8-sig"))
        return [org for org in document["orgs"] if isinstance(org, dict)]
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    except JsonProblem as problem:
        why = f"is not JSON (line {problem.line}): {problem.message}"
    except (UnicodeDecodeError, TypeError, KeyError):
        why = "is not a manifest"
    raise UsageError(
        f"the manifest {path} {why}",
        code="manifest",
        hint="write one: `provisioner status --manifest`, or `provisioner build --manifest FILE`",
    )
