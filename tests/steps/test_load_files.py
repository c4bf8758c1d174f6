"""load_data with files: each is there once, whole, whatever happens to the build."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from provisioner.errors import ErrorKind, UsageError
from provisioner.steps.base import Done, Pending, StepFailed
from provisioner.steps.load_data import LoadData
from tests.steps.project import write
from tests.steps.step_runner import StepRunner

CONTENT = bytes(range(256)) * 1000


def step(runner: StepRunner, *names: str) -> LoadData:
    for name in names:
        write(runner.directory / name, CONTENT + name.encode())
    return LoadData(files=tuple(map(Path, names)))


def titles(runner: StepRunner) -> list[str]:
    return sorted(row["Title"] for row in runner.emulated_org.store.rows("ContentVersion"))


def test_files_are_uploaded_whole(runner: StepRunner) -> None:
    load = step(runner, "docs/Price list \u00e4 \u0027q\u0027.pdf", "LICENSE")
    assert list(load.check(runner.directory)) == []
    assert runner.finish(load) == Done("uploaded 2 files")
    rows = {row["PathOnClient"]: row for row in runner.emulated_org.store.rows("ContentVersion")}
    assert set(rows) == {"Price list \u00e4 \u0027q\u0027.pdf", "LICENSE"}
    assert rows["LICENSE"]["Title"] == "LICENSE"
    assert base64.b64decode(rows["LICENSE"]["VersionData"]) == CONTENT + b"LICENSE"


def test_what_is_there_is_not_uploaded_again(runner: StepRunner) -> None:
    runner.finish(step(runner, "a.pdf"))
    runner.restart()
    assert runner.finish(step(runner, "a.pdf", "b.pdf")) == Done("uploaded 2 files")
    assert titles(runner) == ["a", "b"]
    write(runner.directory / "a.pdf", "another")
    runner.finish(LoadData(files=(Path("a.pdf"),)))
    assert titles(runner) == ["a", "a", "b"]


@pytest.mark.parametrize("at", ["before", "after"])
def test_after_a_lost_answer_nothing_is_uploaded_twice(runner: StepRunner, at: str) -> None:
    runner.emulated.fault({"route": "collections.create"}, {"do": "reset", "at": at})
    assert runner.finish(step(runner, "a.pdf", "b.pdf")) == Done("uploaded 2 files")
    assert runner.retries == 1
    assert titles(runner) == ["a", "b"]


def test_after_a_time_out_the_org_is_replaced(runner: StepRunner) -> None:
    answer = {"do": "answer", "status": 504, "body": "<html>"}
    runner.emulated.fault({"route": "sobjects.create"}, answer)
    failure = runner.failure(step(runner, "a.pdf"))
    assert failure.kind is ErrorKind.REPLACE
    assert failure.message.startswith("it is unknown whether a.pdf was uploaded: ")


def test_a_refusal_names_the_file(runner: StepRunner) -> None:
    answer = {"do": "answer", "status": 400, "error": "STORAGE_LIMIT_EXCEEDED", "message": "full"}
    runner.emulated.fault({"route": "sobjects.create"}, answer)
    failure = runner.failure(step(runner, "a.pdf"))
    assert "STORAGE_LIMIT_EXCEEDED" in failure.message
    assert failure.message.startswith("a.pdf: ") or failure.kind is not ErrorKind.CONTENT


def test_small_files_share_a_request_and_a_large_one_has_its_own(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = step(runner, "a.pdf", "b.pdf", "c.pdf")
    monkeypatch.setattr("provisioner.steps.files_form.TOGETHER", 2 * len(CONTENT) + 100)
    assert runner.finish(load) == Done("uploaded 3 files")
    requests = runner.emulated.requests
    assert (requests("collections.create"), requests("sobjects.create")) == (1, 1)
    contents = {
        row["PathOnClient"]: base64.b64decode(row["VersionData"])
        for row in runner.emulated_org.store.rows("ContentVersion")
    }
    assert contents == {name: CONTENT + name.encode() for name in ("a.pdf", "b.pdf", "c.pdf")}


def test_a_refusal_of_one_of_several_files_names_it(runner: StepRunner) -> None:
    refused = {"statusCode": "STORAGE_LIMIT_EXCEEDED", "message": "full"}
    results = [{"success": True}, {"success": False, "errors": [refused]}]
    runner.emulated.fault(
        {"route": "collections.create"}, {"do": "answer", "status": 200, "body": results}
    )
    failure = runner.failure(step(runner, "a.pdf", "b.pdf"))
    assert "STORAGE_LIMIT_EXCEEDED: full" in failure.message
    assert failure.message.startswith("b.pdf: ") or failure.kind is not ErrorKind.CONTENT


def test_a_long_upload_returns_the_thread(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = step(runner, "a.pdf", "b.pdf")
    monkeypatch.setattr("provisioner.steps.files_form.TURN", -1.0)
    first = runner.advance(load)
    assert isinstance(first, Pending)
    monkeypatch.undo()
    assert runner.finish(load) == Done("uploaded 2 files")


def test_a_file_that_changes_during_the_build_is_not_uploaded(runner: StepRunner) -> None:
    load = step(runner, "a.pdf")
    list(load.inputs(runner.directory))
    write(runner.directory / "a.pdf", "another")
    with pytest.raises(StepFailed, match=r"a\.pdf: the file was changed during the build"):
        runner.finish(load)


def test_problems_of_files(runner: StepRunner) -> None:
    write(runner.directory / "empty.txt", "")
    write(runner.directory / "a.txt", "a")
    write(runner.directory / "sub/a.txt", "a")
    names = ("empty.txt", "missing.txt", "a.txt", "sub/a.txt", "a.txt")
    load = LoadData(files=tuple(map(Path, names)))
    found = [(one.field, one.message) for one in load.check(runner.directory)]
    assert found == [
        ("files.0", "empty.txt is empty; Salesforce needs content"),
        ("files.1", "missing.txt cannot be read: No such file or directory"),
        ("files.3", "sub/a.txt is the same file as a.txt; remove one"),
        ("files.4", "a.txt is the same file as a.txt; remove one"),
    ]
    with pytest.raises(UsageError, match=r"empty\.txt is empty"):
        list(load.inputs(runner.directory))


def test_the_fingerprint_depends_on_name_and_content(runner: StepRunner) -> None:
    first = list(step(runner, "a.pdf").inputs(runner.directory))
    assert list(step(runner, "a.pdf").inputs(runner.directory)) == first
    write(runner.directory / "a.pdf", "another")
    assert list(LoadData(files=(Path("a.pdf"),)).inputs(runner.directory)) != first
