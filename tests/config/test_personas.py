"""Each persona of a pool is created by one step, and before it is used."""

from __future__ import annotations

import pytest

from provisioner.config.personas import persona_findings
from provisioner.steps.assign_permission_sets import AssignPermissionSets
from tests.config.project import Project, with_steps

CREATE = "- create_users: [config/agent-user.json]\n"


@pytest.fixture
def people(project: Project) -> Project:
    project.write("config/agent-user.json", "{}")
    return project


def test_a_persona_is_created_before_it_is_used(people: Project) -> None:
    assert people.lines(with_steps(CREATE)) == []


def test_a_persona_is_created_once(people: Project) -> None:
    (line,) = people.lines(with_steps(CREATE + CREATE))
    assert ".steps.1: " in line
    assert line.endswith("an earlier step creates the persona agent, too; rename one of them")


@pytest.mark.parametrize(
    ("user", "advice"),
    [("agnet", "did you mean agent?"), ("boss", "they create agent")],
)
def test_an_unknown_persona_has_a_near_name(people: Project, user: str, advice: str) -> None:
    config = people.load(with_steps(CREATE))
    (created,) = config.pools["morning"].steps
    used = AssignPermissionSets(sets=("A",), users=(user,))
    (finding,) = persona_findings([created.step, used])
    assert finding.field == "steps.1"
    assert finding.message == (f"no earlier step create_users creates the persona {user}; {advice}")
    (too_early,) = persona_findings([used])
    assert too_early.message.endswith("they create none")


def test_a_definition_with_a_problem_is_named_at_its_entry(people: Project) -> None:
    people.write("config/agent-user.json", '{"generatePassword": true}')
    (line,) = people.lines(with_steps(CREATE))
    assert "config/agent-user.json: generatePassword is not supported: no passwords" in line
