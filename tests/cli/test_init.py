"""`init` writes a first project that works as it is, and never destroys anything."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from provisioner.cli.init import KEY_LINE, sample_files
from provisioner.config.definition import read_definition
from provisioner.steps import STEPS
from tests.cli.conftest import Cli

METADATA = "{http://soap.sforce.com/2006/04/metadata}"
SOURCE = "force-app/main/default"


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


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
        "Admin approved users are pre-authorized",
        "C-1016",
        "export SF_HUB_USERNAME",
        "export SF_CONSUMER_KEY",
        "provisioner check",
    ):
        assert words in out
    assert "SF_PRIVATE_KEY" not in out


def test_without_a_key_it_says_where_the_key_comes_from(cli: Cli) -> None:
    assert "export SF_PRIVATE_KEY" in cli("init").out


def test_what_it_wrote_checks_clean(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cli("init", "--keys", "keys")
    monkeypatch.setenv("SF_HUB_USERNAME", "hub@acme.example")
    monkeypatch.setenv("SF_CONSUMER_KEY", "3MVG9consumer")

    done = cli("check")

    assert done.err == "pool.yaml: all good (1 pool, 3 orgs wanted)\n"
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


def test_an_existing_file_is_never_touched(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pool.yaml").write_text("mine")

    done = cli("init", "--keys", "keys")

    assert (done.code, done.out) == (2, "")
    assert "nothing was written, because these files exist: pool.yaml\n" in done.err
    assert "--force" in done.err
    assert tree(tmp_path) == {"pool.yaml"}
    assert (tmp_path / "pool.yaml").read_text() == "mine"


@pytest.mark.parametrize("name", ["server.key", "server.crt"])
def test_an_existing_key_is_never_touched(cli: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / name).write_text("mine")

    done = cli("init", "--keys", "keys", "--json")

    assert done.code == 2
    assert done.json["error"]["code"] == "file_exists"
    assert f"keys/{name}" in done.json["error"]["message"]
    assert tree(tmp_path) == {f"keys/{name}"}


def test_a_link_that_leads_nowhere_is_an_existing_file(cli: Cli, tmp_path: Path) -> None:
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


def test_it_writes_beside_the_config_that_is_named(cli: Cli, tmp_path: Path) -> None:
    assert cli("init", "--config", "team/pools.yaml").code == 0
    assert {"team/pools.yaml", "team/sfdx-project.json"} <= tree(tmp_path)


def test_a_folder_that_cannot_be_written_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "team").write_text("a file")

    done = cli("init", "--config", "team/pool.yaml")

    assert done.code == 2
    assert re.search(r"error: .*team.* cannot be written: ", done.err)


def test_json_names_the_files(cli: Cli) -> None:
    document = cli("init", "--json").json

    assert "pool.yaml" in document["files"]
    assert "Setup" in document["next"]


# -- keys


@pytest.fixture
def made(cli: Cli, tmp_path: Path) -> Path:
    previous = os.umask(0)  # the worst that a user can have
    try:
        cli("init", "--keys", "secrets/hub")
    finally:
        os.umask(previous)
    return tmp_path / "secrets/hub"


def test_the_key_is_for_its_owner_alone(made: Path) -> None:
    assert stat.S_IMODE((made / "server.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert (made / ".gitignore").read_text() == "*\n"
    assert tree(made) == {"server.key", "server.crt", ".gitignore"}


def test_the_key_is_never_readable_by_others_while_it_is_written(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: set[int] = set()
    write = os.fdopen

    def watched(handle: int, *arguments: Any, **options: Any) -> Any:
        modes.add(stat.S_IMODE(os.fstat(handle).st_mode))
        return write(handle, *arguments, **options)

    monkeypatch.setattr("os.fdopen", watched)
    previous = os.umask(0)
    try:
        cli("init", "--keys", "keys")
    finally:
        os.umask(previous)

    assert modes == {0o600}


def test_the_certificate_belongs_to_the_key_and_holds_a_year(made: Path) -> None:
    key = load_pem_private_key((made / "server.key").read_bytes(), None)
    certificate = x509.load_pem_x509_certificate((made / "server.crt").read_bytes())
    now = datetime.now(UTC)

    assert certificate.public_key() == key.public_key()
    assert certificate.not_valid_before_utc < now
    assert timedelta(364) < certificate.not_valid_after_utc - now <= timedelta(365)
    assert key.key_size == 2048  # type: ignore[union-attr]


def test_openssl_agrees(made: Path) -> None:
    command = ["openssl", "x509", "-noout", "-subject", "-checkend", "0", "-in", "server.crt"]
    done = subprocess.run(command, cwd=made, capture_output=True, text=True, check=True)

    assert "CN" in done.stdout


@pytest.mark.parametrize("folder", ["keys", "my keys", "it's", "${HOME}", "a: b # c", "/abs"])
def test_pool_yaml_names_the_key_whatever_its_folder_is_called(
    cli: Cli, tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SF_HUB_USERNAME", "hub@acme.example")
    monkeypatch.setenv("SF_CONSUMER_KEY", "3MVG9consumer")
    place = str(tmp_path / "abs") if folder == "/abs" else folder

    cli("init", "--keys", place)

    assert cli("check").code == 0


# -- the sample is good for the real platform


def xml_files() -> list[str]:
    return [name for name in sample_files() if name.endswith("-meta.xml")]


def xml(name: str) -> ET.Element:
    return ET.fromstring(sample_files()[name])


def texts(root: ET.Element, path: str) -> list[str]:
    found = root.iterfind("/".join(METADATA + part for part in path.split("/")))
    return [element.text or "" for element in found]


@pytest.mark.parametrize("name", xml_files())
def test_metadata_is_well_formed_and_in_its_name_space(name: str) -> None:
    root = xml(name)

    assert root.tag.startswith(METADATA)
    if "classes" in name or "triggers" in name or "lwc" in name:
        assert texts(root, "apiVersion") == ["65.0"]


def test_required_fields_are_left_out_of_the_permission_set() -> None:
    """The platform refuses field permissions for a required field."""
    fields = {
        texts(xml(name), "fullName")[0]: texts(xml(name), "required") == ["true"]
        for name in xml_files()
        if "/fields/" in name
    }
    permissions = texts(
        xml(f"{SOURCE}/permissionsets/Visit_Planner.permissionset-meta.xml"),
        "fieldPermissions/field",
    )

    assert set(permissions) == {f"Visit__c.{name}" for name, needed in fields.items() if not needed}


def test_the_layout_shows_every_field_and_requires_the_required_one() -> None:
    layout = xml(f"{SOURCE}/layouts/Visit__c-Visit Layout.layout-meta.xml")
    items = "layoutSections/layoutColumns/layoutItems"
    behaviours = dict(
        zip(texts(layout, f"{items}/field"), texts(layout, f"{items}/behavior"), strict=True)
    )

    assert behaviours["Visit_Date__c"] == "Required"
    assert {name for name in behaviours if name.endswith("__c")} == {
        texts(xml(name), "fullName")[0] for name in xml_files() if "/fields/" in name
    }


def test_the_data_resolves_and_fits_the_object() -> None:
    sample = sample_files()
    known: set[str] = set()
    fields = {texts(xml(name), "fullName")[0] for name in xml_files() if "/fields/" in name}
    for entry in json.loads(sample["data/sample-plan.json"]):
        for name in entry["files"]:
            for record in json.loads(sample[f"data/{name}"])["records"]:
                attributes = record.pop("attributes")
                assert attributes["type"] == entry["sobject"]
                references = {value for value in record.values() if str(value).startswith("@")}
                assert references <= known
                known.add(f"@{attributes['referenceId']}")
                if entry["sobject"] == "Visit__c":
                    assert record.keys() <= fields


def test_the_definition_breaks_no_rule(tmp_path: Path) -> None:
    path = tmp_path / "definition.json"
    path.write_bytes(sample_files()["config/project-scratch-def.json"])

    content, problems = read_definition(path)

    assert problems == ()
    assert {"edition", "features", "settings", "objectSettings"} <= content.keys()


def test_pool_yaml_is_yaml_to_any_reader_and_uses_known_steps() -> None:
    text = sample_files()["pool.yaml"].decode()

    [pool] = yaml.safe_load(text)["pools"].values()

    assert KEY_LINE in text
    assert pool["size"] == 3
    assert {kind for entry in pool["steps"] for kind in entry} <= STEPS.keys()
