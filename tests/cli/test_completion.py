"""What a shell offers for the last word of a command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.cli.candidates import FILES, FOLDERS, complete
from provisioner.cli.table import COMMANDS
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Org, State
from tests.cli.command_tree import commands
from tests.cli.conftest import Cli
from tests.cli.test_command_line import IMPORTED

POOLS = "pools:\n  morning: { size: 1 }\n  nightly: {}\n"
COMPLETE = ("completion", "bash", "--candidates", "--")
PATHS = {
    State.AVAILABLE: (State.SIGNING_UP, State.BUILDING, State.AVAILABLE),
    State.FAILED: (State.SIGNING_UP, State.FAILED),
    State.CLAIMED: (State.SIGNING_UP, State.BUILDING, State.AVAILABLE, State.CLAIMED),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pool.yaml whose variables are not set, and a ledger with one org of each kind."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pool.yaml").write_text(
        "dev_hub: { username: ${NOT_SET} }\nledger: sqlite:///ledger.db\n" + POOLS
    )
    ledger = open_ledger("sqlite:///ledger.db", folder)
    for state, path in PATHS.items():
        username = f"{state}@acme.example"
        ledger.add(Org(username=username, pool="morning"))
        for step in path:
            org = ledger.get(username)
            assert org is not None
            assert ledger.move(org, step) is not None
    ledger.close()
    return folder


@pytest.fixture(autouse=True)
def _in_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


def offered(line: str) -> list[str]:
    """The values for the end of `line`; it is "" after a space."""
    return [each.partition("\t")[0] for each in complete(line.split(" "))]


OFFERED = {
    "provisioner bu": ["build"],
    "provisioner hub ": ["app", "install", "uninstall", "unlock"],
    "provisioner hub un": ["uninstall", "unlock"],
    "provisioner --json --config x.yaml bu": ["build"],
    "provisioner --ver": ["--version"],
    "provisioner claim --p": ["--pool", "--purpose"],
    "provisioner claim --pool ": ["morning", "nightly"],
    "provisioner claim --pool=n": ["--pool=nightly"],
    "provisioner claim --pool morning --p": ["--purpose"],
    "provisioner build ": ["morning", "nightly"],
    "provisioner build morning n": ["nightly"],
    "provisioner build morning --ke": ["--keep-failed"],
    "provisioner claim ": ["available@acme.example"],
    "provisioner retry ": ["failed@acme.example"],
    "provisioner release ": ["claimed@acme.example"],
    "provisioner renew --lease 2h cl": ["claimed@acme.example"],
    "provisioner login ": ["available@acme.example", "claimed@acme.example"],
    "provisioner release claimed@acme.example ": [],
    "provisioner check --format ": ["text", "json", "github"],
    "provisioner completion ": ["bash", "zsh", "fish"],
    "provisioner plan --format ": ["text", "markdown"],
    "provisioner check --config ": [FILES],
    "provisioner check -c ": [FILES],
    "provisioner build --manifest=": [FILES],
    "provisioner init ": [FOLDERS],
    "provisioner login a@b.example --exec -- ": [FILES],
    "provisioner emulator --hub-username ": [],
    "provisioner claim --owner ": [],
    "provisioner chek ": [],
    "provisioner chek --": [],
    "provisioner -c none.yaml build ": [],
}


@pytest.mark.parametrize("line", OFFERED)
def test_the_last_word_is_completed(line: str) -> None:
    assert offered(line) == OFFERED[line]


def test_all_commands_are_offered_with_their_line_of_the_help() -> None:
    assert complete(["provisioner", ""])[: len(COMMANDS)] == [
        f"{name}\t{at.text}" for name, at in COMMANDS.items()
    ]
    assert complete(["provisioner"]) == complete(["provisioner", ""])


def test_the_names_are_those_of_the_file_on_the_line(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("pools: { evening: {} }\n")
    assert offered(f"provisioner -c {other} build ") == ["evening"]
    assert offered(f"provisioner build --config={other} ") == ["evening"]


@pytest.mark.parametrize("text", ["", "pools: [", "pools: 3", "\0", "pools: {}\nledger: {}\n"])
def test_a_broken_file_offers_nothing_and_shows_no_error(
    text: str, tmp_path: Path, cli: Cli
) -> None:
    (tmp_path / "pool.yaml").write_text(text)
    for line in ("build", "release"):
        done = cli(*COMPLETE, "provisioner", line, "")
        assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize("ledger", ["devhub", "postgresql://db.example/pools", "sqlite:///no.db"])
def test_a_ledger_that_is_not_a_file_is_not_opened(
    ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pool.yaml").write_text(f"ledger: {ledger}\n{POOLS}")
    assert offered("provisioner release ") == []
    assert offered("provisioner build ") == ["morning", "nightly"]
    assert not (tmp_path / "no.db").exists()


def test_no_hidden_option_is_offered() -> None:
    for name, command in commands():
        shown = offered(f"provisioner {name} -")
        for parameter in command.params:
            if getattr(parameter, "hidden", False):
                assert not set(parameter.opts) & set(shown)


def test_completion_imports_nothing_slow(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *COMPLETE, "provisioner", "claim", "--pool", ""],
        capture_output=True,
        text=True,
        check=True,
        cwd=project,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout == "morning\nnightly\n"
    imported = set(done.stderr.strip().split("|"))
    assert not imported & {"rich", "cryptography", "jwt", "requests", "sqlite3", "werkzeug"}


def test_json_has_the_script(cli: Cli) -> None:
    assert cli("completion", "fish", "--json").json["script"] == cli("completion", "fish").out
    assert cli("completion", "tcsh").err.splitlines()[0].startswith("error: invalid value")
