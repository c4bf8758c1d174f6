"""run_apex: once; the org is replaced when that is unknown; problems with their location."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.errors import ErrorKind, SalesforceError, UsageError
from provisioner.salesforce.apex import ApexResult
from provisioner.salesforce.api_errors import NO_ANSWER, NOT_SENT
from provisioner.steps.base import Done, StepFailed
from provisioner.steps.run_apex import RunApex
from tests.steps.project import write
from tests.steps.step_runner import KilledError, StepRunner

STEP = RunApex(file=Path("setup.apex"))
INSERT = "insert new Account(Name = 'Acme');\n"


def script(runner: StepRunner, text: str) -> RunApex:
    write(runner.directory / "setup.apex", text)
    return RunApex(file=Path("setup.apex"))


def test_a_script_runs_once(runner: StepRunner) -> None:
    assert runner.finish(script(runner, INSERT)) == Done("ran setup.apex")
    assert runner.count("Account") == 1
    assert runner.remembered == ["sent"]


def test_a_script_that_does_not_compile_says_where(runner: StepRunner) -> None:
    with pytest.raises(StepFailed, match=r"setup\.apex:2:\d+: ") as caught:
        runner.finish(script(runner, "Integer x = 1;\nInteger y = ;\n"))
    assert caught.value.kind is ErrorKind.CONTENT


def test_an_exception_is_shown_with_its_trace(runner: StepRunner) -> None:
    with pytest.raises(StepFailed, match="Required fields are missing") as caught:
        runner.finish(script(runner, f"{INSERT}insert new Account();\n"))
    assert caught.value.message.startswith("setup.apex:2:1: ")
    assert caught.value.details[0].startswith("AnonymousBlock: line 2")
    assert runner.count("Account") == 0


@pytest.mark.parametrize("at", ["before", "after"])
def test_an_org_is_replaced_after_a_lost_answer(runner: StepRunner, at: str) -> None:
    runner.emulated.fault({"path": "executeAnonymous"}, {"do": "reset", "at": at})
    with pytest.raises(
        StepFailed, match=r"setup\.apex: it is unknown whether the script ran"
    ) as caught:
        runner.finish(script(runner, INSERT))
    assert caught.value.kind is ErrorKind.REPLACE
    assert runner.count("Account") == (at == "after")


def test_a_build_that_was_killed_does_not_run_it_again(runner: StepRunner) -> None:
    step = script(runner, INSERT)
    runner.is_killed_by = "sent"
    with pytest.raises(KilledError):
        runner.advance(step)
    runner.restart()
    with pytest.raises(StepFailed, match="the build that sent it was interrupted"):
        runner.advance(step)
    assert runner.count("Account") == 0


def test_a_request_that_the_server_refused_is_sent_again(runner: StepRunner) -> None:
    runner.emulated.fault(
        {"path": "executeAnonymous"},
        {"do": "answer", "status": 503, "error": "SERVER_UNAVAILABLE"},
        times=2,
    )
    assert runner.finish(script(runner, INSERT)) == Done("ran setup.apex")
    assert (runner.retries, runner.count("Account")) == (2, 1)
    assert runner.remembered == ["sent", "again", "sent", "again", "sent"]


def test_after_an_error_of_a_gateway_it_is_unknown_whether_the_script_ran(
    runner: StepRunner,
) -> None:
    runner.emulated.fault(
        {"path": "executeAnonymous"},
        {"do": "answer", "status": 503, "body": "<html>busy</html>", "at": "after"},
    )
    with pytest.raises(StepFailed, match="it is unknown whether the script ran"):
        runner.finish(script(runner, INSERT))


@pytest.mark.parametrize(
    ("status", "error_code", "is_certain"),
    [
        (0, NOT_SENT, True),
        (0, NO_ANSWER, False),
        (302, "", True),
        (400, "MALFORMED_QUERY", True),
        (499, "", True),
        (500, "UNKNOWN_EXCEPTION", False),
        (503, "SERVER_UNAVAILABLE", True),
        (503, "", False),
        (504, "SERVER_UNAVAILABLE", False),
    ],
)
def test_a_script_may_be_sent_again_only_after_an_error_that_proves_that_it_did_not_run(
    runner: StepRunner,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    error_code: str,
    is_certain: bool,
) -> None:
    refusal = SalesforceError("no", status=status, error_code=error_code)

    def refuse(_org: object, _script: str) -> ApexResult:
        raise refusal

    monkeypatch.setattr("provisioner.steps.run_apex.execute_anonymous", refuse)
    failure = runner.failure(script(runner, INSERT))
    assert (failure is refusal) == is_certain
    assert runner.step_state == ("again" if is_certain else "sent")
    if not is_certain:
        assert failure.kind is ErrorKind.REPLACE
        assert failure.message == "setup.apex: it is unknown whether the script ran: no"


@pytest.mark.parametrize(
    ("result", "message", "details"),
    [
        (ApexResult(False, False, 3, 7, "Unexpected token", "", ""), "3:7: Unexpected token", ()),
        (ApexResult(False, False, -1, -1, "", "", ""), " it does not compile", ()),
        (
            ApexResult(True, False, 1, 1, "", "NullPointer", "line 1"),
            "1:1: NullPointer",
            ("line 1",),
        ),
        (ApexResult(True, False, 0, 0, "", "", ""), " it failed without a message", ()),
    ],
)
def test_a_script_that_fails_gives_the_place_if_it_is_known(
    runner: StepRunner,
    monkeypatch: pytest.MonkeyPatch,
    result: ApexResult,
    message: str,
    details: tuple[str, ...],
) -> None:
    monkeypatch.setattr("provisioner.steps.run_apex.execute_anonymous", lambda *_: result)
    failure = runner.failure(script(runner, INSERT))
    assert isinstance(failure, StepFailed)
    assert failure.message == f"setup.apex:{message}"
    assert failure.details == details


def test_the_check_requires_a_script_that_is_not_empty(tmp_path: Path) -> None:
    write(tmp_path / "setup.apex", " \n")
    assert [f.message for f in STEP.check(tmp_path)] == ["setup.apex is empty"]
    write(tmp_path / "setup.apex", b"\xff\xfe\x00")
    assert [f.message for f in STEP.check(tmp_path)] == ["setup.apex is not UTF-8 text"]
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        list(STEP.inputs(tmp_path))
    write(tmp_path / "setup.apex", "x();")
    assert list(STEP.check(tmp_path)) == []
    assert list(STEP.inputs(tmp_path)) == [b"x();"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_line_endings_of_a_checkout_make_no_other_content(tmp_path: Path, end: str) -> None:
    (tmp_path / "a.apex").write_bytes(f"\ufeffInteger a;{end}a = 1;{end}".encode())
    (content,) = RunApex(file=Path("a.apex")).inputs(tmp_path)
    assert content == b"Integer a;\na = 1;\n"
