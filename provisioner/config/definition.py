"""The offline rules of a scratch org definition file (docs/reference/sign-up.md#definition-files).

Feature names are not checked: the list grows with every release and only the Dev Hub knows it.
Unknown keys are accepted, because the Salesforce CLI sends them as fields of ScratchOrgInfo.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.config.checks import nearest
from provisioner.input_file import SETTINGS, read_input
from provisioner.input_json import JsonProblem, parse_json

EDITIONS = ("Developer", "Enterprise", "Group", "Professional")
PARTNER_EDITIONS = tuple(f"Partner {edition}" for edition in EDITIONS)
RELEASES = ("current", "preview", "previous")

REFUSED: Mapping[str, str] = {
    "orgPreferences": "is no longer supported by Salesforce; write the same under settings",
    "durationDays": "is not allowed in a definition; set duration_days of the pool",
    "package2AncestorIds": "is computed and must not be written; remove it",
}
_ORG_PREFERENCES = (
    "orgPreferenceSettings can no longer be deployed; write the settings that replace it, "
    'such as "lightningExperienceSettings": {"enableS1DesktopEnabled": true}'
)
SNAPSHOT_EXCLUDES = ("edition", "features", "hasSampleData", "release", "sourceOrg")
TYPES: Mapping[str, tuple[type, ...]] = {
    "adminEmail": (str,),
    "country": (str,),
    "description": (str,),
    "edition": (str,),
    "features": (str, list),
    "hasSampleData": (bool,),
    "language": (str,),
    "namespace": (str,),
    "objectSettings": (dict,),
    "orgName": (str,),
    "release": (str,),
    "settings": (dict,),
    "snapshot": (str,),
    "sourceOrg": (str,),
    "template": (str,),
    "username": (str,),
}
_WORDS = {str: "a text", list: "a list of texts", bool: "true or false", dict: "an object"}
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?|[{}\[\]]')


@dataclass(frozen=True)
class DefinitionProblem:
    """One problem of a definition, with its position in that file (lines and columns from 1)."""

    line: int
    column: int
    key: str
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        return f"{self.line}:{self.column}: {key}{self.message}"


def read_definition(path: Path) -> tuple[Mapping[str, Any], tuple[DefinitionProblem, ...]]:
    """The JSON of a definition, and every problem that can be found offline.

    Raises OSError when the file cannot be read.
    """
    content = read_input(path, SETTINGS)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return {}, (DefinitionProblem(line, 1, "", "the file is not UTF-8 text; save it as UTF-8"),)
    try:
        parsed = parse_json(text)
    except JsonProblem as problem:
        message = f"the file is not JSON: {problem.message}"
        return {}, (DefinitionProblem(problem.line, problem.column, "", message),)
    if not isinstance(parsed, dict):
        return {}, (
            DefinitionProblem(1, 1, "", "the file is not a JSON object; it must start with {"),
        )
    return parsed, tuple(_with_positions(text, definition_problems(parsed)))


def definition_problems(definition: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """(key, message, whether it is only a warning) for each rule that the definition breaks."""
    for key, value in definition.items():
        yield from _key_problems(key, value)
    definition = {key: value for key, value in definition.items() if value is not None}
    yield from _edition_problems(definition)
    if "snapshot" in definition:
        for key in SNAPSHOT_EXCLUDES:
            if key in definition:
                yield key, "is not allowed with snapshot, which determines it; remove it", False
    features = definition.get("features")
    if isinstance(features, list) and not all(isinstance(name, str) for name in features):
        yield "features", "has an entry that is not a text; write each name in quotes", False


def _key_problems(key: str, value: Any) -> Iterator[tuple[str, str, bool]]:
    if key[:1].isupper():
        lower = key[:1].lower() + key[1:]
        yield key, f"must start with a lower-case letter; write {lower}", False
    elif key in REFUSED:
        yield key, REFUSED[key], False
    elif key in TYPES:
        if value is None:
            yield key, "is null and has no effect; the Salesforce CLI warns about it", True
        elif key == "hasSampleData" and value in ("true", "false"):
            yield key, f"is a text, which Salesforce accepts; write {value} without quotes", True
        elif not isinstance(value, TYPES[key]):
            wanted = " or ".join(_WORDS[kind] for kind in TYPES[key])
            yield key, f"has the wrong type; write {wanted}", False
        else:
            yield from _value_problems(key, value)
    elif not key.startswith("$") and not key.endswith("__c"):
        near = nearest(key, TYPES)
        if near:
            yield key, f"is unknown and sent to the Dev Hub as a field; did you mean {near}?", True


def _value_problems(key: str, value: Any) -> Iterator[tuple[str, str, bool]]:
    if key == "release" and value.lower() not in RELEASES:
        yield key, f"is not a release; write one of: {', '.join(RELEASES[1:])}", False
    elif key == "edition" and value not in EDITIONS + PARTNER_EDITIONS:
        near = nearest(value, EDITIONS + PARTNER_EDITIONS)
        advice = f"did you mean {near}?" if near else f"known: {', '.join(EDITIONS)}"
        yield key, f"{value[:40]!r} is not an edition that Salesforce documents; {advice}", True
    elif key == "adminEmail" and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        yield key, "is not an e-mail address; sign-ups would fail with S-1006", False
    elif key == "sourceOrg" and not re.fullmatch(r"00D[A-Za-z0-9]{12}([A-Za-z0-9]{3})?", value):
        yield key, "is not an org id; write the id (00D…) of the org that has the shape", False
    elif key == "username":
        yield key, "is not used: each org of a pool gets a username of its own", True
    elif key in ("settings", "objectSettings"):
        for name, setting in value.items():
            if name.lower() == "orgpreferencesettings":
                yield key, _ORG_PREFERENCES, False
            if not isinstance(setting, dict):
                yield key, f"{name[:40]} is not an object; write {{…}}", False


def _edition_problems(definition: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    if "snapshot" in definition:
        return
    if "sourceOrg" in definition:
        if "edition" in definition:
            yield "edition", "is not allowed with sourceOrg, which determines it; remove it", False
    elif definition.get("template") and not definition.get("edition"):
        yield "template", "is used without edition; the Salesforce CLI warns about it", True
    elif not any(key.lower() == "edition" for key in definition):
        yield "", 'the key edition is missing; write "edition": "Developer"', False


def _with_positions(
    text: str, problems: Iterable[tuple[str, str, bool]]
) -> Iterator[DefinitionProblem]:
    positions, duplicates = _top_level_keys(text)
    for key, message, is_warning in problems:
        line, column = positions.get(key, (1, 1))
        yield DefinitionProblem(line, column, key, message, is_warning)
    for key, (line, column) in duplicates:
        message = "duplicate key; keep one of them"
        yield DefinitionProblem(line, column, key, message)


def _top_level_keys(
    text: str,
) -> tuple[dict[str, tuple[int, int]], list[tuple[str, tuple[int, int]]]]:
    """The position of each key of the outermost object, and of each later duplicate of a key."""
    first: dict[str, tuple[int, int]] = {}
    again: list[tuple[str, tuple[int, int]]] = []
    depth = 0
    for match in _TOKEN.finditer(text):
        if match[0] in ("{", "["):
            depth += 1
        elif match[0] in ("}", "]"):
            depth -= 1
        elif depth == 1 and match[2]:
            name = json.loads(f'"{match[1]}"')
            line = text.count("\n", 0, match.start()) + 1
            position = (line, match.start() - text.rfind("\n", 0, match.start()))
            if name in first:
                again.append((name, position))
            else:
                first[name] = position
    return first, again
