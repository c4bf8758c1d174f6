"""The offline rules of a scratch org definition file (docs/reference/sign-up.md#definition-files).

Feature names are not checked: the list grows with every release and only the Dev Hub knows it.
Unknown keys pass, because the Salesforce CLI sends them as fields of ScratchOrgInfo.
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
from provisioner.json_text import JsonProblem, parse_json

EDITIONS = ("Developer", "Enterprise", "Group", "Professional")
PARTNER_EDITIONS = tuple(f"Partner {edition}" for edition in EDITIONS)
RELEASES = ("current", "preview", "previous")

REFUSED: Mapping[str, str] = {
    "orgPreferences": "Salesforce no longer takes it; write the same under settings",
    "durationDays": "a definition cannot say it; write duration_days in the pool",
    "package2AncestorIds": "it is computed, never written; leave it out",
}
_ORG_PREFERENCES = (
    "orgPreferenceSettings cannot be deployed any more; write the settings that took its place, "
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
    """One thing wrong with a definition, at its own position in the file (lines from 1)."""

    line: int
    column: int
    key: str
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        return f"{self.line}:{self.column}: {key}{self.message}"


def read_definition(path: Path) -> tuple[Mapping[str, Any], tuple[DefinitionProblem, ...]]:
    """The JSON of a definition, and all that is wrong with it offline.

    Raises OSError when the file cannot be read.
    """
    content = read_input(path, SETTINGS)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return {}, (DefinitionProblem(line, 1, "", "this is no UTF-8 text; save it as UTF-8"),)
    try:
        parsed = parse_json(text)
    except JsonProblem as problem:
        message = f"the file is not JSON: {problem.message}"
        return {}, (DefinitionProblem(problem.line, problem.column, "", message),)
    if not isinstance(parsed, dict):
        return {}, (DefinitionProblem(1, 1, "", "this is no JSON object; start it with {"),)
    return parsed, tuple(_placed(text, definition_problems(parsed)))


def definition_problems(definition: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """(key, what is wrong, is it only a warning) of each rule that the definition breaks."""
    for key, value in definition.items():
        yield from _key_problems(key, value)
    definition = {key: value for key, value in definition.items() if value is not None}
    yield from _edition_problems(definition)
    if "snapshot" in definition:
        for key in SNAPSHOT_EXCLUDES:
            if key in definition:
                yield key, "cannot stand beside snapshot, which brings its own; leave it out", False
    features = definition.get("features")
    if isinstance(features, list) and not all(isinstance(name, str) for name in features):
        yield "features", "holds something that is no text; write names in quotes", False


def _key_problems(key: str, value: Any) -> Iterator[tuple[str, str, bool]]:
    if key[:1].isupper():
        lower = key[:1].lower() + key[1:]
        yield key, f"keys start in lower case; write {lower}", False
    elif key in REFUSED:
        yield key, REFUSED[key], False
    elif key in TYPES:
        if value is None:
            yield key, "is null, which counts as left out; the Salesforce CLI warns of it", True
        elif key == "hasSampleData" and value in ("true", "false"):
            yield key, f"is a text, which Salesforce takes; write {value} without quotes", True
        elif not isinstance(value, TYPES[key]):
            wanted = " or ".join(_WORDS[kind] for kind in TYPES[key])
            yield key, f"has the wrong type; write {wanted}", False
        else:
            yield from _value_problems(key, value)
    elif not key.startswith("$") and not key.endswith("__c"):
        near = nearest(key, TYPES)
        if near:
            yield key, f"goes to the Dev Hub as a field; did you mean {near}?", True


def _value_problems(key: str, value: Any) -> Iterator[tuple[str, str, bool]]:
    if key == "release" and value.lower() not in RELEASES:
        yield key, f"no such release; write one of: {', '.join(RELEASES[1:])}", False
    elif key == "edition" and value not in EDITIONS + PARTNER_EDITIONS:
        near = nearest(value, EDITIONS + PARTNER_EDITIONS)
        advice = f"did you mean {near}?" if near else f"known: {', '.join(EDITIONS)}"
        yield key, f"{value[:40]!r} is no edition that Salesforce documents; {advice}", True
    elif key == "adminEmail" and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        yield key, "is no e-mail address; sign-ups would fail with S-1006", False
    elif key == "sourceOrg" and not re.fullmatch(r"00D[A-Za-z0-9]{12}([A-Za-z0-9]{3})?", value):
        yield key, "is no org id; write the 00D… id of the shape's org", False
    elif key == "username":
        yield key, "is not used: each org of a pool gets a username of its own", True
    elif key in ("settings", "objectSettings"):
        for name, setting in value.items():
            if name.lower() == "orgpreferencesettings":
                yield key, _ORG_PREFERENCES, False
            if not isinstance(setting, dict):
                yield key, f"{name[:40]} is no object; write {{…}}", False


def _edition_problems(definition: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    if "snapshot" in definition:
        return
    if "sourceOrg" in definition:
        if "edition" in definition:
            yield "edition", "cannot stand beside sourceOrg, which brings its own", False
    elif definition.get("template") and not definition.get("edition"):
        yield "template", "comes without edition, which the Salesforce CLI warns of", True
    elif not any(key.lower() == "edition" for key in definition):
        yield "", 'the key edition is missing; write "edition": "Developer"', False


def _placed(text: str, problems: Iterable[tuple[str, str, bool]]) -> Iterator[DefinitionProblem]:
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
    """Where each key of the outermost object stands, and the keys that stand there again."""
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
            place = (line, match.start() - text.rfind("\n", 0, match.start()))
            if name in first:
                again.append((name, place))
            else:
                first[name] = place
    return first, again
