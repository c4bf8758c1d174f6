"""Checks the marker `snapshot` of a pool, and what its definitions may not have together with it.

`edition`, `features`, `hasSampleData`, `release` and `sourceOrg` are allowed: they go into the
source org, and are left out of the sign-ups from its snapshot
(`provisioner.salesforce.definition.definition_from_snapshot`).
Source: docs/reference/sign-up.md#snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from provisioner.config.step_entry import StepEntry
from provisioner.declare.options import Finding

KIND = "snapshot"


class Definition(Protocol):
    """What the rules need of a definition."""

    @property
    def name(self) -> str:
        """The file as pool.yaml names it."""

    @property
    def content(self) -> Mapping[str, Any]:
        """The definition as it is sent, with its namespace."""


def marker_findings(
    steps: Sequence[StepEntry], definitions: Sequence[Definition]
) -> Iterator[Finding]:
    """The problems of the marker of one pool; none for a pool without one."""
    markers = [index for index, entry in enumerate(steps) if entry.kind == KIND]
    if not markers:
        return
    for index in markers[1:]:
        line = steps[markers[0]].line
        text = f"the pool has the marker snapshot in line {line} already; keep one of them"
        yield Finding(f"steps.{index}", text)
    first = markers[0]
    if steps[first].when is not None:
        text = "when cannot be set for the marker snapshot: it holds for all orgs of the pool"
        yield Finding(f"steps.{first}", text)
    yield from _above(first, steps[:first], definitions)
    for number, definition in enumerate(definitions):
        for text in _definition(definition.content):
            yield Finding(f"definitions.{number}", text)


def _above(
    index: int, above: Sequence[StepEntry], definitions: Sequence[Definition]
) -> Iterator[Finding]:
    """The steps above the marker: at least one for each definition, and none that makes users."""
    where = f"steps.{index}"
    if not above:
        text = "no step is above the marker snapshot, so there is nothing to keep"
        yield Finding(where, f"{text}; move it below the steps that are the same in every org")
        return
    for definition in definitions:
        if not any(entry.runs_in(definition.name) for entry in above):
            text = f"no step above the marker snapshot runs in orgs of {definition.name}"
            yield Finding(where, f"{text}: their snapshot is an empty org", is_warning=True)
    for number, entry in enumerate(above):
        if getattr(entry.step, "personas", ()):
            text = "cannot be above the marker snapshot: whether users are copied is unknown"
            yield Finding(f"steps.{number}", f"{entry.kind} {text}; move it below the marker")


def _definition(content: Mapping[str, Any]) -> Iterator[str]:
    """Why an org of a definition cannot be the source of a snapshot."""
    if content.get("snapshot"):
        yield (
            "its key snapshot cannot be used together with the marker snapshot in steps: an org "
            "from a snapshot cannot be the source of another one; remove one of them"
        )
    if namespace := content.get("namespace"):
        yield (
            f"its orgs have the namespace {namespace}, with which an org cannot be the source of a "
            "snapshot; write namespace: false here if sfdx-project.json has it, remove it from "
            "the definition, or remove the marker snapshot from steps"
        )
