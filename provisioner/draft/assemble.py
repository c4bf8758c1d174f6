"""Joins what a project has, what it documents, and what another tool's file says, to one draft."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from provisioner.draft.commands.documents import documented
from provisioner.draft.commands.set_up import SetUp, merged_assignments
from provisioner.draft.found import found_steps
from provisioner.draft.found.definitions import find as find_definitions
from provisioner.draft.imports import importable
from provisioner.draft.model import (
    DefinitionFile,
    Draft,
    Imported,
    LeftOut,
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
    found = found_steps(project)
    set_up = None if imported else documented(project)
    if imported is None:
        pools = [_pool_of(project, set_up, found)]
    else:
        pools = [
            replace(pool, steps=_with_guesses(pool.steps, found, imported.file))
            for pool in imported.pools
        ]
    pools = [replace(pool, steps=_bounded(pool.steps, project)) for pool in pools]
    definitions = find_definitions(project)
    pools = [_complete(pool, definitions) for pool in pools]
    _require_definitions(pools, project)
    left_out = list(imported.left_out if imported else set_up.left_out if set_up else ())
    left_out.sort(key=lambda note: (note.file, note.line))
    if imported is None:
        left_out += importable(project)
    return Draft(
        pools,
        _unique([*left_out, *project.left_out]),
        imported.limits if imported else {},
        {**_variables(pools), **(imported.variables if imported else {})},
    )


def _pool_of(project: Project, set_up: SetUp | None, found: Sequence[Step]) -> PoolDraft:
    name = pool_name(str(project.content.get("name") or ""), project.folder_name)
    if set_up is None or set_up.definition is None:
        return PoolDraft(name, steps=found)
    origin = set_up.definition.reason.partition(":")[0]
    steps = _with_guesses(merged_assignments(set_up.steps), found, origin)
    return PoolDraft(name, definitions=[set_up.definition], steps=steps)


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
            text = f"{count - MOST_GUESSES} further things for {kind} were found"
            project.leave_out(".", text)
    return kept


def _complete(pool: PoolDraft, definitions: Sequence[DefinitionFile]) -> PoolDraft:
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
    return replace(pool, definitions=[*pool.definitions, *others], settings=settings)


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


def _unique(notes: Sequence[LeftOut]) -> list[LeftOut]:
    return list(dict.fromkeys(notes))
