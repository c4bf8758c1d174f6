"""The marker `snapshot`: one in a pool, below steps, in orgs that can be its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from provisioner.config.snapshot_marker import marker_findings
from provisioner.config.step_entry import StepEntry, When
from provisioner.steps.base import Step


@dataclass(frozen=True)
class Options:
    """The options of a step: only its personas matter here."""

    personas: tuple[str, ...] = ()


@dataclass(frozen=True)
class Definition:
    name: str = "config/project-scratch-def.json"
    content: Mapping[str, Any] = field(default_factory=dict)


def entry(kind: str, *personas: str, **keys: Any) -> StepEntry:
    return StepEntry(kind=kind, step=cast("Step", Options(personas)), line=9, **keys)


def found(steps: list[StepEntry], *definitions: Definition) -> list[str]:
    return [
        f"{each.field}: {'warning: ' if each.is_warning else ''}{each.message}"
        for each in marker_findings(steps, definitions or (Definition(),))
    ]


DEPLOY, MARKER, APEX = entry("deploy_source"), entry("snapshot"), entry("run_apex")
NOTHING = (
    "no step is above the marker snapshot, so there is nothing to keep; move it below the steps "
    "that are the same in every org"
)


@pytest.mark.parametrize("steps", [[], [DEPLOY, APEX], [DEPLOY, MARKER], [DEPLOY, MARKER, APEX]])
def test_one_marker_below_a_step_is_good(steps: list[StepEntry]) -> None:
    assert found(steps) == []


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([MARKER, DEPLOY], f"steps.0: {NOTHING}"),
        (
            [DEPLOY, MARKER, APEX, MARKER],
            "steps.3: the pool has the marker snapshot in line 9 already; keep one of them",
        ),
        (
            [DEPLOY, entry("snapshot", when=When(definition=("x",)))],
            "steps.1: when cannot be set for the marker snapshot: it holds for all orgs of the "
            "pool",
        ),
        (
            [DEPLOY, entry("create_users", "agent"), MARKER],
            "steps.1: create_users cannot be above the marker snapshot: whether users are copied "
            "is unknown; move it below the marker",
        ),
        (
            [entry("deploy_source", when=When(definition=("other",))), MARKER],
            "steps.1: warning: no step above the marker snapshot runs in orgs of "
            "config/project-scratch-def.json: their snapshot is an empty org",
        ),
    ],
)
def test_a_marker_that_cannot_work_is_a_problem(steps: list[StepEntry], message: str) -> None:
    assert found(steps) == [message]


def test_a_definition_may_have_what_goes_into_the_source_org() -> None:
    content = {
        "edition": "Developer",
        "features": ["API"],
        "hasSampleData": True,
        "release": "preview",
        "settings": {},
    }
    assert found([DEPLOY, MARKER], Definition(content=content)) == []


def test_a_definition_whose_orgs_cannot_be_a_source_is_a_problem() -> None:
    first, second = Definition(content={"snapshot": "Base"}), Definition(content={"namespace": "a"})
    problems = found([DEPLOY, MARKER], first, second)
    assert problems[0].startswith("definitions.0: its key snapshot cannot be used together with")
    assert problems[1].startswith("definitions.1: its orgs have the namespace a, with which an org")
    assert "write namespace: false" in problems[1]
    assert found([DEPLOY], first, second) == []
