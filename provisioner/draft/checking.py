"""Checks a draft as `provisioner check` does; what has a problem becomes a comment that says it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from provisioner.config.load import read
from provisioner.config.placeholders import Placeholders
from provisioner.config.rehearsed import not_yet
from provisioner.draft.model import DefinitionFile, Draft, PoolDraft, Step
from provisioner.errors import ConfigError, Problem, UsageError

_ENTRY = re.compile(r"pools\.([a-z0-9-]+)\.(steps|definitions)\.(\d+)(?:\..*)?")
_UNSET = re.compile(r"the environment variable (\w+) is not set")
Entry = TypeVar("Entry", Step, DefinitionFile)
Faults = Mapping[tuple[str, str, int], list[str]]
"""The pool, `steps` or `definitions`, and the number of an entry → its problems."""


def checked(
    draft: Draft, write: Callable[[Draft], str], path: Path, environ: Mapping[str, str]
) -> Draft:
    """The draft with a comment in place of each entry that `check` refuses.

    `write` gives the text of a draft, `path` is where it will be. Raises ConfigError for a problem
    that no entry has, UsageError where no definition is left.
    """
    while True:
        problems = _problems(write(draft), path, environ)
        draft, faults = _with_variables(draft, _faults(problems))
        if not faults:
            return draft
        before, draft = draft, replace(draft, pools=[_corrected(p, faults) for p in draft.pools])
        if draft.pools == before.pools:
            raise _impossible(problems)
        if any(not any(each.is_on for each in pool.definitions) for pool in draft.pools):
            raise _no_definition(problems)


def _faults(problems: Iterable[Problem]) -> Faults:
    """The problems by entry. Raises ConfigError for one that belongs to no entry."""
    faults: dict[tuple[str, str, int], list[str]] = {}
    for problem in problems:
        match = _ENTRY.fullmatch(problem.key_path)
        if match is None:
            raise _impossible([problem])
        faults.setdefault((match[1], match[2], int(match[3])), []).append(problem.message)
    return faults


def _problems(text: str, path: Path, environ: Mapping[str, str]) -> list[Problem]:
    reading = read(path, environ=Placeholders(environ), rehearsed=not_yet(), text=text)
    return [problem for problem in reading.problems if not problem.is_warning]


def _impossible(problems: Iterable[Problem]) -> ConfigError:
    return ConfigError(
        tuple(problems), hint="nothing was written; correct this, then run init again"
    )


def _no_definition(problems: Iterable[Problem]) -> UsageError:
    found = dict.fromkeys(one.message for one in problems if ".definitions." in one.key_path)
    return UsageError(
        "\n".join(["no scratch org definition can be used, so nothing was written:", *found]),
        code="no_definition",
        hint="correct the definition, then run init again",
    )


def _with_variables(draft: Draft, faults: Faults) -> tuple[Draft, Faults]:
    """Variables that are not set yet are no faults of the entries that need them."""
    variables = dict(draft.variables)
    left = {}
    for entry, messages in faults.items():
        unset = [_UNSET.search(message) for message in messages]
        if all(unset):
            for match in filter(None, unset):
                variables.setdefault(match[1], "a value that sfdx-project.json inserts")
        else:
            left[entry] = messages
    return replace(draft, variables=variables), left


def _corrected(pool: PoolDraft, faults: Faults) -> PoolDraft:
    definitions = _marked(pool.definitions, pool.name, "definitions", faults)
    if definitions and not any(each.is_on for each in definitions):
        definitions = _next_definition(definitions)
    steps = _marked(pool.steps, pool.name, "steps", faults)
    return replace(pool, definitions=definitions, steps=_without_lost(steps))


def _marked(entries: Sequence[Entry], pool: str, key: str, faults: Faults) -> list[Entry]:
    """The entries; those with faults are off, and say why."""
    result = []
    number = 0
    for entry in entries:
        if not entry.is_on:
            result.append(entry)
            continue
        messages = faults.get((pool, key, number), [])
        number += 1
        if messages:
            reason = f"{entry.reason} But `provisioner check` says: {_shortened(messages)}"
            entry = replace(entry, is_on=False, is_faulty=True, reason=reason)
        result.append(entry)
    return result


def _shortened(messages: Sequence[str]) -> str:
    more = f" (and {len(messages) - 1} more)" if len(messages) > 1 else ""
    first = messages[0].partition("\n")[0]
    return (first if len(first) <= 300 else f"{first[:299]}…") + more


def _next_definition(definitions: Sequence[DefinitionFile]) -> list[DefinitionFile]:
    """With the first definition on that has no fault, if there is one."""
    result = list(definitions)
    for index, each in enumerate(result):
        if not each.is_faulty:
            result[index] = replace(each, is_on=True, reason="The next definition that was found.")
            break
    return result


def _without_lost(steps: Sequence[Step]) -> list[Step]:
    """The steps; those are off that need a kind of which all steps are faulty."""
    working = {step.kind for step in steps if step.is_on}
    lost = {step.kind for step in steps if step.is_faulty} - working
    return [
        replace(step, is_on=False, reason=f"{step.reason} But it needs {step.needs}, see above.")
        if step.is_on and step.needs in lost
        else step
        for step in steps
    ]
