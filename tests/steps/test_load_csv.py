"""load_data with csv: each row once, by jobs that survive kills; refused rows in a file."""

from __future__ import annotations

import csv
import stat
from pathlib import Path
from typing import Any

import pytest

from provisioner.emulator.bulk.ingest import IngestJob
from provisioner.emulator.errors import RecordError
from provisioner.emulator.objects.schema import Field
from provisioner.errors import ErrorKind, UsageError
from provisioner.steps import csv_file
from provisioner.steps.base import Done, Pending, StepFailed
from provisioner.steps.load_data import LoadData
from tests.steps.project import write
from tests.steps.step_runner import KilledError, StepRunner

FILE = Path("accounts.csv")
OUTPUT = ".provisioner/run-org-step1"


@pytest.fixture
def runner(runner: StepRunner) -> StepRunner:
    """An org whose accounts have an external id."""
    field = Field("Ext__c", is_external_id=True, is_unique=True)
    runner.emulated_org.store.add_field("Account", field)
    return runner


def step(runner: StepRunner, text: str, **options: Any) -> LoadData:
    write(runner.directory / FILE, text)
    return LoadData(csv=(FILE,), **{"object": "Account", **options})


def rows(count: int, first: int = 1) -> str:
    return "Name,Ext__c\n" + "".join(f"Acme {n},e{n}\n" for n in range(first, first + count))


def names(runner: StepRunner) -> list[str]:
    return sorted(row["Name"] for row in runner.emulated_org.store.rows("Account"))


def problems(runner: StepRunner, load: LoadData) -> list[tuple[str, str]]:
    return [(found.field, found.message) for found in load.check(runner.directory)]


def test_rows_are_inserted_by_one_job(runner: StepRunner) -> None:
    load = step(runner, rows(3))
    assert problems(runner, load) == []
    first = runner.advance(load)
    assert isinstance(first, Pending)
    assert first.note == "0 of 3 rows"
    assert runner.finish(load) == Done("loaded 3 rows")
    assert names(runner) == ["Acme 1", "Acme 2", "Acme 3"]
    assert runner.emulated.requests("bulk_ingest.create") == 1
    shapes = [text.partition(" 750")[0].split(" ", 3)[-1] for text in runner.remembered]
    assert shapes == ["0+0 created", "0+0 closing", "3+0"]
    assert not (runner.directory / ".provisioner").exists()


def test_an_upsert_finds_records_by_their_external_id(runner: StepRunner) -> None:
    runner.finish(step(runner, rows(2)))
    again = step(
        runner, "Ext__c;Name\r\ne2;New\r\ne3;Other\r\n", operation="upsert", external_id="Ext__c"
    )
    assert runner.finish(again) == Done("loaded 2 rows")
    assert names(runner) == ["Acme 1", "New", "Other"]
    assert runner.finish(again) == Done("loaded 2 rows")
    assert runner.count("Account") == 3


def test_relationship_columns_find_the_parent(runner: StepRunner) -> None:
    runner.finish(step(runner, rows(2)))
    runner.finish(step(runner, "Name,Parent.Ext__c\nChild,e2\nOrphan,#N/A\n"))
    found = {row["Name"]: row for row in runner.emulated_org.store.rows("Account")}
    assert found["Child"]["ParentId"] == found["Acme 2"]["Id"]
    assert found["Orphan"]["ParentId"] is None


def test_several_files_are_loaded_in_their_order(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is too large for a job is divided."""
    monkeypatch.setattr(csv_file, "MOST_BYTES", 40)
    write(runner.directory / "first.csv", rows(5))
    write(runner.directory / "second.csv", "\ufeffName|Parent.Ext__c\nChild|e5\n")
    load = LoadData(csv=(Path("first.csv"), Path("second.csv")), object="Account")
    assert runner.finish(load) == Done("loaded 6 rows")
    assert runner.count("Account") == 6
    assert runner.emulated.requests("bulk_ingest.create") == 4


# --- refused rows -------------------------------------------------------------------------


def test_refused_rows_are_in_a_file_and_the_first_in_the_error(runner: StepRunner) -> None:
    text = "Ext__c,Name\n" + "".join(f"e{n},\n" for n in range(7)) + "e9,Good\n"
    with pytest.raises(StepFailed) as caught:
        runner.finish(step(runner, text))
    failure, path = caught.value, runner.directory / f"{OUTPUT}-1-failed.csv"
    assert failure.message == "accounts.csv: 7 of 8 rows of Account were refused"
    assert failure.kind is ErrorKind.CONTENT
    refusal = "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name"
    assert failure.details[0] == f"'e0': {refusal}"
    assert failure.details[5:] == ("… and 2 more", f"the refused rows are in {path}")
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["Ext__c"] for row in found] == [f"e{n}" for n in range(7)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_as_many_rows_as_allowed_may_be_refused(runner: StepRunner) -> None:
    load = step(runner, "Name\nA\n#N/A\nB\n", max_failed_rows=1)
    assert runner.finish(load) == Done("loaded 2 rows, 1 row refused")
    assert (runner.directory / f"{OUTPUT}-1-failed.csv").exists()
    load = step(runner, "Name\nA\n#N/A\n#N/A\n", max_failed_rows=1)
    message = "2 of 3 rows of Account were refused; max_failed_rows is 1"
    with pytest.raises(StepFailed, match=message):
        runner.finish(load)


def test_rows_that_were_locked_may_load_in_another_org(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(*_: object) -> tuple[str, bool]:
        raise RecordError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access")

    monkeypatch.setattr(IngestJob, "save", save)
    failure = runner.failure(step(runner, rows(1)))
    assert failure.kind is ErrorKind.REPLACE
    assert failure.message == "accounts.csv: 1 of 1 row of Account was refused"


def test_refused_rows_that_cannot_be_written_are_still_counted(runner: StepRunner) -> None:
    write(runner.directory / ".provisioner", "a file in place of the folder")
    with pytest.raises(StepFailed) as caught:
        runner.finish(step(runner, "Name\n#N/A\n"))
    assert "could not be written to" in caught.value.details[-1]


def test_a_job_that_fails_as_a_whole_says_why(runner: StepRunner) -> None:
    with pytest.raises(StepFailed) as caught:
        runner.finish(step(runner, "Name,Odd__c\nA,1\n"))
    message = caught.value.message
    assert message.startswith("accounts.csv: the job 750")
    assert message.endswith("failed: InvalidBatch : Field name not found : Odd__c")
    path = runner.directory / f"{OUTPUT}-1-unprocessed.csv"
    assert caught.value.details == (
        "0 of 1 row were processed",
        f"the rows that were not processed are in {path}",
    )
    assert path.read_text(encoding="utf-8").splitlines()[0] == "Name,Odd__c"


def test_a_job_that_somebody_aborts_costs_the_org(runner: StepRunner) -> None:
    load = step(runner, rows(2))
    runner.advance(load)
    (job,) = runner.emulated_org.jobs
    runner.org.call("PATCH", f"jobs/ingest/{job}", json={"state": "Aborted"})
    failure = runner.failure(load)
    assert (failure.kind, failure.message) == (
        ErrorKind.REPLACE,
        f"accounts.csv: the job {job} was aborted in the org",
    )


def test_unknown_objects_and_external_ids_are_named(runner: StepRunner) -> None:
    failure = runner.failure(step(runner, rows(1), object="Nothing__c"))
    assert failure.message.startswith("accounts.csv: ")
    assert "Unable to find object: Nothing__c" in failure.message
    load = step(runner, rows(1), operation="upsert", external_id="Name")
    assert "accounts.csv: " in runner.failure(load).message


# --- kills --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["0/1 D 0+0 created", "0/1 D 0+0 closing", "1/1 D 3+0"])
def test_a_killed_load_continues_and_loads_nothing_twice(runner: StepRunner, text: str) -> None:
    load = step(runner, rows(3))
    runner.is_killed_by = text.partition("D ")[2]
    with pytest.raises(KilledError):
        runner.finish(load)
    runner.restart()
    assert runner.finish(LoadData(csv=(FILE,), object="Account")) == Done("loaded 3 rows")
    assert names(runner) == ["Acme 1", "Acme 2", "Acme 3"]


@pytest.mark.parametrize("do", ["reset", "close"])
@pytest.mark.parametrize("at", ["before", "after"])
@pytest.mark.parametrize("route", ["create", "upload", "state", "status"])
def test_after_a_lost_answer_nothing_is_loaded_twice(
    runner: StepRunner, route: str, at: str, do: str
) -> None:
    runner.emulated.fault({"route": f"bulk_ingest.{route}"}, {"do": do, "at": at})
    assert runner.finish(step(runner, rows(3))) == Done("loaded 3 rows")
    assert names(runner) == ["Acme 1", "Acme 2", "Acme 3"]


def test_a_job_that_is_gone_costs_the_org(runner: StepRunner) -> None:
    load = step(runner, rows(1))
    runner.advance(load)
    runner.emulated_org.jobs.clear()
    failure = runner.failure(load)
    assert failure.kind is ErrorKind.REPLACE
    assert failure.message.endswith("is not there any more")


def test_data_that_changes_before_a_job_was_closed_is_loaded_as_it_is_now(
    runner: StepRunner,
) -> None:
    runner.is_killed_by = "created"
    with pytest.raises(KilledError):
        runner.finish(step(runner, rows(3)))
    runner.restart()
    assert runner.finish(step(runner, rows(2, first=7))) == Done("loaded 2 rows")
    assert names(runner) == ["Acme 7", "Acme 8"]


def test_data_that_changes_after_a_job_was_closed_costs_the_org(runner: StepRunner) -> None:
    runner.advance(step(runner, rows(3)))
    runner.restart()
    failure = runner.failure(step(runner, rows(2)))
    assert (failure.kind, failure.message) == (
        ErrorKind.REPLACE,
        "accounts.csv: the data has changed since it was partly loaded",
    )


def test_a_file_that_changes_during_the_build_is_not_loaded(runner: StepRunner) -> None:
    """Its org would not match the fingerprint."""
    load = step(runner, rows(3))
    list(load.inputs(runner.directory))
    write(runner.directory / FILE, rows(30))
    failure = runner.failure(load)
    assert failure.message == "accounts.csv: the file was changed during the build"
    assert runner.count("Account") == 0


# --- check and fingerprint ----------------------------------------------------------------


def test_the_fingerprint_depends_on_content_and_settings(runner: StepRunner) -> None:
    def inputs(load: LoadData) -> list[bytes]:
        return list(load.inputs(runner.directory))

    first = inputs(step(runner, rows(3)))
    assert inputs(step(runner, rows(3))) == first
    assert inputs(step(runner, rows(4))) != first
    upsert = step(runner, rows(3), operation="upsert", external_id="Ext__c")
    assert inputs(upsert) != first
    assert all(len(part) < 100 for part in first), "a hash instead of the content"


def test_all_problems_of_all_files_are_reported(runner: StepRunner) -> None:
    write(runner.directory / "a.csv", "Name,Id\nA\n")
    write(runner.directory / "b.csv", "Name,Id\nA,1\n")
    load = LoadData(
        csv=(Path("a.csv"), Path("b.csv"), Path("c.csv")),
        object="Account", operation="upsert", external_id="Ext__c",
    )  # fmt: skip
    missing = "the column Ext__c is missing; an upsert finds records by it"
    assert problems(runner, load) == [
        ("csv.0", "a.csv:2: the row has 1 values; the header has 2"),
        ("csv.1", f"b.csv:1: {missing}"),
        ("csv.1", "b.csv:1: the column Id is not possible in an upsert; remove it"),
        ("csv.2", "c.csv cannot be read: No such file or directory"),
    ]
    with pytest.raises(UsageError, match=r"a\.csv:2: .*\nb\.csv:1: .*\n"):
        list(load.inputs(runner.directory))


KEYS = {
    "none": ({}, ("", "write one of these keys: plan, csv, files, sfdmu, snowfakery")),
    "two": (
        {"plan": FILE, "csv": (FILE,)},
        ("csv", "csv and plan exclude each other; write two entries"),
    ),
    "foreign": ({"plan": FILE, "object": "A"}, ("object", "object belongs to csv; remove it")),
    "no object": ({"csv": (FILE,)}, ("", "the key object is missing; write object: Account")),
    "no external id": (
        {"csv": (FILE,), "object": "A", "operation": "upsert"},
        ("", "an upsert needs the key external_id; write external_id: Ext__c"),
    ),
    "no upsert": (
        {"csv": (FILE,), "object": "A", "external_id": "E"},
        ("external_id", "only an upsert has it; write operation: upsert"),
    ),
}


@pytest.mark.parametrize("name", KEYS)
def test_the_keys_must_be_those_of_one_form(runner: StepRunner, name: str) -> None:
    options, (field, message) = KEYS[name]
    found = problems(runner, LoadData(**options))  # type: ignore[arg-type]
    assert found[0][0] == field
    assert found[0][1].startswith(message)
