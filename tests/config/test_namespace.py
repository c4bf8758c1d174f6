"""The namespace of sfdx-project.json goes into the sign-ups, and into the fingerprint."""

from __future__ import annotations

import json

import pytest

from provisioner.builder.fingerprint import fingerprints
from tests.config.project import HUB, POOL, Project

PROJECT = {"packageDirectories": [{"path": "force-app"}], "namespace": "acme"}
WITHOUT = POOL + "        namespace: false\n"


def namespace(project: Project, pool: str = POOL) -> object:
    [definition] = project.load(HUB + pool).pools["morning"].definitions
    return definition.content.get("namespace")


def test_it_comes_from_the_nearest_project_at_the_definition_or_above(project: Project) -> None:
    assert namespace(project) is None
    project.write("sfdx-project.json", json.dumps(PROJECT))
    assert namespace(project) == "acme"
    project.write("config/sfdx-project.json", json.dumps({**PROJECT, "namespace": "near"}))
    assert namespace(project) == "near"
    project.write("config/sfdx-project.json", json.dumps({**PROJECT, "namespace": ""}))
    assert namespace(project) is None


def test_a_definition_outside_a_project_uses_the_project_of_pool_yaml(project: Project) -> None:
    inner = Project(project.folder / "repository")
    inner.write(".git", "")
    inner.write("sfdx-project.json", json.dumps(PROJECT))
    project.write("shared.json", '{"edition": "Developer"}')
    pool = POOL.replace("config/project-scratch-def.json", "../shared.json")
    assert namespace(inner, pool) == "acme"


def test_nothing_above_the_git_work_tree_counts(project: Project) -> None:
    project.write("sfdx-project.json", json.dumps(PROJECT))
    inner = Project(project.folder / "repository")
    inner.write(".git", "")
    assert namespace(inner) is None


def test_the_namespace_of_a_definition_takes_precedence(project: Project) -> None:
    project.write("sfdx-project.json", json.dumps(PROJECT))
    project.write("config/project-scratch-def.json", '{"edition": "Developer", "namespace": "own"}')
    assert namespace(project) == "own"
    assert namespace(project, WITHOUT) == "own"


def test_a_pool_can_turn_it_off(project: Project) -> None:
    project.write("sfdx-project.json", json.dumps(PROJECT))
    assert namespace(project, WITHOUT) is None


def test_it_is_part_of_the_fingerprint_only_if_it_is_set(project: Project) -> None:
    def fingerprint(pool: str = POOL) -> str:
        config = project.load(HUB + pool)
        [found] = fingerprints(config, config.pools).values()
        return found

    bare = fingerprint()
    project.write("sfdx-project.json", json.dumps(PROJECT))
    assert fingerprint() != bare
    assert fingerprint(WITHOUT) == bare


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{\n,", "sfdx-project.json:2:1: the file is not JSON"),
        ('{"namespace": 7}', "sfdx-project.json: namespace has the wrong type; write a text"),
        (b"\xff", "sfdx-project.json is not UTF-8 text; save it as UTF-8"),
    ],
)
def test_a_project_file_that_cannot_be_read_is_a_problem(
    project: Project, text: str | bytes, message: str
) -> None:
    project.write("sfdx-project.json", text)
    [problem] = project.problems(HUB + POOL)
    assert message in problem.message
    assert problem.key_path == "pools.morning.definitions.0.file"
    assert project.problems(HUB + WITHOUT) == []
