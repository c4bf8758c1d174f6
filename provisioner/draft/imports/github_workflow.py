"""Imports a GitHub workflow that sets up a scratch org with the Salesforce CLI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from provisioner.draft.commands.reading import Command, commands_in
from provisioner.draft.commands.scripts import with_scripts
from provisioner.draft.commands.set_up import SetUp, merged_assignments, set_up
from provisioner.draft.imports.source_file import SourceFile
from provisioner.draft.model import Imported, LeftOut, PoolDraft, Setting, Step
from provisioner.draft.names import pool_name
from provisioner.draft.project import Project
from provisioner.errors import UsageError

_VARIABLE = re.compile(r"\$\{\{\s*env\.(\w+)\s*\}\}|\$\{(\w+)\}|\$(\w+)")
_ALWAYS = re.compile(r"(?:\$\{\{)?\s*(?:always|success|!\s*cancelled)\(\)\s*(?:\}\})?")
_NO_EFFECT = re.compile(
    r"\s*(?:echo|printf|cd|set|export|sleep|exit|if|fi|then|else|rm|mkdir|cat|npm ci"
    r"|npm i(?:nstall)?|yarn(?: install)?|git|#)\b|\s*$"
)


def recognise(file: SourceFile) -> bool:
    """Whether the file has jobs."""
    return isinstance(file.value, Mapping) and isinstance(file.value.get("jobs"), Mapping)


def import_pools(file: SourceFile, project: Project) -> Imported:
    """A pool from the job that sets up an org. Raises UsageError if there is none."""
    jobs = {job: _set_up(file, job, project) for job in file.mapping("jobs")}
    best = max(jobs, key=lambda job: _rank(jobs[job]), default="")
    if not best or not jobs[best].steps:
        raise UsageError(
            f"{file.name}: no command in it brings something into a scratch org",
            code="import",
            hint="init recognises sf project deploy start, package install, org assign permset, "
            "data import, apex run and others",
        )
    found = jobs[best]
    left_out = [*found.left_out, *_other_lines(file, best, project), *_other_jobs(file, jobs, best)]
    pool = PoolDraft(
        pool_name(*project.names),
        f"The job {best} in {file.where('jobs', best)} sets up such an org.",
        _days(found),
        [found.definition] if found.definition else [],
        merged_assignments(_conditional(file, best, found.steps)),
    )
    return Imported(file.name, [pool], left_out)


def _days(found: SetUp) -> dict[str, Setting]:
    """An org of a pool waits before it is used, so it lives at least two days."""
    if found.days is None or found.days.value < 2:
        return {}
    return {"duration_days": found.days}


def _rank(found: SetUp) -> tuple[bool, bool, int]:
    return found.creates_org, found.brings_content, len(found.steps)


def _set_up(file: SourceFile, job: str, project: Project) -> SetUp:
    return set_up(_commands(file, job, project), project)


def _commands(file: SourceFile, job: str, project: Project) -> Iterator[Command]:
    for index, step in enumerate(file.items("jobs", job, "steps")):
        run = step.get("run") if isinstance(step, Mapping) else None
        if isinstance(run, str):
            first = file.first_line("jobs", job, "steps", index, "run")
            text = _with_values(with_scripts(run, project), _values(file, job, index))
            yield from commands_in(text, file.name, first)


def _values(file: SourceFile, job: str, index: int) -> dict[str, str]:
    """The environment variables of a step whose values are written in the workflow."""
    paths: tuple[tuple[str | int, ...], ...] = (
        ("env",), ("jobs", job, "env"), ("jobs", job, "steps", index, "env"),
    )  # fmt: skip
    found = {name: value for path in paths for name, value in file.mapping(*path).items()}
    return {name: str(value) for name, value in found.items() if _is_literal(value)}


def _is_literal(value: Any) -> bool:
    return isinstance(value, str | int) and "$" not in str(value)


def _with_values(text: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = next(filter(None, match.groups()))
        return values.get(name, match[0])

    return _VARIABLE.sub(value, text)


def _conditional(file: SourceFile, job: str, steps: list[Step]) -> list[Step]:
    """The steps; those of a conditional step of the workflow are comments."""
    conditions = dict(_conditions(file, job))
    result = []
    for step in steps:
        match = re.match(rf"{re.escape(file.name)}:(\d+): ", step.reason)
        condition = conditions.get(int(match[1])) if match else None
        if condition:
            reason = f"{step.reason} (only if: {condition})"
            step = replace(step, is_on=False, reason=reason)
        result.append(step)
    return result


def _conditions(file: SourceFile, job: str) -> Iterator[tuple[int, str]]:
    """The lines of commands that are only run under a condition, with it."""
    for index, step in enumerate(file.items("jobs", job, "steps")):
        if isinstance(step, Mapping) and isinstance(step.get("run"), str) and step.get("if"):
            condition = str(step["if"])
            if not _ALWAYS.fullmatch(condition):
                first = file.first_line("jobs", job, "steps", index, "run")
                for number in range(step["run"].count("\n") + 1):
                    yield first + number, condition


def _other_lines(file: SourceFile, job: str, project: Project) -> Iterator[LeftOut]:
    """Steps after the sign-up that run something else than the Salesforce CLI."""
    is_after = False
    for index, step in enumerate(file.items("jobs", job, "steps")):
        run = step.get("run") if isinstance(step, Mapping) else None
        if not isinstance(run, str):
            yield from _local_action(file, job, index)
            continue
        first = file.first_line("jobs", job, "steps", index, "run")
        commands = list(commands_in(with_scripts(run, project), file.name, first))
        if is_after and not commands:
            for number, line in enumerate(run.splitlines()):
                if not _NO_EFFECT.match(line):
                    text = f"{line.strip()}: if it changes the org, write it as run_command"
                    yield LeftOut(file.name, text, first + number)
                    break
        is_after = is_after or any(one.name == "org create scratch" for one in commands)


def _local_action(file: SourceFile, job: str, index: int) -> Iterator[LeftOut]:
    action = str(file.mapping("jobs", job, "steps", index).get("uses") or "")
    if action.startswith("./"):
        path = ("jobs", job, "steps", index, "uses")
        yield file.left_out(f"{action}: init does not read actions", *path)


def _other_jobs(file: SourceFile, jobs: Mapping[str, SetUp], best: str) -> Iterator[LeftOut]:
    for job, found in jobs.items():
        if job != best and found.steps:
            yield file.left_out(f"the job {job}: a pool is made from the job {best}", "jobs", job)
