"""Imports a cumulusci.yml: the orgs dev and qa, with the steps of the flows that set them up.

Source: docs/reference/other-tools.md#cumulusci.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from provisioner.draft.commands.set_up import merged_assignments
from provisioner.draft.commands.steps import NoStepError
from provisioner.draft.imports.cumulusci_conditions import holds
from provisioner.draft.imports.cumulusci_flows import Use, tasks_of
from provisioner.draft.imports.cumulusci_tasks import Found, steps_of_task
from provisioner.draft.imports.source_file import SourceFile
from provisioner.draft.imports.values import whole
from provisioner.draft.model import DefinitionFile, Imported, LeftOut, PoolDraft, Setting, Step
from provisioner.draft.names import pool_name
from provisioner.draft.project import Project

FLOWS: Mapping[str, str] = {"dev": "dev_org", "qa": "qa_org"}
"""Orgs for which CumulusCI has a flow that sets them up from the source."""

Fault = tuple[Use, NoStepError]

_USUAL: Mapping[str, Mapping[str, Any]] = {
    "dev": {"config_file": "orgs/dev.json", "days": 7},
    "qa": {"config_file": "orgs/dev.json", "days": 7},
}


def recognise(file: SourceFile) -> bool:
    """Whether the file has the name, or the keys that CumulusCI requires."""
    value = file.value
    if not isinstance(value, Mapping):
        return False
    is_named = file.path.name == "cumulusci.yml" and "project" in value
    return is_named or "minimum_cumulusci_version" in value


def import_pools(file: SourceFile, project: Project) -> Imported:
    """A pool for dev and one for qa, if it differs. What cannot be imported is in `left_out`."""
    notes: dict[tuple[int, str, str], list[str]] = {}
    pools: list[PoolDraft] = []
    for org, flow in FLOWS.items():
        faults: list[Fault] = []
        pool = _pool(file, project, org, flow, faults)
        if any(_is_same(pool, other) for other in pools):
            continue
        pools.append(pool)
        for use, error in faults:
            notes.setdefault((use.line, use.task, str(error)), []).append(flow)
    left_out = [
        LeftOut(file.name, f"{task} in {', '.join(dict.fromkeys(flows))}: {error}", line)
        for (line, task, error), flows in notes.items()
    ]
    left_out += [*_dependency_notes(file), *_org_notes(file)]
    return Imported(file.name, pools, left_out)


def _is_same(pool: PoolDraft, other: PoolDraft) -> bool:
    same_orgs = [one.file for one in pool.definitions] == [one.file for one in other.definitions]
    return same_orgs and [(s.kind, s.options) for s in pool.steps] == [
        (s.kind, s.options) for s in other.steps
    ]


def _pool(
    file: SourceFile, project: Project, org: str, flow: str, faults: list[Fault]
) -> PoolDraft:
    settings = {**_USUAL[org], **file.mapping("orgs", "scratch", org)}
    where = file.where("orgs", "scratch", org) if file.mapping("orgs", "scratch", org) else ""
    days = min(max(whole(settings.get("days"), 7), 1), 30)
    has_namespace = settings.get("namespaced") is True or not project.content.get("namespace")
    definition = DefinitionFile(
        str(settings.get("config_file")),
        f"The org {org} of {where or 'CumulusCI'}.",
        namespace=None if has_namespace else False,
    )
    return PoolDraft(
        pool_name(org),
        f"As the flow {flow} of CumulusCI sets up the org {org}.",
        {
            "size": Setting(1 if org == "qa" else 3, "available orgs wanted"),
            "duration_days": Setting(days, "the life of each org, from its sign-up"),
        },
        [definition],
        merged_assignments(list(_steps(file, project, org, faults))),
    )


def _steps(file: SourceFile, project: Project, org: str, faults: list[Fault]) -> Iterator[Step]:
    seen: list[Step] = []
    for use in tasks_of(file, FLOWS[org]):
        for step in _found(use, file, project, org):
            if isinstance(step, NoStepError):
                faults.append((use, step))
            elif not any(step.is_same(other) for other in seen):
                seen.append(step)
                yield from _conditional(step, use, file, org)


def _found(use: Use, file: SourceFile, project: Project, org: str) -> list[Found]:
    try:
        return steps_of_task(use, file, project, org)
    except NoStepError as error:
        return [error]


def _conditional(step: Step, use: Use, file: SourceFile, org: str) -> Iterator[Step]:
    """The step if its condition holds; a comment where CumulusCI decides that in the org."""
    result = not use.condition or holds(
        use.condition,
        source_format=str(file.at("project", "source_format") or ""),
        is_namespaced=file.at("orgs", "scratch", org, "namespaced") is True,
    )
    if result is None:
        reason = f"{step.reason} CumulusCI runs it when: {use.condition}"
        yield replace(step, is_on=False, reason=reason)
    elif result:
        yield step


def _dependency_notes(file: SourceFile) -> Iterator[LeftOut]:
    """Dependencies without the id of a version: CumulusCI looks them up on GitHub."""
    for index, each in enumerate(file.items("project", "dependencies")):
        value: Mapping[str, Any] = each if isinstance(each, Mapping) else {}
        if str(value.get("version_id", "")).startswith("04t"):
            continue
        name = value.get("namespace") or value.get("github") or value.get("zip_url") or "?"
        number = f" {value['version']}" if value.get("version") else ""
        text = (
            f"the dependency {name}{number}: write the id (04t…) of its version to install_package"
        )
        yield file.left_out(text, "project", "dependencies", index)


def _org_notes(file: SourceFile) -> Iterator[LeftOut]:
    for org in file.mapping("orgs", "scratch"):
        if org not in FLOWS:
            text = f"the org {org}: nothing says which flow sets it up; add a pool for it"
            yield file.left_out(text, "orgs", "scratch", org)
