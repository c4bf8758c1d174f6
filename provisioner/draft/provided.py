"""Permission sets and objects that no step brings: they are in a folder that is not deployed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from provisioner.draft.found.data import FORMS, objects_in
from provisioner.draft.model import Step
from provisioner.draft.project import Project, is_below

_COMPONENT = re.compile(
    r"(?:.*/)?(?:(?P<set>[^/]+)\.permissionset|(?P<group>[^/]+)\.permissionsetgroup"
    r"|(?P<object>[^/]+__c)\.object)(?:-meta\.xml)?"
)
_ASSIGN = "assign_permission_sets"
_KINDS = {"sets": "set", "groups": "group"}

Components = Mapping[tuple[str, str], list[str]]
"""Kind (set, group, object) and name → the files of the project that define it."""


def with_provided_only(steps: Sequence[Step], project: Project) -> list[Step]:
    """The steps; an assignment or a load is a comment if what it needs is never deployed.

    A name that the project does not have may come from a package, or from Salesforce.
    """
    deployed = [folder for step in steps if step.is_on for folder in _deployed(step, project)]
    missing = {
        component: files[0]
        for component, files in _components(project).items()
        if not any(is_below(file, folder) for file in files for folder in deployed)
    }
    return [one for step in steps for one in _corrected(step, missing, project)]


def _deployed(step: Step, project: Project) -> Iterator[str]:
    """The folders that a step deploys; "" is everything."""
    if step.kind != "deploy_source":
        return
    folder = str(step.options.get("path", "."))
    if folder != ".":
        yield folder
    elif step.options.get("package_dirs"):
        yield from ("" if one == "." else str(one) for one in step.options["package_dirs"])
    else:
        yield from project.package_dirs


def _components(project: Project) -> Components:
    found: dict[tuple[str, str], list[str]] = {}
    for file in project.files:
        if match := _COMPONENT.fullmatch(file):
            kind = str(match.lastgroup)
            found.setdefault((kind, match[kind]), []).append(file)
    return found


def _corrected(
    step: Step, missing: Mapping[tuple[str, str], str], project: Project
) -> Iterator[Step]:
    if not step.is_on:
        yield step
    elif step.kind == _ASSIGN:
        yield from _assignment(step, missing)
    elif step.kind == "load_data":
        yield from _load(step, missing, project)
    else:
        yield step


def _assignment(step: Step, missing: Mapping[tuple[str, str], str]) -> Iterator[Step]:
    """The assignment without what is missing, and a comment for each such name."""
    lost = [
        (key, name)
        for key, kind in _KINDS.items()
        for name in step.options.get(key, ())
        if (kind, name) in missing
    ]
    kept = {
        key: [name for name in names if (key, name) not in lost]
        for key, names in step.options.items()
    }
    kept = {key: names for key, names in kept.items() if names}
    if kept.keys() & {*_KINDS, "licenses"}:
        yield replace(step, options=kept) if lost else step
    for key, name in lost:
        reason = _reason(step, name, missing[_KINDS[key], name])
        yield replace(step, options={key: [name]}, reason=reason, is_on=False)


def _load(step: Step, missing: Mapping[tuple[str, str], str], project: Project) -> Iterator[Step]:
    for name in sorted(_objects(step, project)):
        if file := missing.get(("object", name)):
            yield replace(step, reason=_reason(step, name, file), is_on=False)
            return
    yield step


def _objects(step: Step, project: Project) -> Iterable[str]:
    for form in FORMS:
        if file := step.options.get(form):
            return objects_in(form, str(file), project)
    return [str(step.options["object"])] if "object" in step.options else []


def _reason(step: Step, name: str, file: str) -> str:
    return f"{step.reason} But no step deploys {name}, which is in {posixpath.dirname(file)}."
