"""The hook for pre-commit: it runs what it says, on a machine without secrets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner.cli.sample_project import sample_files
from tests.cli.conftest import Cli
from tests.test_layers import ROOT


@pytest.fixture
def hook() -> Any:
    (found,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    return found


@pytest.fixture(autouse=True)
def _sample(tmp_path: Path) -> None:
    for name, content in sample_files().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def run_hook(cli: Cli, hook: Any) -> tuple[int, str]:
    program, *arguments = hook["entry"].split()
    done = cli(*arguments)
    assert (program, done.out) == ("provisioner", "")
    return done.code, done.err


def test_the_sample_passes_without_a_variable_or_a_key(cli: Cli, hook: Any) -> None:
    assert run_hook(cli, hook) == (
        0,
        "pool.yaml: no problems (1 pool, 3 orgs wanted; checked 1 definition, 4 steps, 4 files, "
        "without dev_hub)\n",
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("size: 3", "size: three", "pools.sample.size: must be a whole number"),
        (
            "${SF_PRIVATE_KEY} #",
            "${SF_PRIVATE_KEY}\n  private_key_passphrase: hunter2 #",
            "dev_hub.private_key_passphrase: the secret is written in plain text",
        ),
        (
            "ledger: sqlite:///.provisioner/ledger.db",
            "ledger: postgresql://pools:hunter2@db.acme.example/pools",
            "ledger: the password is written in plain text",
        ),
        (
            "limits:",
            "notify: { webhook: https://hooks.slack.com/services/T0/B0/hunter2 }\nlimits:",
            "notify.webhook: a token is written in plain text",
        ),
        ("[Visit_Planner]", "[Visit_Planer]", "did you mean Visit_Planner?"),
    ],
)
def test_what_is_wrong_is_found(
    cli: Cli, hook: Any, tmp_path: Path, old: str, new: str, message: str
) -> None:
    pool = tmp_path / "pool.yaml"
    assert old in pool.read_text()
    pool.write_text(pool.read_text().replace(old, new))

    code, text = run_hook(cli, hook)

    assert code == (0 if "warning" in text else 2)
    assert message in text
    assert "hunter2" not in text


def test_it_runs_when_pool_yaml_or_what_it_names_is_changed(hook: Any) -> None:
    files = re.compile(hook["files"])

    for name in sample_files():
        is_source = name.startswith("force-app") and not name.endswith("-meta.xml")
        assert bool(files.search(name)) == (not is_source), name
    assert files.search("pools/pool.yaml")
    assert not files.search("README.md")
    assert not files.search("mypool.yaml")
    assert hook["pass_filenames"] is False


@pytest.mark.parametrize("option", ["--online", "--probe"])
def test_the_dev_hub_needs_the_secrets(cli: Cli, option: str) -> None:
    done = cli("check", "--without-secrets", option)

    assert done.code == 2
    assert "--without-secrets excludes --online and --probe, which need them" in done.err
