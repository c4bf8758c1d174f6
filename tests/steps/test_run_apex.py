"""run_apex: once; in doubt the org is replaced; problems with their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.errors import ErrorKind, UsageError
from provisioner.steps.base import Done, StepFailed
from provisioner.steps.run_apex import RunApex
from tests.steps.carrier import Carrier, KilledError
from tests.steps.project import write

STEP = RunApex(file=Path("setup.apex"))
INSERT = "insert new Account(Name = 'Acme');\n"


def script(carrier: Carrier, text: str) -> RunApex:
    write(carrier.directory / "setup.apex", text)
    return RunApex(file=Path("setup.apex"))


def test_a_script_runs_once(carrier: Carrier) -> None:
    assert carrier.finish(script(carrier, INSERT)) == Done("ran setup.apex")
    assert carrier.count("Account") == 1
    assert carrier.remembered == ["sent"]


def test_a_script_that_does_not_compile_says_where(carrier: Carrier) -> None:
    with pytest.raises(StepFailed, match=r"setup\.apex:2:\d+: ") as caught:
        carrier.finish(script(carrier, "Integer x = 1;\nInteger y = ;\n"))
    assert caught.value.kind is ErrorKind.CONTENT


def test_an_exception_is_shown_with_its_trace(carrier: Carrier) -> None:
    with pytest.raises(StepFailed, match="Required fields are missing") as caught:
        carrier.finish(script(carrier, f"{INSERT}insert new Account();\n"))
    assert caught.value.message.startswith("setup.apex:2:1: ")
    assert caught.value.details[0].startswith("AnonymousBlock: line 2")
    assert carrier.count("Account") == 0


@pytest.mark.parametrize("at", ["before", "after"])
def test_a_lost_answer_means_another_org(carrier: Carrier, at: str) -> None:
    carrier.emulated.fault({"path": "executeAnonymous"}, {"do": "reset", "at": at})
    with pytest.raises(
        StepFailed, match=r"setup\.apex: it is unknown whether the script ran"
    ) as caught:
        carrier.finish(script(carrier, INSERT))
    assert caught.value.kind is ErrorKind.REPLACE
    assert carrier.count("Account") == (at == "after")


def test_a_build_that_was_killed_does_not_run_it_again(carrier: Carrier) -> None:
    step = script(carrier, INSERT)
    carrier.is_killed_by = "sent"
    with pytest.raises(KilledError):
        carrier.look(step)
    carrier.restart()
    with pytest.raises(StepFailed, match="the build that sent it was interrupted"):
        carrier.look(step)
    assert carrier.count("Account") == 0


def test_a_server_that_takes_nothing_is_asked_again(carrier: Carrier) -> None:
    carrier.emulated.fault(
        {"path": "executeAnonymous"},
        {"do": "answer", "status": 503, "error": "SERVER_UNAVAILABLE"},
        times=2,
    )
    assert carrier.finish(script(carrier, INSERT)) == Done("ran setup.apex")
    assert (carrier.retries, carrier.count("Account")) == (2, 1)
    assert carrier.remembered == ["sent", "again", "sent", "again", "sent"]


def test_a_gateway_that_gives_up_leaves_a_doubt(carrier: Carrier) -> None:
    carrier.emulated.fault(
        {"path": "executeAnonymous"},
        {"do": "answer", "status": 503, "body": "<html>busy</html>", "at": "after"},
    )
    with pytest.raises(StepFailed, match="it is unknown whether the script ran"):
        carrier.finish(script(carrier, INSERT))


def test_the_check_wants_a_script_with_something_in_it(tmp_path: Path) -> None:
    write(tmp_path / "setup.apex", " \n")
    assert [f.message for f in STEP.check(tmp_path)] == ["setup.apex is empty"]
    write(tmp_path / "setup.apex", b"\xff\xfe\x00")
    assert [f.message for f in STEP.check(tmp_path)] == ["setup.apex is not UTF-8 text"]
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        list(STEP.inputs(tmp_path))
    write(tmp_path / "setup.apex", "x();")
    assert list(STEP.check(tmp_path)) == []
    assert list(STEP.inputs(tmp_path)) == [b"x();"]
