"""`replacements` of sfdx-project.json cannot carry a secret into the metadata of an org."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.main import run
from provisioner.config.load import read
from provisioner.emulator.keys import KeyPair, make_key_pair
from provisioner.source import SourceError, package
from tests.source.projects import Covering, D, apex, write

KEY = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"
SECRETS = {
    "SF_PRIVATE_KEY": "any text",
    "SF_PRIVATE_KEY_PASSPHRASE": "any text",
    "PGPASSWORD": "any text",
    "A_KEY_BY_ANOTHER_NAME": KEY,
    "INSTALLATION_KEY": "planted-installation-key",
    "COPY_OF_THE_INSTALLATION_KEY": "planted-installation-key",
    "LEDGER_URL": "postgresql://pools:planted@db/pools",
}
POOL_YAML = """
dev_hub: { username: hub@acme.example, consumer_key: 3MVG9, private_key: hub.key }
ledger: ${LEDGER_URL}
pools:
  morning:
    size: 1
    definitions: [def.json]
    steps:
      - install_package: { version: 04t000000000001AAA, installation_key: "${INSTALLATION_KEY}" }
      - deploy_source: .
"""


def project(folder: Path, **entry: Any) -> Path:
    """A project whose class has the value of a variable put into it."""
    code = Covering(
        {**apex("A"), f"{D}classes/A.cls": "public class A { String a = 'PLACE'; }\n"},
        {"replacements": [{"filename": "A.cls", "stringToReplace": "PLACE", **entry}]},
    )
    return write(code, folder)


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STAGE", "test")


@pytest.fixture(scope="module")
def key_pair() -> KeyPair:
    return make_key_pair()


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("how", ["value", "condition"])
def test_a_variable_that_holds_a_secret_is_a_problem_at_its_line(
    name: str, how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In `source convert` and in `check`; also where it only decides about another value."""
    entry: dict[str, Any] = {"replaceWithEnv": name}
    if how == "condition":
        condition = {"env": name, "value": SECRETS[name]}
        entry = {"replaceWithEnv": "STAGE", "replaceWhenEnv": [condition]}
    root = project(tmp_path, **entry)
    (root / "pool.yaml").write_text(POOL_YAML)
    out = root / "out.zip"
    assert run(["source", "convert", str(root), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "sfdx-project.json:" in said
    assert f"the variable {name} contains a secret" in said
    assert "planted" not in said
    assert not out.exists()


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize("name", ["INSTALLATION_KEY", "SF_PRIVATE_KEY"])
def test_check_says_it_at_the_step(name: str, tmp_path: Path, key_pair: KeyPair) -> None:
    root = project(tmp_path, replaceWithEnv=name)
    (root / "pool.yaml").write_text(POOL_YAML)
    (root / "def.json").write_text('{ "edition": "Developer" }')
    (root / "hub.key").write_text(key_pair.private_key)
    (root / "hub.key").chmod(0o600)
    (problem,) = read(root / "pool.yaml", environ=SECRETS).errors
    assert (problem.line, problem.key_path) == (10, "pools.morning.steps.1.deploy_source")
    assert "sfdx-project.json:" in problem.message
    assert f"the variable {name} contains a secret" in problem.message


def test_any_other_variable_goes_into_the_source_as_before(tmp_path: Path) -> None:
    root = project(tmp_path, replaceWithEnv="STAGE")
    made = package(root, api_version="62.0", environ={"STAGE": "test"}, secret_variables=["KEY"])
    made.write_folder(tmp_path / "out")
    assert "'test'" in (tmp_path / "out/classes/A.cls").read_text()
    with pytest.raises(SourceError, match="the variable STAGE contains a secret"):
        package(root, api_version="62.0", environ={}, secret_variables=["STAGE"])
