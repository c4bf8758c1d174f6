"""docs/login.md is true: its snippets run as they stand there, and its table is complete."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.server import EmulatorServer
from provisioner.ledger.base import State
from provisioner.salesforce.refusals import REFUSALS
from tests.login.command import ROOT, Run, record, write_pool_file
from tests.login.host import CONSUMER_KEY, USERNAME

PAGE = ROOT / "docs" / "login.md"

REROUTE = """
# Loaded by Python at start-up: sends what is meant for Salesforce's hosts to the test's server.
import os
import requests.adapters

class Rerouted(requests.adapters.HTTPAdapter):
    def send(self, request, **kwargs):
        scheme_and_host = "/".join(request.url.split("/")[:3])
        request.url = request.url.replace(scheme_and_host, os.environ["LOGIN_URL"])
        return super().send(request, **kwargs)

requests.sessions.HTTPAdapter = Rerouted
"""


def snippet(section: str, language: str, number: int = 0) -> str:
    """The code of one section of the page."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return str(re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)[number])


@pytest.fixture
def environment(
    emulator: EmulatorServer, org: EmulatedOrg, key_file: Path, tmp_path: Path
) -> dict[str, str]:
    """The four variables of the page, our command on PATH, and an empty home."""
    command = tmp_path / "provisioner"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m provisioner "$@"\n')
    command.chmod(0o755)
    return {
        **Run(tmp_path).environment(PATH=f"{tmp_path}:{os.environ['PATH']}"),
        "ORG_USERNAME": USERNAME,
        "CONSUMER_KEY": CONSUMER_KEY,
        "KEY_FILE": str(key_file),
        "LOGIN_URL": emulator.url,
    }


def output(command: list[str], environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="no curl here")
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_shell_recipe_logs_in(
    shell: str, environment: dict[str, str], org: EmulatedOrg, tmp_path: Path
) -> None:
    code = snippet("curl and openssl", "sh")
    answer = json.loads(output([shell, "-euc", code], environment, tmp_path))
    assert answer["access_token"].startswith(f"{org.id[:15]}!")
    assert answer["instance_url"] == environment["LOGIN_URL"]


def test_the_recipe_without_pool_file_and_ledger_logs_in(
    environment: dict[str, str], org: EmulatedOrg, tmp_path: Path
) -> None:
    code = snippet("provisioner", "sh", 1)
    answer = json.loads(output(["sh", "-euc", code], environment, tmp_path))
    assert list(answer) == list(json.loads(snippet("provisioner", "json")))
    assert answer["org_id"] == org.id


@pytest.mark.parametrize("number", [0, 1], ids=["by itself", "with our session"])
def test_the_simple_salesforce_recipes_log_in(
    number: int, environment: dict[str, str], org: EmulatedOrg, key_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, environment["LOGIN_URL"], str(key_file))
    record(tmp_path, environment["LOGIN_URL"], State.AVAILABLE)
    rerouted = tmp_path / "rerouted"
    rerouted.mkdir()
    (rerouted / "sitecustomize.py").write_text(REROUTE)
    environment["PYTHONPATH"] = f"{rerouted}:{ROOT}"
    code = snippet("simple-salesforce", "python", number)
    assert output([sys.executable, "-c", code], environment, tmp_path) == f"{org.id}\n"


def test_every_code_that_a_refused_login_may_have_is_explained() -> None:
    text = PAGE.read_text(encoding="utf-8")
    explained = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert sorted(explained) == sorted({kind.code for kind in REFUSALS})
