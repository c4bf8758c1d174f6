"""CumulusCI against an emulator; see `scripts/clients/cumulusci`."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from nightly_pool import ClaimedOrg, NightlyPool
from sample_project import CUMULUSCI_FILES, write_files
from trial import Trial, emulator, must, virtual_environment

from provisioner.emulator.keys import make_key_pair

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.login.page import snippet

CLIENT = "cumulusci==4.10.1"
LAST = "cci org info pool\n"  # of the recipe; other commands take its place
SANDBOX = r", \"sandbox\": true"


class CumulusCI:
    """`cci` in a folder, with a home of its own and the variables of docs/login.md."""

    def __init__(self, folder: Path, commands: Path, variables: Mapping[str, str]) -> None:
        self.recipe = snippet("CumulusCI", "sh")
        must(self.recipe.endswith(LAST), f"the recipe does not end with {LAST!r}")
        self.empty, self.project = folder / "empty", folder / "project"
        self.empty.mkdir()
        write_files(self.project, CUMULUSCI_FILES)
        self.home = folder / "home" / ".cumulusci"
        self.home.mkdir(parents=True)
        # It asks PyPI for a newer version once an hour: nothing is to leave the machine.
        (self.home / "cumulus_timestamp").write_text(str(time.time()))
        self.environment = {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "HOME": str(self.home.parent),
            "LANG": "C.UTF-8",
            "CUMULUSCI_KEY": secrets.token_hex(8),
            **variables,
        }

    def __call__(self, command: str) -> str:
        """A command in place of the recipe's last, in a project; what it prints."""
        return self._ended(self.recipe.replace(LAST, command), self.project).stdout

    def outside(self) -> str:
        """Run the recipe in a folder that is not a project; its output."""
        return self._ended(self.recipe, self.empty).stdout

    def refused(self, script: str, *words: str, in_project: bool = False, **changed: str) -> None:
        """A script that must fail, in these words."""
        folder = self.project if in_project else self.empty
        ended = self._ended(script, folder, code=1, **changed)
        for one in words:
            must(one in ended.stdout + ended.stderr, f"{one!r} is not in the output: {ended}")

    def task(self, name: str, options: str = "") -> str:
        """The command line of a task in the org."""
        return f"cci task run {name} --org pool {options}"

    def _ended(
        self, script: str, folder: Path, code: int = 0, **changed: str
    ) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            ["bash", "-euc", script],
            cwd=folder,
            env={**self.environment, **changed},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        output = ended.stdout + ended.stderr
        must(ended.returncode == code, f"exit code {ended.returncode}: {output}")
        return ended


def main() -> int:
    """Install, start, run all; the exit code."""
    commands = virtual_environment(CLIENT)
    with tempfile.TemporaryDirectory(prefix="cumulusci-") as directory:
        folder = Path(directory)
        with emulator(folder, ["--tls", "--speed", "1000", *sys.argv[1:]]) as running:
            return _run(folder, commands, running)


def _run(folder: Path, commands: Path, running: Mapping[str, str]) -> int:
    trial = Trial()
    trusted = {"SSL_CERT_FILE": running["ca"], "REQUESTS_CA_BUNDLE": running["ca"]}
    org = trial.step("provisioner build, claim", lambda: _claimed(folder, running))
    if org is None:
        return trial.conclude()
    variables = {
        **trusted,
        "ORG_USERNAME": org.username,
        "CONSUMER_KEY": org.consumer_key,
        "KEY_FILE": running["private_key"],
        "LOGIN_URL": org.login_url,
    }
    cci = CumulusCI(folder, commands, variables)
    _log_in(trial, cci, org, folder)
    _work(trial, cci)
    _forget(trial, cci)
    return trial.conclude()


def _claimed(folder: Path, running: Mapping[str, str]) -> ClaimedOrg:
    """An org of a pool of one, as `claim --json` tells it."""
    pool = NightlyPool(folder, running)
    pool.build(1)
    return pool.claim()


def _log_in(trial: Trial, cci: CumulusCI, org: ClaimedOrg, folder: Path) -> None:
    def recipe() -> None:
        output = cci.outside()
        must(org.username in output, f"another org: {output}")

    trial.step("the recipe of docs/login.md", recipe)
    make_key_pair().write(folder, "other")
    other = str(folder / "other.key")
    trial.step(
        "the recipe with another key is refused",
        lambda: cci.refused(cci.recipe, "invalid assertion", KEY_FILE=other),
    )
    trial.step(
        "the recipe with another user is refused",
        lambda: cci.refused(cci.recipe, "hasn't approved", ORG_USERNAME="nobody@acme.example"),
    )
    must(SANDBOX in cci.recipe, f"the recipe has no {SANDBOX}")
    trial.step(
        "the recipe without `sandbox` is refused",
        lambda: cci.refused(cci.recipe.replace(SANDBOX, ""), "audience is invalid"),
    )

    def org_info() -> None:
        info = json.loads(cci("cci org info pool --json"))
        must(info["userinfo"]["organization_id"] == org.org_id, "another org")
        must(info["instance_url"] == org.instance_url, f"at {info['instance_url']}")
        must(info["is_sandbox"] is True, "no sandbox")

    trial.step("org info --json, in a project", org_info)


def _work(trial: Trial, cci: CumulusCI) -> None:
    """Tasks of a project, by Tooling, Metadata, REST and Bulk API; a flow of several."""

    def fails(task: str, words: str) -> None:
        cci.refused(cci.recipe.replace(LAST, task), words, in_project=True)

    apex = "execute_anon"
    trial.step(apex, lambda: cci(cci.task(apex, "--apex 'System.debug(1);'")))
    trial.step(
        f"{apex}, broken, fails",
        lambda: fails(cci.task(apex, "--apex garbage"), "Apex compilation failed"),
    )
    trial.step("deploy", lambda: cci(cci.task("deploy")))
    assign = "assign_permission_sets"
    trial.step(assign, lambda: cci(cci.task(assign, "--api_names Clerk")))
    trial.step(
        f"{assign}, unknown, fails",
        lambda: fails(cci.task(assign, "--api_names Nobody"), "not found: Nobody"),
    )
    trial.step("run_tests, without tests", lambda: cci(cci.task("run_tests")))
    trial.step("run_tests", lambda: cci(cci.task("run_tests", "--test_name_match %Test")))
    trial.step("flow run sample", lambda: cci("cci flow run sample --org pool --no-prompt"))

    def queried() -> None:
        soql = "SELECT LastName, Account.Name FROM Contact ORDER BY LastName"
        options = f"--object Contact --query '{soql}' --result_file contacts.csv"
        cci(cci.task("query", options))
        found = (cci.project / "contacts.csv").read_text().splitlines()
        must(
            [line.replace('"', "") for line in found[1:]] == ["One,Acme", "Two,Globex"], f"{found}"
        )

    trial.step("query, by the Bulk API", queried)
    options = "--mapping datasets/mapping.yml --sql_path extract.sql"

    def extracted() -> None:
        cci(cci.task("extract_dataset", options))
        text = (cci.project / "extract.sql").read_text()
        must("Globex" in text and "Bob" in text, text)

    trial.step("extract_dataset", extracted)
    retrieve = "--path retrieved --package_xml src/package.xml"
    trial.step("retrieve_unpackaged", lambda: cci(cci.task("retrieve_unpackaged", retrieve)))
    trial.step("delete_data", lambda: cci(cci.task("delete_data", "--objects Contact,Account")))


def _forget(trial: Trial, cci: CumulusCI) -> None:
    """The session that CumulusCI keeps, and how the page says to be rid of it."""
    kept = cci.home / "Trial" / "pool.org"
    trial.step("the session is kept", lambda: must(kept.exists(), "no pool.org"))

    def forget() -> None:
        cci(snippet("CumulusCI", "sh", 1))
        must(not kept.exists(), "pool.org is still there")
        nobody = {"ORG_USERNAME": "nobody@acme.example"}
        cci.refused(cci.recipe, "hasn't approved", in_project=True, **nobody)

    trial.step("org remove, then the variable counts", forget)


if __name__ == "__main__":
    sys.exit(main())
