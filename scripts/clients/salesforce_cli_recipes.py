"""The recipes of docs/login.md that need the Salesforce CLI."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sample_project import write_project
from trial import Trial, must

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from provisioner.ledger import open_ledger
from provisioner.ledger.base import Org, State
from tests.login.command import ROOT, write_pool_file
from tests.login.page import snippet
from tests.login.workflow import Runner, parse


class Recipes:
    """Where the recipes run: `sf` on PATH, the CLI's environment, the variables of the page."""

    def __init__(
        self,
        start: list[str],
        environment: Mapping[str, str],
        folder: Path,
        variables: Mapping[str, str],
    ) -> None:
        commands = folder / "recipe-commands"
        commands.mkdir()
        _write_command(commands / "sf", f'exec {shlex.join(start)} "$@"')
        # the CLI is installed already; a recipe that installed something else would be seen
        _write_command(commands / "npm", 'test "$*" = "install --global @salesforce/cli"')
        self.folder = folder
        self.variables = variables
        self.environment = {**environment, "PATH": f"{commands}:{environment['PATH']}"}

    def shell(self) -> None:
        """The section *Salesforce CLI*, then a query with the session that it has left."""
        query = '\nsf data query -q "SELECT Id FROM Organization" -o "$ORG_USERNAME"'
        ended = subprocess.run(
            ["bash", "-euc", snippet("Salesforce CLI", "sh") + query],
            cwd=self.folder,
            env={**self.environment, **self.variables},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        must(ended.returncode == 0, ended.stdout + ended.stderr)

    def hand_over(self, key: str) -> None:
        """`provisioner login --sf` with the key in a variable: no file of it for the CLI."""
        folder = self.folder / "hand-over"
        folder.mkdir()
        username, url = self.variables["ORG_USERNAME"], self.variables["LOGIN_URL"]
        write_pool_file(folder, url, "${SF_PRIVATE_KEY}")
        ledger = open_ledger("sqlite:///ledger.db", folder)
        org = Org(
            username=username,
            pool="morning",
            consumer_key=self.variables["CONSUMER_KEY"],
            login_url=url,
            state=State.AVAILABLE,
        )
        ledger.restore(org, note="")
        ledger.close()
        ended = subprocess.run(
            [sys.executable, "-m", "provisioner", "login", username, "--sf"],
            cwd=folder,
            env={**self.environment, "SF_PRIVATE_KEY": key, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        must(ended.returncode == 0, ended.stdout + ended.stderr)

    def workflow(self, key: str) -> None:
        """The first workflow of *GitHub Actions*, in a checked-out project."""
        temp = self.folder / "runner-temp"
        temp.mkdir()
        project = write_project(self.folder / "checkout")
        contexts = {
            "secrets": {"SF_PRIVATE_KEY": key},
            "vars": {"SF_CONSUMER_KEY": self.variables["CONSUMER_KEY"]},
            "inputs": {
                "username": self.variables["ORG_USERNAME"],
                "login_url": self.variables["LOGIN_URL"],
            },
        }
        runner = Runner(project, temp, self.environment, contexts)
        install, login, tests, removal = runner.run(parse(snippet("GitHub Actions", "yaml")))
        for step in (install, login, tests, removal):
            must(step.code == 0, f"{step.name}: {step.output}")
        must("GreeterTest.greets" in tests.output, f"{tests.name}: {tests.output}")
        must(list(temp.glob("*.key")) == [], "the key was left behind")


def run(trial: Trial, recipes: Recipes, key: Path) -> None:
    """All of them, noted in the trial."""
    trial.step("docs/login.md, Salesforce CLI", recipes.shell)
    trial.step("provisioner login --sf, key in memory", lambda: recipes.hand_over(key.read_text()))
    trial.step("docs/login.md, GitHub Actions", lambda: recipes.workflow(key.read_text()))


def _write_command(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
