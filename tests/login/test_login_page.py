"""docs/login.md is correct: its snippets run unchanged, and its table is complete."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.config.load import load
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.server import EmulatorServer
from provisioner.ledger.base import State
from provisioner.salesforce.login_errors import LOGIN_ERROR_TYPES
from tests.login import machine
from tests.login.command import ROOT, Run, record, write_pool_file
from tests.login.host import CONSUMER_KEY, USERNAME
from tests.login.page import section, snippet

pytestmark = pytest.mark.slow

REROUTE = """
# Loaded by Python at start-up: sends what is meant for Salesforce's hosts to the test's server.
import os
import requests.adapters

class Rerouted(requests.adapters.HTTPAdapter):
    def send(self, request, **kwargs):
        scheme_and_host = "/".join(request.url.split("/")[:3])
        request.url = request.url.replace(scheme_and_host, os.environ["EMULATOR_URL"])
        return super().send(request, **kwargs)

requests.sessions.HTTPAdapter = Rerouted
"""


@pytest.fixture
def environment(
    emulator: EmulatorServer, org: EmulatedOrg, key_file: Path, tmp_path: Path
) -> dict[str, str]:
    """The four variables of the page, our command on PATH, and an empty home."""
    path = machine.path_with_commands(tmp_path)
    return {
        **Run(tmp_path).environment(PATH=path, BROWSER="browser"),
        "ORG_USERNAME": USERNAME,
        "CONSUMER_KEY": CONSUMER_KEY,
        "KEY_FILE": str(key_file),
        "LOGIN_URL": emulator.url,
    }


def run(
    command: list[str], environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """A command that must end well."""
    ended = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended


def output(command: list[str], environment: dict[str, str], folder: Path) -> str:
    """What a command says that has no reason to say anything on stderr."""
    ended = run(command, environment, folder)
    assert ended.stderr == ""
    return ended.stdout


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


def test_every_way_to_log_in_with_pool_file_and_ledger_works(
    environment: dict[str, str], org: EmulatedOrg, key_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, environment["LOGIN_URL"], str(key_file))
    record(tmp_path, environment["LOGIN_URL"], State.AVAILABLE)
    (tmp_path / "seed.py").write_text("import os; print(os.environ['SCRATCH_ORG_ID'], 'seeded')")
    lines = [line.partition("#")[0].strip() for line in snippet("provisioner", "sh").splitlines()]
    assert len(lines) == 6
    said = [run(["sh", "-euc", line], environment, tmp_path).stdout for line in lines]
    who, session, browser, link, handed_over, seeded = said
    assert org.id in who
    assert "!AQ" not in who, "the token is not shown"
    assert json.loads(session)["access_token"].startswith(f"{org.id[:15]}!")
    assert "secur/frontdoor.jsp" in (tmp_path / "browsed.txt").read_text()
    assert "frontdoor" not in browser
    assert link.startswith(f"{environment['LOGIN_URL']}/secur/frontdoor.jsp?")
    (call,) = machine.calls(tmp_path)
    assert call["arguments"][-3:] == ["--alias", "mine", "--set-default"]
    assert org.id in handed_over
    assert seeded == f"{org.id} seeded\n"


def test_the_cli_recipe_logs_in(
    environment: dict[str, str], org: EmulatedOrg, tmp_path: Path
) -> None:
    """By a stand-in that reads the same options; scripts/clients/salesforce-cli has the CLI."""
    code = snippet("Salesforce CLI", "sh")
    assert org.id in run(["sh", "-euc", code], environment, tmp_path).stdout


def test_the_cumulusci_recipe_says_what_cumulusci_reads(
    environment: dict[str, str], key_file: Path, tmp_path: Path
) -> None:
    """CumulusCI itself is too large for tests; scripts/clients/cumulusci runs this with it."""
    code = snippet("CumulusCI", "sh")
    exports, _, command = code.rstrip("\n").rpartition("\n")
    assert command == "cci org info pool"
    printed = output(["sh", "-euc", f"{exports}\nenv -0"], environment, tmp_path)
    variables = dict(entry.split("=", 1) for entry in printed.split("\0") if entry)
    assert variables["SFDX_CLIENT_ID"] == CONSUMER_KEY
    assert variables["SFDX_HUB_KEY"] == key_file.read_text().rstrip("\n")
    assert json.loads(variables["CUMULUSCI_ORG_pool"]) == {
        "username": USERNAME,
        "instance_url": environment["LOGIN_URL"],
        "sandbox": True,
    }


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl here")
def test_the_second_key_is_made_and_named_as_the_page_says(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (command,) = re.findall(r"`(openssl req [^`]+)`", section("Two keys"))
    run(["sh", "-euc", f"{command} -subj /CN=acme.example"], environment, tmp_path)
    write_pool_file(tmp_path, environment["LOGIN_URL"], environment["KEY_FILE"])
    with (tmp_path / "pool.yaml").open("a") as file:
        file.write(snippet("Two keys", "yaml"))
    second = {"SCRATCH_CONSUMER_KEY": "3MVG9Second", "SCRATCH_PRIVATE_KEY": "scratch.key"}
    app = load(tmp_path / "pool.yaml", environ=second, need="hub_and_ledger").scratch_app
    assert app is not None
    assert app.consumer_key == "3MVG9Second"
    assert app.private_key == tmp_path / "scratch.key"


def rerouted(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """Variables with which a Python sends all its requests to the test's server."""
    (folder / "rerouted").mkdir()
    (folder / "rerouted" / "sitecustomize.py").write_text(REROUTE)
    path = f"{folder / 'rerouted'}:{ROOT}"
    return {**environment, "PYTHONPATH": path, "EMULATOR_URL": environment["LOGIN_URL"]}


@pytest.mark.parametrize("host", ["test", "power-fun-1-dev-ed.scratch.my"])
def test_the_simple_salesforce_recipe_logs_in(
    host: str, environment: dict[str, str], org: EmulatedOrg, tmp_path: Path
) -> None:
    variables = rerouted(environment, tmp_path)
    variables["LOGIN_URL"] = f"https://{host}.salesforce.com"
    code = snippet("simple-salesforce", "python", 0)
    assert output([sys.executable, "-c", code], variables, tmp_path) == f"{org.id}\n"


def test_simple_salesforce_works_with_our_session(
    environment: dict[str, str], org: EmulatedOrg, key_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, environment["LOGIN_URL"], str(key_file))
    record(tmp_path, environment["LOGIN_URL"], State.AVAILABLE)
    code = snippet("simple-salesforce", "python", 1)
    ended = run([sys.executable, "-c", code], rerouted(environment, tmp_path), tmp_path)
    assert ended.stdout == f"{org.id}\n"
    assert "and not claimed" in ended.stderr


def test_every_code_that_a_refused_login_may_have_is_explained() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", section("When it is refused"), re.MULTILINE)
    assert sorted(explained) == sorted({row.code for row in LOGIN_ERROR_TYPES})
