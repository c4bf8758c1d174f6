"""One place turns what a command raises into an exit code and a text, or one JSON document."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from provisioner import errors
from provisioner.cli.invocation import Invocation
from provisioner.errors import Problem, ProvisionerError
from tests.cli.conftest import Cli, Deed
from tests.cli.test_command_line import ROOT

MARKER = "s3cr3t-marker"
Doing = Callable[[Deed], None]


def raising(error: BaseException) -> Deed:
    def deed(_call: Invocation) -> None:
        raise error

    return deed


FAILURES: list[tuple[ProvisionerError, int, str]] = [
    (errors.UsageError("wrong", hint="do this"), 2, "usage"),
    (errors.LedgerError("wrong", hint="do this"), 2, "ledger"),
    (errors.NoOrgError("wrong", hint="do this"), 3, "no_org_available"),
    (errors.HubLimitError("wrong", code="daily_limit", hint="do this"), 4, "daily_limit"),
    (errors.LoginError("wrong", hint="do this"), 5, "login_refused"),
    (errors.BuildError("wrong", hint="do this"), 6, "built_fewer"),
    (errors.SalesforceError("wrong", hint="do this"), 6, "salesforce"),
    (errors.ClaimError("wrong", hint="do this"), 7, "not_yours"),
    (errors.BusyError("wrong", hint="do this"), 8, "build_running"),
    (errors.Interrupted("wrong", hint="do this"), 130, "interrupted"),
]


@pytest.mark.parametrize(("error", "code", "word"), FAILURES, ids=lambda value: str(value)[:20])
def test_an_error_is_an_exit_code_a_message_and_a_hint(
    cli: Cli, deed: Doing, error: ProvisionerError, code: int, word: str
) -> None:
    deed(raising(error))

    plain, machine = cli("fake"), cli("fake", "--json")

    assert (plain.code, plain.out) == (code, "")
    assert plain.err == "error: wrong\nhint: do this\n"
    assert (machine.code, machine.err) == (code, "")
    assert machine.json == {"error": {"code": word, "message": "wrong", "hint": "do this"}}


def test_problems_of_pool_yaml_are_a_line_each(cli: Cli, deed: Doing) -> None:
    problems = (
        Problem("pool.yaml", 3, 9, "pools.a.size", "wrong; write 3"),
        Problem("pool.yaml", 4, 1, "", "unusual", is_warning=True),
    )
    deed(raising(errors.ConfigError(problems, hint="check it")))

    done = cli("fake")

    assert done.code == 2
    assert done.err.splitlines() == [
        "pool.yaml:3:9: pools.a.size: wrong; write 3",
        "pool.yaml:4:1: warning: unusual",
        "hint: check it",
    ]
    assert cli("fake", "--json").json["error"]["code"] == "config"


def test_a_text_from_outside_cannot_control_the_terminal(cli: Cli, deed: Doing) -> None:
    deed(raising(errors.LoginError("\x1b]0;owned\x07refused\r", hint="\x9b2J")))

    assert cli("fake").err == "error: \\x1b]0;owned\\x07refused\\x0d\nhint: \\x9b2J\n"


def test_a_command_may_return_its_own_exit_code_after_its_result(cli: Cli, deed: Doing) -> None:
    def ends(call: Invocation) -> None:
        call.output.json({"built": 2})
        raise typer.Exit(6)

    deed(ends)
    done = cli("fake", "--json")

    assert (done.code, done.json) == (6, {"built": 2})


def test_an_error_after_the_result_leaves_one_document_on_stdout(cli: Cli, deed: Doing) -> None:
    def fails_late(call: Invocation) -> None:
        call.output.json({"built": 2})
        raise errors.BuildError("fewer")

    deed(fails_late)
    done = cli("fake", "--json")

    assert (done.code, done.json) == (6, {"built": 2})
    assert done.err == "error: fewer\n"


def test_ctrl_c_exits_with_130(cli: Cli, deed: Doing) -> None:
    deed(raising(KeyboardInterrupt()))

    plain, machine = cli("fake"), cli("fake", "--json")

    assert (plain.code, plain.err) == (130, "error: interrupted\n")
    assert (machine.code, machine.json["error"]["code"]) == (130, "interrupted")


def crash_file(err: str) -> Path:
    return Path(err.partition("the traceback is in ")[2].splitlines()[0])


def test_our_own_bug_is_reported_as_one_and_its_traceback_is_kept(
    cli: Cli, deed: Doing, tmp_path: Path
) -> None:
    def buggy(_call: Invocation) -> None:
        token = MARKER
        raise ValueError(f"odd answer: {token}")

    deed(buggy)
    done = cli("fake")

    path = crash_file(done.err)
    kept = path.read_text()
    assert done.code == 1
    assert done.err.startswith("error: a bug in provisioner (ValueError); the traceback")
    assert "Traceback" not in done.err
    assert path.parent == tmp_path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "builtins.ValueError" in kept
    assert "test_failures.py" in kept
    assert MARKER not in kept.replace("{token}", "") + done.err


def test_the_texts_of_programming_errors_are_reported(cli: Cli, deed: Doing) -> None:
    deed(lambda call: call.nonsense)  # type: ignore[attr-defined]

    assert "has no attribute 'nonsense'" in crash_file(cli("fake").err).read_text()


def test_the_cause_of_a_bug_is_also_stored(cli: Cli, deed: Doing) -> None:
    cause = OSError(MARKER)
    wrapped = TypeError("wrapped")
    wrapped.__cause__ = cause
    deed(raising(wrapped))
    kept = crash_file(cli("fake").err).read_text()

    assert "builtins.TypeError: wrapped" in kept
    assert "builtins.OSError\n" in kept


def test_the_traceback_is_written_to_the_folder_of_the_ledger_if_it_exists(
    cli: Cli, deed: Doing, tmp_path: Path
) -> None:
    (tmp_path / ".provisioner").mkdir()
    deed(raising(ValueError()))

    assert crash_file(cli("fake").err).parent.name == ".provisioner"


def test_a_bug_in_json_is_one_document(cli: Cli, deed: Doing) -> None:
    deed(raising(ZeroDivisionError()))

    done = cli("fake", "--json")

    assert (done.code, done.err) == (1, "")
    assert done.json["error"]["code"] == "internal_error"


PIPE = """
import sys
from provisioner.cli import main, table
table.COMMANDS["fake"] = table.Listed("Tools", "tests.cli.fake_commands", "")
from tests.cli.fake_commands import DEEDS
DEEDS.append(lambda call: [call.output.result("x" * 100, None) for _ in range(10_000)])
main.main(["fake"])
"""


def test_a_closed_reader_is_not_an_error() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", PIPE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": ROOT},
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()

    said = child.stderr.read()
    child.stderr.close()

    assert child.wait() == 141
    assert said == b""


def test_a_full_disk_below_stdout_is_no_traceback() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full on this system")
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "provisioner", "--version"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={"PYTHONPATH": ROOT},
        )

    assert done.returncode == 2
    assert done.stderr == "error: the output cannot be written: No space left on device\n"


def test_documents_have_only_types_of_json(cli: Cli, deed: Doing) -> None:
    from datetime import UTC, datetime, timedelta

    document: dict[str, Any] = {
        "at": datetime(2026, 11, 24, 2, 0, tzinfo=UTC),
        "took": timedelta(minutes=2),
        "path": Path("a/b"),
        "owner": "Zoë",
    }
    deed(lambda call: call.output.json(document))

    done = cli("fake", "--json")

    assert done.out.isascii()
    assert json.loads(done.out) == {
        "at": "2026-11-24T02:00:00Z",
        "took": 120.0,
        "path": "a/b",
        "owner": "Zoë",
    }


STRAYS = """
import sys, threading
from provisioner.cli.uncaught_exceptions import keep_values_out_of_reports
keep_values_out_of_reports()
thread = threading.Thread(target=lambda: int(sys.argv[1]))
thread.start()
thread.join()
class Odd:
    def __del__(self):
        raise ValueError(sys.argv[1])
odd = Odd()
del odd
raise ValueError(sys.argv[1])
"""


def test_an_exception_that_nobody_caught_is_reported_without_its_words(tmp_path: Path) -> None:
    """In a thread, in a destructor, or outside of any command."""
    done = subprocess.run(
        [sys.executable, "-c", STRAYS, MARKER],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    first, second = done.stderr.splitlines()
    for line in (first, second):
        assert line.startswith("warning: a bug in provisioner (ValueError); the traceback is in ")
    kept = "".join(path.read_text() for path in tmp_path.glob("provisioner-*.txt"))
    assert kept.count("builtins.ValueError") == 2
    assert MARKER not in done.stderr + done.stdout + kept
