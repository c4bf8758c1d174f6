"""Warns of permission sets, objects and fields that steps need and that no step before brings.

Nothing is said about an org whose content is unknown: after a package or a command, after a step of
another distribution, and in an org from a snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.config.checks import nearest
from provisioner.declare.options import Finding
from provisioner.errors import UsageError
from provisioner.steps.components import (
    FIELD,
    OBJECT,
    PERMISSION_SET,
    PERMISSION_SET_GROUP,
    BringsComponents,
    Components,
    Need,
    NeedsComponents,
)

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.config.step_entry import StepEntry

MOST = 20
"""Warnings of one step; further ones are counted."""

_WORDS = {
    PERMISSION_SET: ("permission set", "permission-set"),
    PERMISSION_SET_GROUP: ("permission set group", PERMISSION_SET_GROUP),
    OBJECT: ("object", "object"),
    FIELD: ("field", "field"),
}
"""The type in a sentence, and as the kind of an assumption."""

_ACTIVITY = re.compile(r"^(task|event)\.")
_STANDARD = frozenset(
    {
        "agentforceserviceagentuser",
        "agentplatformbuilder",
        "copilotsalesforceadmin",
        "copilotsalesforceuser",
        "datacloudarchitect",
        "dataclouduser",
        "einsteingptprompttemplatemanager",
        "einsteingptprompttemplateuser",
        "genieadmin",
        "unifiedcatalogadmin",
        "walkthroughs",
    }
)
"""Permission sets that come with features (docs/reference/permission-sets.md#standard-sets)."""


def need_findings(pool_file: PoolFile) -> Iterator[Finding]:
    """The warnings of all pools. The steps must have been checked without a problem."""
    assumed = frozenset(text.lower() for text in pool_file.rehearsal.assume)
    for name, pool in pool_file.pools.items():
        contents = {each.name: each.content for each in pool.definitions}
        try:
            found = list(_of_pool(pool.steps, contents, pool_file.directory, assumed))
        except (UsageError, OSError, ValueError):  # a file was changed since it was checked
            continue
        for each in found:
            yield replace(each, field=f"pools.{name}.{each.field}")


def _of_pool(
    entries: Sequence[StepEntry],
    definitions: Mapping[str, Mapping[str, Any]],
    directory: Path,
    assumed: frozenset[str],
) -> Iterator[Finding]:
    """Each need of a step of a pool that is not met, once.

    `definitions` are the contents by name, and `assumed` is `KIND:NAME` in lower case.
    """
    seen: dict[tuple[str, str], Finding] = {}
    for name, content in definitions.items():
        if content.get("snapshot"):
            continue
        steps = [(index, entry) for index, entry in enumerate(entries) if entry.runs_in(name)]
        namespace = str(content.get("namespace") or "")
        for found in _Walk(steps, directory, namespace).findings(assumed):
            seen.setdefault((found.field, found.message), found)
    yield from seen.values()


class _Known:
    """Components that are in an org; names are compared without case, as Salesforce does."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, str]] = {}
        self._whole_types: set[str] = set()

    def add(self, brought: Components) -> None:
        for kind, names in brought.names.items():
            if kind in _WORDS:
                self._names.setdefault(kind, {}).update((name.lower(), name) for name in names)
        self._whole_types |= brought.whole_types

    def has(self, kind: str, name: str) -> bool:
        """Whether the org has a component, or may have it."""
        return kind in self._whole_types or self.lists(kind, name)

    def lists(self, kind: str, name: str) -> bool:
        """Whether a manifest lists a component. Task and Event have the fields of Activity."""
        names = self._names.get(kind, {})
        return name in names or _ACTIVITY.sub("activity.", name) in names

    def nearest(self, need: Need) -> str:
        """The name of a component of the same type, of a field the same object; "" if none is."""
        names = self._names.get(need.type, {}).values()
        owner, dot, name = need.name.rpartition(".")
        start = f"{owner}{dot}".lower()
        near = nearest(
            name, [each[len(start) :] for each in names if each.lower().startswith(start)]
        )
        return f"{owner}{dot}{near}" if near else ""


class _Walk:
    """The steps of the orgs of one definition, in their order."""

    def __init__(
        self, steps: Sequence[tuple[int, StepEntry]], directory: Path, namespace: str
    ) -> None:
        self._steps = steps
        self._directory = directory
        self._prefix = f"{namespace.lower()}__" if namespace else ""
        self._brought = [_components(entry, directory) for _, entry in steps]
        self._known = _Known()

    def findings(self, assumed: frozenset[str]) -> Iterator[Finding]:
        """A warning for each need that no step before meets."""
        for position, (index, entry) in enumerate(self._steps):
            missing = [need for need in self._missing(entry) if _assumption(need) not in assumed]
            for need in missing[:MOST]:
                field = f"steps.{index}.{entry.kind}.{need.option}"
                yield Finding(field, self._message(need, position), is_warning=True)
            if len(missing) > MOST:
                text = f"{len(missing) - MOST} more components that no step before this one brings"
                yield Finding(f"steps.{index}.{entry.kind}", text, is_warning=True)
            brought = self._brought[position]
            if brought is None:
                return
            self._known.add(brought)

    def _missing(self, entry: StepEntry) -> list[Need]:
        """What the org certainly lacks; of an object that is missing, not its fields as well."""
        step: object = entry.step
        needs = step.needs(self._directory) if isinstance(step, NeedsComponents) else ()
        missing = [need for need in needs if not self._is_met(need)]
        objects = {need.name.lower() for need in missing if need.type == OBJECT}
        return [
            need
            for need in missing
            if need.type != FIELD or need.name.partition(".")[0].lower() not in objects
        ]

    def _is_met(self, need: Need) -> bool:
        name = need.name.lower().removeprefix(self._prefix)
        if need.type == PERMISSION_SET and (name in _STANDARD or name.startswith("sfdc")):
            return True
        return self._known.has(need.type, name)

    def _message(self, need: Need, position: int) -> str:
        where = need.where()
        start = f"{where}: " if where else ""
        name = f"the {_WORDS[need.type][0]} {need.name}"
        later = self._later(need, position)
        if later is not None:
            text = f"{name} is deployed only by the step in line {later.line}"
            return f"{start}{text}; move this step behind that one"
        near = self._known.nearest(need)
        if near:
            advice = f"did you mean {near}?"
        elif need.type in (PERMISSION_SET, PERMISSION_SET_GROUP) and "__" in need.name:
            advice = "add a step before it that installs its package"
        else:
            advice = (
                "add it to the source; if each org has it, write "
                f"{_WORDS[need.type][1]}:{need.name} under rehearsal.assume"
            )
        return f"{start}no step before this one brings {name}; {advice}"

    def _later(self, need: Need, position: int) -> StepEntry | None:
        """The first step after this one that brings it, if a package cannot bring it earlier."""
        known = _Known()
        for at in range(position + 1, len(self._steps)):
            brought = self._brought[at]
            if brought is None:
                return None
            known.add(brought)
            if known.lists(need.type, need.name.lower().removeprefix(self._prefix)):
                return self._steps[at][1]
        return None


def _components(entry: StepEntry, directory: Path) -> Components | None:
    """What a step brings; None if that is unknown."""
    step: object = entry.step
    return step.components(directory) if isinstance(step, BringsComponents) else None


def _assumption(need: Need) -> str:
    return f"{_WORDS[need.type][1]}:{need.name}".lower()
