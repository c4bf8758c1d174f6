"""The GitHub Actions recipes of docs/login.md are workflows that Actions takes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.login.page import snippet, snippets
from tests.login.workflow import Workflow, parse
from tests.login.workflow_syntax import problems

SECTION = "GitHub Actions"


@pytest.mark.parametrize("number", [0, 1])
def test_actions_takes_the_workflows(number: int) -> None:
    assert len(snippets(SECTION, "yaml")) == 2
    assert problems(parse(snippet(SECTION, "yaml", number))) == []


def _with(change: Callable[[Workflow, list[dict[str, Any]]], object]) -> list[str]:
    workflow = copy.deepcopy(parse(snippet(SECTION, "yaml", 1)))
    change(workflow, workflow["jobs"]["test"]["steps"])
    return problems(workflow)


WRONG: dict[str, Callable[[Workflow, list[dict[str, Any]]], object]] = {
    "workflow: step is not known": lambda workflow, _: workflow.update(step=[]),
    "workflow: no on": lambda workflow, _: workflow.pop("on"),
    "on: nightly is not known": lambda workflow, _: workflow.update(on="nightly"),
    "job test: no runs-on": lambda workflow, _: workflow["jobs"]["test"].pop("runs-on"),
    "step 1: either `run` or `uses`": lambda _, steps: steps[0].update(run="true"),
    "step 2: with is not known": lambda _, steps: steps[1].update({"with": {}}),
    "step 1: checkout is not OWNER/NAME@REF": lambda _, steps: steps[0].update(uses="checkout"),
    "step 4: no input username": lambda _, steps: steps[3]["env"].update(
        A="${{ inputs.username }}"
    ),
    "step 5, if: secrets.KEY cannot be used here": lambda _, steps: steps[4].update(
        {"if": "secrets.KEY"}
    ),
    "step 4: no earlier step org with an output login_url": lambda _, steps: steps[3]["env"].update(
        A="${{ steps.org.outputs.login_url }}"
    ),
    "env: steps.org.outputs.username cannot be used here": lambda workflow, _: workflow[
        "env"
    ].update(A="${{ steps.org.outputs.username }}"),
    "step 4: an expression in `run` lets its value write the script: use `env`": lambda _, steps: (
        steps[3].update(run="echo ${{ secrets.KEY }}")
    ),
}


@pytest.mark.parametrize("problem", WRONG)
def test_what_actions_would_not_take_is_found(problem: str) -> None:
    assert _with(WRONG[problem]) == [problem]
