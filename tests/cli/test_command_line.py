"""Commands are found by name, global options work on both sides of it, errors become exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import provisioner
from provisioner.cli.table import COMMANDS
from tests.cli.conftest import Cli

ROOT = str(Path(provisioner.__file__).parents[1])
REAL = [name for name in COMMANDS if name not in ("fake", "gone", "group")]


def python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ROOT},
    )


def test_without_arguments_the_commands_are_listed(cli: Cli) -> None:
    done = cli()

    assert done.code == 0
    assert done.out == cli("--help").out
    for name, listed in COMMANDS.items():
        assert name in done.out
        assert listed.text in " ".join(done.out.split())


IMPORTED = """
import sys
from provisioner.cli.main import run
code = run(sys.argv[1:])
modules = [name for name in sys.modules if name.startswith("provisioner.")]
heavy = {"yaml", "rich", "cryptography", "jwt", "requests", "simple_salesforce", "sqlite3"}
print("|".join(sorted(modules) + sorted(heavy & set(sys.modules))), file=sys.stderr)
raise SystemExit(code)
"""


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_the_list_imports_no_command_and_nothing_slow(argument: str) -> None:
    done = python(IMPORTED, argument)

    assert done.returncode == 0
    assert set(done.stderr.strip().split("|")) == {
        "provisioner.cli",
        "provisioner.cli.invocation",
        "provisioner.cli.main",
        "provisioner.cli.options",
        "provisioner.cli.stopping",
        "provisioner.cli.uncaught_exceptions",
        "provisioner.cli.table",
        "provisioner.errors",
        "provisioner.output",
        "provisioner.children",
        "provisioner.plain_text",
        "provisioner.redaction",
    }


@pytest.mark.parametrize("name", REAL)
def test_every_command_of_the_table_has_help(cli: Cli, name: str) -> None:
    done = cli(name, "--help")

    assert done.code == 0
    assert done.out.startswith(f"Usage: provisioner {name}")
    assert len(done.out.splitlines()) > 4


@pytest.mark.parametrize("name", REAL)
def test_the_help_of_a_command_imports_nothing_slow(name: str) -> None:
    done = python(IMPORTED, name, "--help")

    heavy = {"rich", "cryptography", "jwt", "requests", "simple_salesforce", "werkzeug"}
    assert not heavy & set(done.stderr.strip().split("|"))


def test_the_version(cli: Cli) -> None:
    assert cli("--version").out == f"provisioner {provisioner.__version__}\n"


def test_the_module_is_the_executable() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "provisioner", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ROOT},
    )
    assert done.stdout == f"provisioner {provisioner.__version__}\n"


def test_the_version_needs_nothing_of_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "provisioner", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ROOT},
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "provisioner" in imported
    assert not {name for name in imported if name.startswith(("provisioner.", "typer"))}
    assert not imported & {"json", "re", "pathlib", "typing", "inspect", "subprocess"}


def test_arguments_and_options_reach_the_command(cli: Cli) -> None:
    assert cli("fake").out == "nobody 1\n"
    assert cli("fake", "me", "--count", "3").out == "me 3\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--json", "-c", "a.yaml", "group", "convert", "x"),
        ("group", "convert", "x", "--json", "--config", "a.yaml"),
        ("--config=b.yaml", "group", "convert", "-c", "a.yaml", "x", "--json"),
        ("--json", "group", "convert", "--json", "-ca.yaml", "x"),
    ],
)
def test_global_options_are_accepted_before_and_after_the_name(
    cli: Cli, arguments: tuple[str, ...]
) -> None:
    done = cli(*arguments)

    assert done.code == 0
    assert done.json == {"folder": "x", "config": "a.yaml"}


def test_each_command_lists_the_global_options(cli: Cli) -> None:
    for name in ("fake", "check"):
        out = cli(name, "--help").out
        for option in ("--config FILE", "--json", "--quiet", "--no-color"):
            assert option in out


USAGE = {
    ("chek",): ("unknown command 'chek'", "did you mean check?"),
    ("xyzzy",): ("unknown command 'xyzzy'", f"known: {', '.join(REAL)}, fake, gone, group"),
    ("fake", "--cuont", "3"): ("no such option: --cuont", "see `provisioner fake --help`"),
    ("fake", "--count", "many"): (
        "invalid value for '--count'",
        "see `provisioner fake --help`",
    ),
    ("fake", "a", "b"): ("got unexpected extra argument", "see `provisioner fake --help`"),
    ("group", "convert"): (
        "missing argument 'FOLDER'",
        "see `provisioner group convert --help`",
    ),
    ("group", "covert", "x"): ("no such command 'covert'", "see `provisioner group --help`"),
    ("--confg", "x", "fake"): ("no such option: --confg", "see `provisioner --help`"),
    ("fake", "--config"): ("option '--config' requires an argument", "see `provisioner --help`"),
}


@pytest.mark.parametrize(("arguments", "said"), USAGE.items(), ids=[" ".join(a) for a in USAGE])
def test_a_wrong_command_line_exits_with_2(
    cli: Cli, arguments: tuple[str, ...], said: tuple[str, str]
) -> None:
    done = cli(*arguments)

    error, hint = done.err.splitlines()
    assert (done.code, done.out) == (2, "")
    assert error.lower().startswith(f"error: {said[0]}".lower())
    assert hint.startswith(f"hint: {said[1]}")


def test_a_wrong_command_line_is_reported_in_json(cli: Cli) -> None:
    for arguments in (("--json", "chek"), ("fake", "--json", "--cuont"), ("fake", "--x", "--json")):
        done = cli(*arguments)

        assert (done.code, done.err) == (2, "")
        assert done.json["error"]["code"] == "usage"
        assert done.json["error"].keys() == {"code", "message", "hint"}


def test_a_command_without_its_module_is_a_clear_error(cli: Cli) -> None:
    done = cli("gone")

    assert done.code == 1
    assert done.err == "error: the command gone is missing from this installation\n"
