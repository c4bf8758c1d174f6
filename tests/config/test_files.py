"""Files that pool.yaml names: where they are searched for, and the problems of missing ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.config.project import HUB, POOL, STEPS_LINE, Project, options, with_steps


def test_paths_start_at_the_folder_of_pool_yaml(
    project: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    config = project.load(with_steps("- load_data: {plan: data/plan.json}"))

    assert config.dev_hub.private_key == project.folder / "server.key"
    assert options(config.pools["morning"].steps[0]).plan == Path("data/plan.json")


def test_the_tilde_is_the_home_folder(
    project: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    key = home / "hub.key"
    key.touch(mode=0o600)

    assert project.load(HUB.replace("server.key", "~/hub.key")).dev_hub.private_key == key


def test_a_missing_file_is_reported_at_the_line_that_names_it(project: Project) -> None:
    [problem] = project.problems(with_steps("- load_data:\n    plan: data/plam.json"))

    assert (problem.line, problem.column) == (STEPS_LINE + 1, 17)
    assert problem.message == "the file data/plam.json does not exist; did you mean data/plan.json?"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("load_data: {plan: data}", "data is a folder; write the path of a file"),
        (
            "load_data: {plan: /dev/null}",
            "/dev/null is not a regular file; write the path of a file",
        ),
        (
            "deploy_source: {path: server.key}",
            "server.key is not a folder; write the path of a folder",
        ),
        ('load_data: {plan: ""}', "is empty; write a text"),
        ('load_data: {plan: "a\\0b"}', "has a NUL character; write the path of a file"),
        (f"load_data: {{plan: {'x' * 300}}}", f"{'x' * 300} cannot be read: File name too long"),
    ],
)
def test_what_is_not_a_file_is_refused(project: Project, entry: str, message: str) -> None:
    [problem] = project.problems(with_steps(f"- {entry}"))

    assert problem.message == message


def test_a_missing_folder_is_reported_as_a_folder(project: Project) -> None:
    [problem] = project.problems(with_steps("- deploy_source: {path: force-app}"))

    assert problem.message.startswith("the folder force-app")


def test_a_link_whose_target_does_not_exist_is_reported_as_such(project: Project) -> None:
    (project.folder / "data/link.json").symlink_to("gone.json")

    [problem] = project.problems(with_steps("- load_data: {plan: data/link.json}"))

    assert problem.message == (
        "data/link.json is a link to gone.json, which does not exist; fix the link"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_of_another_user_is_refused(project: Project) -> None:
    (project.folder / "data/plan.json").chmod(0)

    [problem] = project.problems(with_steps("- load_data: {plan: data/plan.json}"))

    assert problem.message.startswith("data/plan.json cannot be read by this user")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_key_that_others_can_read_is_a_warning(project: Project, mode: int) -> None:
    (project.folder / "server.key").chmod(mode)

    [problem] = project.problems(HUB + POOL)

    assert problem.is_warning
    assert (problem.key_path, problem.line) == ("dev_hub.private_key", 4)
    assert problem.message == "others on this machine can read this key; run chmod 600 server.key"


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_that_only_its_owner_can_read_is_accepted(project: Project, mode: int) -> None:
    (project.folder / "server.key").chmod(mode)

    assert project.problems(HUB + POOL) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
@pytest.mark.parametrize(("mode", "warnings"), [(0o440, 0), (0o444, 1), (0o460, 1)])
def test_a_key_of_another_owner_may_be_read_by_its_group(
    project: Project, mode: int, warnings: int
) -> None:
    """A volume of Kubernetes has such files: they belong to root and to the group of the pod."""
    (project.folder / "server.key").chmod(mode)
    os.chown(project.folder / "server.key", 65532, -1)

    assert len(project.problems(HUB + POOL)) == warnings


def test_the_key_of_the_second_app_is_checked_too(project: Project) -> None:
    text = f"{HUB}scratch_app: {{consumer_key: x, private_key: second.key}}\n"

    [problem] = project.problems(text)

    assert problem.key_path == "scratch_app.private_key"
