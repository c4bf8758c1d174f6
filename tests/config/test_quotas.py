"""Sizes, limits and durations that cannot work together; the single pools are in `wrong_files`."""

from __future__ import annotations

import pytest

from provisioner.config.load import read
from provisioner.ledger.facts import HubFacts
from tests.config.project import HUB, POOL, Project

TWO = POOL + POOL.removeprefix("pools:\n").replace("morning", "evening")


def problems(project: Project, limits: str, facts: HubFacts) -> list[str]:
    """The warnings of two pools of 3 orgs; the `limits` are in line 5."""
    project.write("pool.yaml", f"{HUB}limits: {limits}\n{TWO}")
    found = read(project.path, environ={}, facts_of=lambda _config: facts)
    assert found.pool_file is not None
    return [
        f"{each.line}:{each.column}: {each.key_path}: {each.message}" for each in found.problems
    ]


@pytest.mark.parametrize(
    ("limits", "facts"),
    [
        ("{}", HubFacts()),
        ("{}", HubFacts(active_limit=6, daily_limit=6)),
        ("{ keep_active: 2, keep_daily: 4 }", HubFacts(active_limit=8, daily_limit=10)),
    ],
)
def test_what_the_dev_hub_allows_or_may_allow(
    project: Project, limits: str, facts: HubFacts
) -> None:
    assert problems(project, limits, facts) == []


@pytest.mark.parametrize(
    ("limits", "facts", "warning"),
    [
        (
            "{}",
            HubFacts(active_limit=3, daily_limit=6),
            "7:3: pools: the pools want 6 orgs, but the Dev Hub allows 3 active scratch orgs; "
            "write sizes of at most 3 together",
        ),
        (
            "{ keep_daily: 5 }",
            HubFacts(active_limit=40, daily_limit=10),
            "7:3: pools: the pools want 6 orgs, but the Dev Hub allows 10 sign-ups in 24 hours, "
            "and limits.keep_daily reserves 5; write sizes of at most 5 together",
        ),
        (
            "{ keep_active: 40 }",
            HubFacts(active_limit=40),
            "5:24: limits.keep_active: leaves none for the pools: the Dev Hub allows 40 active "
            "scratch orgs; write less",
        ),
    ],
)
def test_what_it_does_not_allow(
    project: Project, limits: str, facts: HubFacts, warning: str
) -> None:
    assert problems(project, limits, facts) == [warning]
