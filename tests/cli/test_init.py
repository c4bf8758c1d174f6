"""`init` writes a first project that works as it is, and never destroys anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provisioner.cli.sample_project import sample_files
from tests.cli.conftest import Cli, tree

SOURCE = "force-app/main/default"


def test_it_writes_a_whole_project(cli: Cli, tmp_path: Path) -> None:
    done = cli("init")

    assert done.code == 0
    assert tree(tmp_path) == {
        "pool.yaml",
        ".forceignore",
        "sfdx-project.json",
        "config/project-scratch-def.json",
        "data/sample-plan.json",
        "data/Account.json",
        "data/Contact.json",
        "data/Visit__c.json",
        "scripts/setup.apex",
        f"{SOURCE}/classes/VisitService.cls",
        f"{SOURCE}/classes/VisitService.cls-meta.xml",
        f"{SOURCE}/classes/VisitServiceTest.cls",
        f"{SOURCE}/classes/VisitServiceTest.cls-meta.xml",
        f"{SOURCE}/layouts/Visit__c-Visit Layout.layout-meta.xml",
        f"{SOURCE}/lwc/plannedVisits/plannedVisits.html",
        f"{SOURCE}/lwc/plannedVisits/plannedVisits.js",
        f"{SOURCE}/lwc/plannedVisits/plannedVisits.js-meta.xml",
        f"{SOURCE}/objects/Visit__c/Visit__c.object-meta.xml",
        f"{SOURCE}/objects/Visit__c/fields/Account__c.field-meta.xml",
        f"{SOURCE}/objects/Visit__c/fields/Contact__c.field-meta.xml",
        f"{SOURCE}/objects/Visit__c/fields/Duration__c.field-meta.xml",
        f"{SOURCE}/objects/Visit__c/fields/Notes__c.field-meta.xml",
        f"{SOURCE}/objects/Visit__c/fields/Status__c.field-meta.xml",
        f"{SOURCE}/objects/Visit__c/fields/Visit_Date__c.field-meta.xml",
        f"{SOURCE}/permissionsets/Visit_Planner.permissionset-meta.xml",
        f"{SOURCE}/triggers/VisitTrigger.trigger",
        f"{SOURCE}/triggers/VisitTrigger.trigger-meta.xml",
    }
    assert all(f"wrote {name}" in done.err for name in tree(tmp_path))


def test_it_says_what_to_set_up_in_the_dev_hub(cli: Cli) -> None:
    out = cli("init", "--keys", "keys").out

    for words in (
        "http://localhost:1717/OauthRedirect",
        "keys/server.crt",
        "api, web, refresh_token",
        "API Enabled; View Setup and Configuration;",
        "Read, Create, Edit and Delete on Scratch Org Infos; Read, Edit and Delete",
        "Admin approved users are pre-authorized",
        "provisioner hub app --session-from-env",
        "export SF_HUB_USERNAME",
        "export SF_CONSUMER_KEY",
        "provisioner check",
    ):
        assert words in out
    assert "SF_PRIVATE_KEY" not in out


def test_without_a_key_it_says_which_variable_to_set(cli: Cli) -> None:
    assert "export SF_PRIVATE_KEY" in cli("init").out


def test_what_it_wrote_checks_clean(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cli("init", "--keys", "keys")
    monkeypatch.setenv("SF_HUB_USERNAME", "hub@acme.example")
    monkeypatch.setenv("SF_CONSUMER_KEY", "3MVG9consumer")

    done = cli("check")

    assert done.err == (
        "pool.yaml: no problems (1 pool, 3 orgs wanted; checked 1 definition, 4 steps, 5 files)\n"
    )
    assert (done.code, done.out) == (0, "")


def test_the_key_may_come_from_the_environment_instead(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cli("init", "--keys", "keys")
    (tmp_path / "pool.yaml").unlink()
    (tmp_path / "pool.yaml").write_bytes(sample_files()["pool.yaml"])
    monkeypatch.setenv("SF_HUB_USERNAME", "hub@acme.example")
    monkeypatch.setenv("SF_CONSUMER_KEY", "3MVG9consumer")
    monkeypatch.setenv("SF_PRIVATE_KEY", (tmp_path / "keys/server.key").read_text())

    assert cli("check").code == 0


def test_an_existing_file_is_never_changed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pool.yaml").write_text("mine")

    done = cli("init", "--keys", "keys")

    assert (done.code, done.out) == (2, "")
    assert "these files already exist, so nothing was written: pool.yaml\n" in done.err
    assert "--force" in done.err
    assert tree(tmp_path) == {"pool.yaml"}
    assert (tmp_path / "pool.yaml").read_text() == "mine"


@pytest.mark.parametrize("name", ["server.key", "server.crt"])
def test_an_existing_key_is_never_changed(cli: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / name).write_text("mine")

    done = cli("init", "--keys", "keys", "--json")

    assert done.code == 2
    assert done.json["error"]["code"] == "file_exists"
    assert f"keys/{name}" in done.json["error"]["message"]
    assert tree(tmp_path) == {f"keys/{name}"}


def test_a_broken_link_is_an_existing_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pool.yaml").symlink_to("elsewhere")

    assert cli("init").code == 2
    assert not (tmp_path / "elsewhere").exists()


def test_force_overwrites(cli: Cli, tmp_path: Path) -> None:
    cli("init", "--keys", "keys")
    key = (tmp_path / "keys/server.key").read_bytes()
    (tmp_path / "pool.yaml").write_text("mine")

    assert cli("init", "--keys", "keys", "--force").code == 0
    assert "pools:" in (tmp_path / "pool.yaml").read_text()
    assert (tmp_path / "keys/server.key").read_bytes() != key


def test_a_key_in_the_home_of_the_user_is_named_from_there(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So pool.yaml has no path of one machine, and another user has a key at the same path."""
    monkeypatch.setenv("HOME", str(tmp_path))

    assert cli("init", "project", "--keys", str(tmp_path / ".certs")).code == 0

    written = (tmp_path / "project/pool.yaml").read_text()
    assert "private_key: '~/.certs/server.key'\n" in written
    monkeypatch.setenv("SF_HUB_USERNAME", "hub@acme.example")
    monkeypatch.setenv("SF_CONSUMER_KEY", "3MVG9")
    assert cli("check", "--config", "project/pool.yaml").code == 0


def test_it_writes_to_the_folder_of_the_given_config(cli: Cli, tmp_path: Path) -> None:
    assert cli("init", "--config", "team/pools.yaml").code == 0
    assert {"team/pools.yaml", "team/sfdx-project.json"} <= tree(tmp_path)


def test_it_writes_to_the_given_folder(cli: Cli, tmp_path: Path) -> None:
    done = cli("init", "my pool", "--keys", "my pool/keys")

    assert done.code == 0
    assert {"my pool/pool.yaml", "my pool/data/Account.json", "my pool/keys/server.key"} <= tree(
        tmp_path
    )
    assert "cd 'my pool'" in done.out
    assert "private_key: 'keys/server.key'" in (tmp_path / "my pool/pool.yaml").read_text()


def test_a_folder_that_cannot_be_written_is_reported(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "team").write_text("a file")

    done = cli("init", "--config", "team/pool.yaml")

    assert done.code == 2
    assert re.search(r"error: .*team.* cannot be written: ", done.err)


def test_json_names_the_files(cli: Cli) -> None:
    document = cli("init", "--json").json

    assert "pool.yaml" in document["files"]
    assert "Setup" in document["next"]
