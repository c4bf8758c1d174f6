"""Reads a scratch org definition file, with every problem that can be found offline.

Unknown keys are accepted, because the Salesforce CLI sends them as fields of ScratchOrgInfo.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.config.org_definitions.features import feature_problems
from provisioner.config.org_definitions.found import Found
from provisioner.config.org_definitions.keys import key_problems
from provisioner.config.org_definitions.settings import setting_problems
from provisioner.input_file import SETTINGS, read_input
from provisioner.input_json import JsonProblem, location_at, parse_json
from provisioner.json_locations import locations

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
    found = [*key_problems(parsed), *setting_problems(parsed), *feature_problems(parsed)]
    return parsed, (*_with_locations(text, found), *_duplicates(text))


def _with_locations(text: str, problems: Iterable[Found]) -> Iterator[DefinitionProblem]:
    problems = list(problems)
    known = locations(text, {each.path for each in problems if each.path})
    for each in problems:
        line, column = known.get(each.path, (1, 1))
        yield DefinitionProblem(line, column, each.key, each.message, each.is_warning)


def _duplicates(text: str) -> Iterator[DefinitionProblem]:
    """A problem for each key that its object has already."""
    seen: list[set[str]] = []  # the keys of each open object; of a list none
    names: list[str] = []  # the current key of each
    for match in _TOKEN.finditer(text):
        if match[0] in ("{", "["):
            seen.append(set())
            names.append("")
        elif match[0] in ("}", "]"):
            seen.pop()
            names.pop()
        elif match[2]:
            name = names[-1] = json.loads(f'"{match[1]}"')
            if name in seen[-1]:
                line, column = location_at(text, match.start())
                message = "duplicate key; keep one of them"
                key = ".".join(filter(None, names))
                yield DefinitionProblem(line, column, key, message)
            seen[-1].add(name)
