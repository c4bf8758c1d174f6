"""Checks a draft as `provisioner check` does; what has a problem becomes a comment that says it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from provisioner.config.load import read
from provisioner.config.placeholders import Placeholders
from provisioner.config.reading import Reading
from provisioner.config.rehearsed import not_yet
from provisioner.config.step_needs import need_findings
from provisioner.draft.model import DefinitionFile, Draft, PoolDraft, Step
from provisioner.errors import ConfigError, Problem, UsageError

_ENTRY = re.compile(r"pools\.([a-z0-9-]+)\.(steps|definitions)\.(\d+)(?:\.(.*))?")
_UNSET = re.compile(r"the environment variable (\w+) is not set")
_NAME = re.compile(r"assign_permission_sets\.(sets|groups)\.(\d+)")
LONGEST = 300  # characters of a message
Entry = TypeVar("Entry", Step, DefinitionFile)


class Fault(NamedTuple):
    """A problem of an entry: the option that has it, from the entry, and the message."""

    option: str
    message: str


Faults = Mapping[tuple[str, str, int], list[Fault]]
"""The pool, `steps` or `definitions`, and the number of an entry → its problems."""


def checked(
    draft: Draft, write: Callable[[Draft], str], path: Path, environ: Mapping[str, str]
) -> Draft:
    """The draft with a comment in place of each entry that `check` refuses, or that lacks a need.

    `write` gives the text of a draft, `path` is where it will be. Raises ConfigError for a problem
    that no entry has, UsageError where no definition is left.
    """
    while True:
        reading = read(path, environ=Placeholders(environ), rehearsed=not_yet(), text=write(draft))
        draft, faults = _with_variables(draft, _faults(reading))
        if not faults:
            return draft
        before, draft = draft, replace(draft, pools=[_corrected(p, faults) for p in draft.pools])
        if draft.pools == before.pools:
            raise _impossible(reading.errors)
        if any(not any(each.is_on for each in pool.definitions) for pool in draft.pools):
            raise _no_definition(reading.errors)


def _faults(reading: Reading) -> Faults:
    """The problems by entry. Raises ConfigError for one that belongs to no entry."""
    faults: dict[tuple[str, str, int], list[Fault]] = {}
    found = [(problem.key_path, problem.message) for problem in reading.errors]
    if reading.pool_file is not None:
        found += [(each.field, each.message) for each in need_findings(reading.pool_file)]
    for key_path, message in found:
        match = _ENTRY.fullmatch(key_path)
        if match is None:
            raise _impossible(reading.errors)
        entry = (match[1], match[2], int(match[3]))
        faults.setdefault(entry, []).append(Fault(match[4] or "", message))
    return faults


def _impossible(problems: Iterable[Problem]) -> ConfigError:
    return ConfigError(
        tuple(problems), hint="nothing was written; correct this, then run init again"
    )


def _no_definition(problems: Iterable[Problem]) -> UsageError:
    found = dict.fromkeys(one.message for one in problems if ".definitions." in one.key_path)
    return UsageError(
        "\n".join(["no scratch org definition can be used, so nothing was written:", *found]),
        code="no_definition",
        hint="correct the definition, or run init in the folder of the project: provisioner init "
        "FOLDER",
    )


def _with_variables(draft: Draft, faults: Faults) -> tuple[Draft, Faults]:
    """Variables that are not set yet are no faults of the entries that need them."""
    variables = dict(draft.variables)
    left = {}
    for entry, found in faults.items():
        unset = [_UNSET.search(fault.message) for fault in found]
        if all(unset):
            for match in filter(None, unset):
                variables.setdefault(match[1], "a value that sfdx-project.json inserts")
        else:
            left[entry] = found
    return replace(draft, variables=variables), left


def _corrected(pool: PoolDraft, faults: Faults) -> PoolDraft:
    definitions = _marked(pool.definitions, pool.name, "definitions", faults)
    if definitions and not any(each.is_on for each in definitions):
        definitions = _next_definition(definitions)
    parts = _parted(pool.steps, pool.name, faults)
    steps = parts or _marked(pool.steps, pool.name, "steps", faults)
    return replace(pool, definitions=definitions, steps=_without_lost(steps))


def _marked(entries: Sequence[Entry], pool: str, key: str, faults: Faults) -> list[Entry]:
    """The entries; those with faults are off, and say why."""
    result = []
    number = 0
    for entry in entries:
        if not entry.is_on:
            result.append(entry)
            continue
        found = faults.get((pool, key, number), [])
        number += 1
        if found:
            reason = _reason(entry.reason, found)
            entry = replace(entry, is_on=False, is_faulty=True, reason=reason)
        result.append(entry)
    return result


def _parted(steps: Sequence[Step], pool: str, faults: Faults) -> list[Step]:
    """The steps with each name by itself that an assignment cannot have; [] if there is none."""
    result: list[Step] = []
    number = 0
    is_parted = False
    for step in steps:
        found = faults.get((pool, "steps", number), []) if step.is_on else []
        number += step.is_on
        wrong = [match for fault in found if (match := _NAME.fullmatch(fault.option))]
        if not wrong or len(wrong) < len(found):
            result.append(step)
            continue
        is_parted = True
        result += _without(step, [(match[1], int(match[2])) for match in wrong], found)
    return result if is_parted else []


def _without(
    step: Step, wrong: Sequence[tuple[str, int]], found: Sequence[Fault]
) -> Iterator[Step]:
    """The step without some of its names, and a comment for each of them."""
    kept = {
        key: [name for at, name in enumerate(names) if (key, at) not in wrong]
        for key, names in step.options.items()
    }
    kept = {key: names for key, names in kept.items() if names}
    if kept:
        yield replace(step, options=kept)
    for (key, at), fault in zip(wrong, found, strict=True):
        options = {key: [step.options[key][at]]}
        reason = _reason(step.reason, [fault])
        yield replace(step, options=options, is_on=False, is_faulty=True, reason=reason)


def _reason(reason: str, found: Sequence[Fault]) -> str:
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    first = found[0].message.partition("\n")[0]
    short = first if len(first) <= LONGEST else f"{first[: LONGEST - 1]}…"
    return _but(reason, f"`provisioner check` says: {short}{more}")


def _but(reason: str, text: str) -> str:
    return f"{reason.rstrip('.')}. But {text}"


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
        replace(step, is_on=False, reason=_but(step.reason, f"it needs {step.needs}, see above."))
        if step.is_on and step.needs in lost
        else step
        for step in steps
    ]
