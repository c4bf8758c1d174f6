"""Joins what a project has, what it documents, and what another tool's file says, to one draft."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from provisioner.draft.commands.documents import documented
from provisioner.draft.found import found_steps
from provisioner.draft.found.definitions import find as find_definitions
from provisioner.draft.imports import importable
from provisioner.draft.model import (
    DefinitionFile,
    Draft,
    Imported,
    PoolDraft,
    Setting,
    Step,
    Variable,
)
from provisioner.draft.names import pool_name
from provisioner.draft.project import Project
from provisioner.errors import UsageError

MOST_GUESSES = 40
KEYS = ("size", "maximum", "duration_days", "refresh_after", "sign_up_timeout")
SIZE = Setting(3, "available orgs wanted")
DAYS = Setting(2, "the life of each org, from its sign-up")
REFRESH = Setting("20h", "an unclaimed org older than this is replaced")


def draft(project: Project, imported: Imported | None) -> Draft:
    """The draft for a project, with the import of another tool's file, if there is one.

    Raises UsageError when there is no org definition, without which no org can be created.
    """
    steps, definitions = found_steps(project), find_definitions(project)
    given = imported or documented(project)
    if given is None:
        given = Imported("", [PoolDraft(pool_name(*project.names), steps=steps)])
    else:
        pools = [replace(p, steps=_with_guesses(p.steps, steps, given.file)) for p in given.pools]
        given = replace(given, pools=pools)
    pools = [_complete(pool, definitions, project) for pool in given.pools]
    _require_definitions(pools, project)
    left_out = sorted(given.left_out, key=lambda note: (note.file, note.line))
    left_out += [] if imported else importable(project)
    notes = list(dict.fromkeys([*left_out, *project.left_out]))
    return Draft(pools, notes, given.limits, {**_variables(pools), **given.variables})


def _with_guesses(steps: Sequence[Step], found: Sequence[Step], file: str) -> list[Step]:
    """The steps, with what else the project has behind a #, each in the usual order."""
    result = list(steps)
    kinds = {step.kind for step in steps}
    for step in found:
        guess = _not_covered(step, steps)
        if guess is None:
            continue
        if step.kind == "install_dependencies" and not kinds & {step.kind, "install_package"}:
            result.insert(0, step)
            continue
        if step.is_on:
            guess = replace(guess, is_on=False, reason=f"{step.reason} {file} does not do this.")
        after = [index for index, one in enumerate(result) if one.phase <= step.phase]
        result.insert(max(after, default=-1) + 1, guess)
    return result


def _not_covered(step: Step, steps: Sequence[Step]) -> Step | None:
    """What a found step does beyond the given ones; None if they deploy the project, too."""
    same = [each for each in steps if each.kind == step.kind]
    if step.kind == "assign_permission_sets":
        given = {name for each in same for name in each.options.get("sets", ())}
        sets = [name for name in step.options.get("sets", ()) if name not in given]
        options = {key: names for key, names in {**step.options, "sets": sets}.items() if names}
        return replace(step, options=options) if options else None
    if (step.kind == "deploy_source" and same) or any(step.is_same(other) for other in same):
        return None
    return step


def _bounded(steps: Sequence[Step], project: Project) -> list[Step]:
    """The steps with at most MOST_GUESSES comments of each kind; the rest is noted."""
    counts: Counter[str] = Counter()
    kept = []
    for step in steps:
        counts[step.kind] += not step.is_on
        if step.is_on or counts[step.kind] <= MOST_GUESSES:
            kept.append(step)
    for kind, count in counts.items():
        if count > MOST_GUESSES:
            text = f"{count - MOST_GUESSES} more guesses for {kind} are not shown"
            project.leave_out(".", text)
    return kept


def _complete(
    pool: PoolDraft, definitions: Sequence[DefinitionFile], project: Project
) -> PoolDraft:
    """The pool with the usual settings, and with definitions of the project if it has none."""
    own = {each.file for each in pool.definitions}
    others = [each for each in definitions if each.file not in own]
    if own:
        reason = "Another definition; orgs are distributed over all that are listed, by weight."
        others = [replace(each, is_on=False, reason=reason) for each in others]
    settings = {"size": SIZE, "duration_days": DAYS, **pool.settings}
    is_refreshed = pool.is_refreshed and int(settings["duration_days"].value) > 1
    if is_refreshed and "refresh_after" not in settings:
        settings["refresh_after"] = REFRESH
    settings = {key: settings[key] for key in KEYS if key in settings}
    steps = _bounded(pool.steps, project)
    return replace(pool, definitions=[*pool.definitions, *others], settings=settings, steps=steps)


def _require_definitions(pools: Sequence[PoolDraft], project: Project) -> None:
    if all(any(each.is_on for each in pool.definitions) for pool in pools):
        return
    raise UsageError(
        f"no scratch org definition was found in {project.root}, so nothing was written",
        code="no_definition",
        hint="write one, for example config/project-scratch-def.json with "
        '{"edition": "Developer"}, then run init again',
    )


def _variables(pools: Sequence[PoolDraft]) -> dict[str, str]:
    """The environment variables that steps read, each with what it has to hold."""
    return {
        str(value): f"the installation key of {step.options.get('version')}"
        for pool in pools
        for step in pool.steps
        for value in step.options.values()
        if isinstance(value, Variable) and step.is_on
    }
