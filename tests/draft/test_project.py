"""`init` in a project writes a pool.yaml for it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Done, tree
from tests.draft.conftest import DEFINITION, PERMISSION_SET, PROJECT, SETS, Make, pool, pools, text

Init = Callable[..., Done]


def test_only_pool_yaml_is_written(make: Make, cli: Cli, tmp_path: Path) -> None:
    make({})
    before = {name: (tmp_path / name).read_bytes() for name in tree(tmp_path)}

    assert cli("init").code == 0

    after = {name: (tmp_path / name).read_bytes() for name in tree(tmp_path)}
    assert {name for name in after if name not in before} == {"pool.yaml"}
    assert {name: after[name] for name in before} == before


def test_it_has_definition_source_and_permission_sets(make: Make, init: Init) -> None:
    make({f"{SETS}/Team.permissionsetgroup-meta.xml": "<PermissionSetGroup/>"})

    done = init()

    assert "1 pool, 2 steps" in done.err
    assert list(pools()) == ["acme-clinic"]
    assert pool()["definitions"] == ["config/project-scratch-def.json"]
    assert pool()["steps"] == [
        {"deploy_source": {"path": "."}},
        {"assign_permission_sets": {"sets": ["Planner"], "groups": ["Team"]}},
    ]


FIRST_LINE = "# yaml-language-server: $schema=pool.schema.json\n"


def test_the_first_line_names_the_schema_by_a_path_that_all_users_have(
    make: Make, init: Init, tmp_path: Path
) -> None:
    """While the schema is not there, the next line says how to write it."""
    make({})

    init()

    text = (tmp_path / "pool.yaml").read_text()
    assert text.startswith(FIRST_LINE)
    assert "#   provisioner schema > pool.schema.json\n" in text
    assert str(tmp_path) not in text
    assert not (tmp_path / "pool.schema.json").exists()


def test_a_schema_that_is_there_needs_no_explanation(
    make: Make, init: Init, tmp_path: Path
) -> None:
    make({"pool.schema.json": "{}"})

    init()

    text = (tmp_path / "pool.yaml").read_text()
    assert text.startswith(FIRST_LINE)
    assert "provisioner schema >" not in text


def test_an_existing_pool_yaml_is_kept(make: Make, cli: Cli, tmp_path: Path) -> None:
    make({"pool.yaml": "mine"})

    done = cli("init")

    assert (done.code, done.out) == (2, "")
    assert "these files already exist, so nothing was written: pool.yaml\n" in done.err
    assert "hint: write another file (provisioner init --config FILE), or pass --force" in done.err
    assert (tmp_path / "pool.yaml").read_text() == "mine"


def test_force_replaces_nothing_but_pool_yaml(make: Make, cli: Cli, tmp_path: Path) -> None:
    make({"pool.yaml": "mine", ".forceignore": "mine"})

    assert cli("init", "--force").code == 0

    assert "pools:" in (tmp_path / "pool.yaml").read_text()
    assert (tmp_path / ".forceignore").read_text() == "mine"
    assert (tmp_path / "config/project-scratch-def.json").read_text() == '{"edition": "Developer"}'


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_the_sample_never_replaces_a_file_of_the_user(
    cli: Cli, tmp_path: Path, force: tuple[str, ...]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/Account.json").write_text("mine")

    done = cli("init", *force)

    assert done.code == 2
    assert "these files already exist, so nothing was written: data/Account.json" in done.err
    assert "choose an empty folder: provisioner init FOLDER" in done.err
    assert tree(tmp_path) == {"data/Account.json"}


def test_without_a_definition_nothing_is_written(make: Make, cli: Cli, tmp_path: Path) -> None:
    make({"config/project-scratch-def.json": None})

    done = cli("init")

    assert done.code == 2
    assert "error: no scratch org definition was found in ., so nothing was written\n" in done.err
    assert 'config/project-scratch-def.json with {"edition": "Developer"}' in done.err
    assert not (tmp_path / "pool.yaml").exists()


def test_pool_yaml_may_be_in_another_folder(make: Make, init: Init, tmp_path: Path) -> None:
    make({"data/plan.json": [{"sobject": "Account", "files": ["a.json"]}],
          "data/a.json": {"records": []}})  # fmt: skip

    done = init("--config", "team/pool.yaml")

    assert "wrote team/pool.yaml" in done.err
    [found] = pools(tmp_path / "team/pool.yaml").values()
    assert found["definitions"] == ["../config/project-scratch-def.json"]
    assert found["steps"] == [
        {"deploy_source": {"path": ".."}},
        {"assign_permission_sets": {"sets": ["Planner"]}},
        {"load_data": {"plan": "../data/plan.json"}},
    ]


def test_other_definitions_are_comments(make: Make, init: Init, tmp_path: Path) -> None:
    make({"config/person-accounts.json": {**DEFINITION, "features": ["PersonAccounts"]},
          "config/other.json": {"edition": 1, "key": 2}, "orgs/qa.json": DEFINITION})  # fmt: skip

    init()

    assert pool()["definitions"] == ["config/project-scratch-def.json"]
    assert "      # - config/person-accounts.json\n      # - orgs/qa.json\n" in text()
    assert "config/other.json" not in text()


def test_dependencies_are_installed_and_own_packages_are_not(make: Make, init: Init) -> None:
    directories = [
        {"path": "force-app", "package": "App", "default": True, "versionNumber": "1.0.0.NEXT",
         "dependencies": [{"package": "Billing@1.2.0-3"}, {"package": "Core@1.0.0-1"},
                          {"package": "Core@0.9.0-1"}]},
        {"path": "core", "package": "Core"},
    ]  # fmt: skip
    aliases = {"Billing@1.2.0-3": "04t5Y000000AbCdQAK", "Core@1.0.0-1": "04t5Y000000AbCeQAK",
               "Other@2.0.0-1": "04t5Y000000AbCfQAK", "App": "0Ho5Y000000AbCdQAK"}  # fmt: skip
    make({"sfdx-project.json": {**PROJECT, "packageDirectories": directories,
                                "packageAliases": aliases}, "core/x.txt": "x"})  # fmt: skip

    init()

    first = pool()["steps"][0]["install_dependencies"]
    assert first == {"project": ".", "skip": ["Core@1.0.0-1", "Core@0.9.0-1"]}
    assert "# - install_package: { version: Other@2.0.0-1 }" in Path("pool.yaml").read_text()


def test_what_check_refuses_is_a_comment_with_its_message(make: Make, init: Init) -> None:
    make({"data/plan.json": [{"sobject": "Account", "files": ["gone.json"]}]})

    init()

    assert "load_data" not in str(pool()["steps"])
    assert "But `provisioner check` says: data/gone.json: cannot be read: No such file" in text()
    assert "      # - load_data: { plan: data/plan.json }" in text()


def test_what_needs_broken_source_is_a_comment(make: Make, init: Init) -> None:
    directories = [*PROJECT["packageDirectories"], {"path": "gone"}]
    make({"sfdx-project.json": {**PROJECT, "packageDirectories": directories}})

    init()

    assert "steps" not in pool()
    assert "gone: the folder does not exist in the project" in text()
    assert "But it needs deploy_source, see above." in text()
    assert "    # steps:\n" in Path("pool.yaml").read_text()


def test_a_permission_set_with_a_licence_is_a_comment(make: Make, init: Init) -> None:
    licensed = PERMISSION_SET % "<license>SalesConsoleUser</license>"
    make({f"{SETS}/Console.permissionset-meta.xml": licensed})

    init()

    assert {"assign_permission_sets": {"sets": ["Planner"]}} in pool()["steps"]
    assert "It needs the licence SalesConsoleUser" in Path("pool.yaml").read_text()


def test_what_forceignore_excludes_is_not_assigned(make: Make, init: Init) -> None:
    make({
        f"{SETS}/Ignored.permissionset-meta.xml": PERMISSION_SET % "",
        ".forceignore": "**/Ignored.*",
    })  # fmt: skip

    init()

    assert {"assign_permission_sets": {"sets": ["Planner"]}} in pool()["steps"]
    assert "Ignored" not in text()
