"""What a list of commands does: the org definition, its days, and steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from provisioner.draft.commands.reading import Command
from provisioner.draft.commands.steps import (
    NoStepError,
    PartialDeployError,
    located,
    project_path,
    steps_of,
)
from provisioner.draft.found import source
from provisioner.draft.model import DefinitionFile, LeftOut, Setting, Step
from provisioner.draft.project import Project

MOST_DAYS = 30  # docs/reference/sign-up.md#definition-files
_ORG = "org create scratch"


@dataclass
class SetUp:
    """The set-up of an org by commands, in their order."""

    file: str = ""  # that has the commands
    definition: DefinitionFile | None = None
    days: Setting | None = None
    steps: list[Step] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    parts: list[tuple[int, Command]] = field(default_factory=list)
    """Deploys of parts of the source, each with the number of the steps before it."""

    @property
    def creates_org(self) -> bool:
        """Whether one of the commands creates a scratch org."""
        return self.definition is not None

    @property
    def brings_content(self) -> bool:
        """Whether source or a package gets into the org."""
        return any(step.phase <= 2 for step in self.steps)


def set_up(commands: Iterable[Command], project: Project) -> SetUp:
    """The set-up by these commands.

    Documents describe several ways: where an org is created after steps that brought no content,
    a new way starts. Of commands that are there twice the first one counts.
    """
    found = SetUp()
    for command in commands:
        if command.name == _ORG:
            _start(command, project, found)
        elif command.is_done_by_build:
            continue
        elif command.is_test:
            text = f"tests are no part of the set-up of an org: {command.text}"
            found.left_out.append(LeftOut(command.file, text, command.line))
        else:
            _add(command, project, found)
    if found.parts and not any(step.kind == "deploy_source" for step in found.steps):
        number, command = found.parts[0]
        reason = f"{command.where} deploys parts of the source; this deploys all of it."
        whole = [replace(step, reason=reason) for step in source.find(project)]
        found.steps[number:number] = whole
    return found


def _start(command: Command, project: Project, found: SetUp) -> None:
    if found.steps and not found.brings_content:
        found.steps.clear()
        found.parts.clear()
    files = command.options("-f", "--definition-file", "--definitionfile", "--config-file")
    if files and "$" not in files[0] and found.definition is None:
        reason = f"{command.where} creates a scratch org with it."
        has_none = {"--no-namespace", "--nonamespace"} & set(command.arguments)
        namespace = False if has_none else None
        file = str(located(project_path(files[0]), command.file, project))
        found.definition = DefinitionFile(file, reason, namespace=namespace)
    given = command.options("-y", "--duration-days", "-d", "--durationdays")
    days = [int(each) for each in given if re.fullmatch("[1-9][0-9]?", each)]
    if days and days[0] <= MOST_DAYS and found.days is None:
        found.days = Setting(days[0], f"as in {command.where}")


def _add(command: Command, project: Project, found: SetUp) -> None:
    try:
        steps = steps_of(command, project)
    except NoStepError as error:
        if isinstance(error, PartialDeployError):
            found.parts.append((len(found.steps), command))
        found.left_out.append(LeftOut(command.file, f"{command.text}: {error}", command.line))
        return
    for each in steps:
        step = replace(each, options=located(each.options, command.file, project))
        if not any(step.is_same(other) or _is_part(step, other) for other in found.steps):
            found.steps.append(step)


def _is_part(step: Step, other: Step) -> bool:
    """Whether a deploy brings nothing that an earlier one of the whole project did not."""
    is_project = step.kind == other.kind == "deploy_source" and step.options["path"] == "."
    return is_project and set(other.options) == {"path"} and other.options["path"] == "."


def merged_assignments(steps: Sequence[Step]) -> list[Step]:
    """The steps, with assignments of permission sets that follow each other as one."""
    merged: list[Step] = []
    for step in steps:
        last = merged[-1] if merged else None
        kind = "assign_permission_sets"
        both = last is not None and last.kind == step.kind == kind
        if last is not None and both and set(last.options) == set(step.options) == {"sets"}:
            names = dict.fromkeys([*last.options["sets"], *step.options["sets"]])
            reason = f"{last.reason}; {step.reason}"
            merged[-1] = Step(kind, {"sets": list(names)}, reason, needs=step.needs)
        else:
            merged.append(step)
    return merged
