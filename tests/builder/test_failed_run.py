"""`report` shows how a run ended that an error has stopped."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import pytest

from provisioner.builder import run as build_run
from provisioner.errors import LedgerError, SalesforceError
from tests.builder.night import Night
from tests.proof.here import build, run

pytestmark = pytest.mark.slow


def report(night: Night) -> tuple[str, Any]:
    """The second line of the report on the last run, and its summary as JSON."""
    text = run(night, "report").out.splitlines()
    return text[1], run(night, "report", "--json").document


def test_a_refused_login_is_recorded_with_its_exit_code(night: Night) -> None:
    path = night.folder / "pool.yaml"
    path.write_text(path.read_text().replace("consumer_key: ", "consumer_key: x"))
    ended = build(night)
    assert ended.code == 5
    line, document = report(night)
    assert re.fullmatch(
        r"finished \d\d:\d\d:\d\d with exit code 5: login of hub@acme\.example at .* failed: .*",
        line,
    )
    assert document["finished_at"]
    assert document["summary"]["exit_code"] == 5
    assert document["summary"]["error"] == ended.document["error"]["message"].splitlines()[0]


def test_an_unreachable_dev_hub_is_recorded_with_its_exit_code(night: Night) -> None:
    night.fault({"route": "query", "org": "hub"}, {"do": "reset"}, times=0)
    assert build(night).code == 9
    line, document = report(night)
    assert " with exit code 9: hub@acme.example: GET query: " in line
    assert document["summary"]["exit_code"] == 9


def test_a_bug_and_an_interruption_are_recorded(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, end in (
        (RuntimeError("secret"), "with exit code 1: a bug in provisioner (RuntimeError)"),
        (KeyboardInterrupt(), "with exit code 130: interrupted"),
    ):

        def survey(_connections: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(build_run, "survey", survey)
        ended = build(night)
        line, _ = report(night)
        assert line.endswith(end)
        assert f"exit code {ended.code}:" in line


def test_a_secret_in_the_error_is_not_recorded(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = f"00D000000000001!{'x' * 40}"

    def survey(_connections: object) -> None:
        raise SalesforceError(f"refused: {token}")

    monkeypatch.setattr(build_run, "survey", survey)
    assert build(night).code == 6
    with sqlite3.connect(night.folder / ".provisioner" / "ledger.db") as ledger:
        [(summary,)] = ledger.execute("SELECT summary FROM run").fetchall()
    assert "refused: " in summary
    assert token not in summary


def test_nothing_is_recorded_in_a_ledger_that_failed(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    def survey(_connections: object) -> None:
        raise LedgerError("the ledger was deleted", code="ledger_gone")

    monkeypatch.setattr(build_run, "survey", survey)
    assert build(night).code == 2
    line, document = report(night)
    assert line.startswith("no end is recorded: the run is still in progress, or it was killed")
    assert document["finished_at"] is None
