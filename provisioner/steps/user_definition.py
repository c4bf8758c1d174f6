"""User definition files, as `sf org create user --definition-file` takes them.

The keys are fields of User, with a small or a capital first letter; `profileName` and `permsets`
are not fields. Source: docs/reference/users.md#definition-files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.input_file import SETTINGS, read_input
from provisioner.input_json import JsonProblem, parse_json
from provisioner.steps.persona_names import PERSONA, is_persona, persona_of

DEFAULT_PROFILE = "Standard User"

_REFUSED: Mapping[str, str] = {
    "generatepassword": "is not supported: no passwords are stored. Users log in by JWT "
    "(provisioner login USERNAME --user PERSONA); remove it",
    "password": "is not supported: no passwords are stored; remove it",
    "id": "is given by Salesforce; remove it",
    "profileid": "differs from org to org; write profileName",
}
_LONGEST = {"Alias": 8, "LastName": 80, "FirstName": 40, "CommunityNickname": 40}


@dataclass(frozen=True)
class UserDefinition:
    """One persona: fields of User by API name, the name of a profile, permission sets."""

    persona: str
    fields: Mapping[str, Any]
    profile: str = DEFAULT_PROFILE
    permission_sets: tuple[str, ...] = ()

    def record(self, username: str, template: Mapping[str, str]) -> dict[str, Any]:
        """The fields of the new user; `template` are those of the org's own user."""
        defaults = {"LastName": self.persona, "Alias": self.persona[: _LONGEST["Alias"]]}
        return {**defaults, **template, **self.fields, "Username": username}


@dataclass(frozen=True)
class ReadDefinition:
    """What a file holds, and its problems: (message, whether it is only a warning)."""

    content: bytes
    definition: UserDefinition
    problems: tuple[tuple[str, bool], ...]


def read_user_definition(path: Path) -> ReadDefinition:
    """Read a file. Raises OSError when it cannot be read; every other problem is in `problems`."""
    content = read_input(path, SETTINGS)
    persona = persona_of(path)
    problems = list(_persona_problems(persona))
    parsed: Any = {}
    try:
        parsed = parse_json(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        problems.append(("the file is not UTF-8 text; save it as UTF-8", False))
    except JsonProblem as problem:
        at = f"line {problem.line}, column {problem.column}"
        problems.append((f"the file is not JSON ({at}): {problem.message}", False))
    if not isinstance(parsed, dict):
        problems.append(("the file is not a JSON object; it must start with {", False))
        parsed = {}
    problems += _problems(parsed)
    return ReadDefinition(content, _definition(persona, parsed), tuple(problems))


def _persona_problems(persona: str) -> Iterator[tuple[str, bool]]:
    if not is_persona(persona):
        yield (
            f"the name of the file gives the persona {persona[:40]!r}; use at most 30 letters, "
            f"digits, hyphens and underscores ({PERSONA})",
            False,
        )


def _problems(parsed: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    seen: set[str] = set()
    for key, value in parsed.items():
        lower = key.lower()
        if lower in seen:
            yield f"{key} is there twice, in another spelling; keep one of them", False
        seen.add(lower)
        yield from ((f"{key} {text}", warns) for text, warns in _key_problems(key, lower, value))


def _key_problems(key: str, lower: str, value: Any) -> Iterator[tuple[str, bool]]:
    if lower.startswith("$") or (lower == "generatepassword" and value is False):
        return
    if lower in _REFUSED:
        yield _REFUSED[lower], False
    elif lower == "username":
        yield "is not used: the user of each org gets a username of its own", True
    elif message := _VALUES.get(lower, _field_problem)(key, value):
        yield message, False


def _permsets_problem(_key: str, value: Any) -> str:
    wanted = "a list of API names, or a text with them, separated by commas"
    return "" if _names(value) or value in ("", []) else f"must be {wanted}"


def _profile_problem(_key: str, value: Any) -> str:
    is_name = isinstance(value, str) and value.strip()
    return "" if is_name else "must be the name of a profile, in quotes"


def _active_problem(_key: str, value: Any) -> str:
    return "" if value is True else "must be true: a persona has to be able to log in"


def _field_problem(key: str, value: Any) -> str:
    if not re.fullmatch(r"[A-Za-z]\w*", key):
        return "is not the API name of a field of User; correct or remove it"
    if not isinstance(value, str | int | float):
        return "must be a text, a number, true or false"
    most = _LONGEST.get(_field(key))
    if most and len(str(value)) > most:
        return f"has {len(str(value))} characters; Salesforce accepts {most}"
    return ""


_VALUES: Mapping[str, Callable[[str, Any], str]] = {
    "permsets": _permsets_problem,
    "profilename": _profile_problem,
    "isactive": _active_problem,
}


def _definition(persona: str, parsed: Mapping[str, Any]) -> UserDefinition:
    own = {key.lower(): value for key, value in parsed.items()}
    skipped = {"username", "permsets", "profilename", *_REFUSED}
    fields = {
        _field(key): value
        for key, value in parsed.items()
        if key.lower() not in skipped and not key.startswith("$")
    }
    profile = own.get("profilename")
    return UserDefinition(
        persona,
        fields,
        profile.strip() if isinstance(profile, str) and profile.strip() else DEFAULT_PROFILE,
        tuple(dict.fromkeys(_names(own.get("permsets")))),
    )


def _field(key: str) -> str:
    return key[:1].upper() + key[1:]


def _names(value: Any) -> Sequence[str]:
    """Names in a list, or in a text with commas, as the CLI reads them; none in other values."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        return []
    return [part.strip() for part in parts if part.strip()]
