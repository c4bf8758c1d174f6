"""load_data: every record once, also after lost answers; refusals with file, record, field."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import ErrorKind, UsageError
from provisioner.steps.base import Done, Pending, StepFailed
from provisioner.steps.load_data import LoadData
from tests.steps.project import accounts, contacts, data_plan, record
from tests.steps.step_runner import KilledError, StepRunner

TREE = {"path": "composite/tree", "method": "POST"}


def step(runner: StepRunner, files: dict[str, list[dict[str, Any]]]) -> LoadData:
    data_plan(runner.directory, files)
    return LoadData(plan=Path("plan.json"))


def family(runner: StepRunner) -> LoadData:
    """Three requests: two for accounts, of which one refers to the other, one for contacts."""
    chained = [*accounts(2), record("Account", 3, Name="Acme 3", ParentId="@AccountRef1")]
    return step(runner, {"Account.json": chained, "Contact.json": contacts(3)})


def assert_complete(runner: StepRunner) -> None:
    """All records of `family`, each once, with its references."""
    rows = runner.org.query("SELECT Id, Name, ParentId FROM Account ORDER BY Name")
    assert [row["Name"] for row in rows] == ["Acme 1", "Acme 2", "Acme 3"]
    assert rows[2]["ParentId"] == rows[0]["Id"]
    people = runner.org.query("SELECT LastName, AccountId FROM Contact ORDER BY LastName")
    assert [row["AccountId"] for row in people] == [row["Id"] for row in rows]


def test_records_are_loaded_with_their_references(runner: StepRunner) -> None:
    assert runner.finish(family(runner)) == Done("loaded 6 records")
    assert_complete(runner)
    assert runner.emulated.requests("tree.create") == 3


def test_the_states_of_a_load_contain_its_progress(runner: StepRunner) -> None:
    runner.finish(family(runner))
    shapes = [re.sub("[0-9a-f]{8}", "D", text, count=1) for text in runner.remembered]
    shapes = [re.sub(r"=001\w{12}", "I", text) for text in shapes]
    assert shapes == [
        "0/3 sending D",
        "1/3 loaded D I+1",
        "1/3 sending D I+1",
        "2/3 loaded D I+2",
        "2/3 sending D I+2",
        "3/3 loaded D",
    ]


def test_a_long_load_returns_the_thread(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.steps.tree_loading.TURN", -1.0)
    load = family(runner)
    first = runner.advance(load)
    assert isinstance(first, Pending)
    assert (first.state.text().partition(" ")[0], first.wait) == ("1/3", 0.0)
    assert runner.finish(load) == Done("loaded 6 records")
    assert_complete(runner)


def test_record_types_are_looked_up_by_name(runner: StepRunner) -> None:
    partner = runner.emulated_org.store.add(
        "RecordType", {"Name": "Partner", "DeveloperName": "Partner", "SobjectType": "Account"}
    )
    known = [record("Account", 1, Name="A", RecordType={"Name": "Partner"})]
    runner.finish(step(runner, {"Account.json": known}))
    (row,) = runner.emulated_org.store.rows("Account")
    assert row["RecordTypeId"] == partner
    unknown = [record("Account", 1, Name="A", RecordType={"Name": "Vendor"})]
    with pytest.raises(StepFailed) as caught:
        runner.finish(step(runner, {"Account.json": unknown}))
    assert caught.value.message == (
        "Account.json: record 1 (AccountRef1): Account has no record type 'Vendor'; it has: Partner"
    )


# --- refusals -----------------------------------------------------------------------------


def test_an_unknown_field_names_file_record_and_field_and_what_was_loaded(
    runner: StepRunner,
) -> None:
    people = contacts(2)
    people[1]["Nonsense__c"] = "x"
    load = step(runner, {"Account.json": accounts(2), "Contact.json": people})
    with pytest.raises(StepFailed) as caught:
        runner.finish(load)
    failure = caught.value
    assert failure.message.startswith("Contact.json: record 2 (ContactRef2): INVALID_FIELD: ")
    assert "Nonsense__c" in failure.message
    assert failure.details == ("loaded before: 2 records (2 Account)",)
    assert failure.hint.startswith("check the field's name")
    assert failure.kind is ErrorKind.CONTENT
    assert (runner.count("Account"), runner.count("Contact")) == (2, 0)


def test_an_unknown_field_is_found_when_salesforce_names_no_record(runner: StepRunner) -> None:
    """The REST API refuses the whole request by its common envelope.

    Source: docs/reference/data.md#tree-requests.
    """
    people = [record("Contact", 1, LastName="A"), record("Contact", 2, LastName="B", Odd__c=1)]
    text = "No such column 'Odd__c' on sobject of type Contact"
    body = [{"errorCode": "INVALID_FIELD", "message": text}]
    runner.emulated.fault(TREE, {"do": "answer", "status": 400, "body": body})
    with pytest.raises(StepFailed) as caught:
        runner.finish(step(runner, {"Contact.json": people}))
    assert caught.value.message == f"Contact.json: record 2 (ContactRef2): INVALID_FIELD: {text}"
    assert caught.value.details == ("nothing was loaded before",)


def test_every_refused_record_is_a_line(runner: StepRunner) -> None:
    nameless = [record("Account", n) for n in range(1, 31)]
    with pytest.raises(StepFailed) as caught:
        runner.finish(step(runner, {"Account.json": [*nameless, *accounts(31)[30:]]}))
    lines = [caught.value.message, *caught.value.details]
    assert lines[0].startswith("Account.json: record 1 (AccountRef1): REQUIRED_FIELD_MISSING: ")
    assert lines[19].startswith("Account.json: record 20 (AccountRef20): ")
    assert lines[20:] == ["… and 10 more", "nothing was loaded before"]
    assert runner.count("Account") == 0


def test_an_object_that_does_not_exist_is_named(runner: StepRunner) -> None:
    load = step(runner, {"Nothing__c.json": [record("Nothing__c", 1, Name="x")]})
    with pytest.raises(StepFailed, match=r"Nothing__c\.json: the org has no object Nothing__c"):
        runner.finish(load)


def test_a_locked_row_is_retried(runner: StepRunner) -> None:
    error = {"statusCode": "UNABLE_TO_LOCK_ROW", "message": "busy", "fields": []}
    results = [{"referenceId": "AccountRef1", "errors": [error]}]
    runner.emulated.fault(
        TREE, {"do": "answer", "status": 400, "body": {"hasErrors": True, "results": results}}
    )
    assert runner.finish(family(runner)) == Done("loaded 6 records")
    assert runner.retries == 1
    assert_complete(runner)
    assert runner.emulated.requests("composite") == 1, "one counts the records of all objects"


# --- lost answers, and kills --------------------------------------------------------------

UNAVAILABLE = {"do": "answer", "status": 503, "error": "SERVER_UNAVAILABLE"}


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_server_that_is_unavailable_twice_costs_nothing(runner: StepRunner, nth: int) -> None:
    runner.emulated.fault({**TREE, "nth": [nth, nth + 1]}, UNAVAILABLE, times=2)
    assert runner.finish(family(runner)) == Done("loaded 6 records")
    assert runner.retries == 2
    assert_complete(runner)


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_request_that_did_not_arrive_is_sent_again(runner: StepRunner, nth: int) -> None:
    runner.emulated.fault({**TREE, "nth": nth}, {"do": "reset"})
    assert runner.finish(family(runner)) == Done("loaded 6 records")
    assert_complete(runner)


def test_a_load_that_a_limit_has_refused_continues_without_counting_records(
    runner: StepRunner,
) -> None:
    """A request that is refused as a whole has inserted nothing."""
    refusal = {"do": "answer", "status": 403, "error": "REQUEST_LIMIT_EXCEEDED"}
    runner.emulated.fault({**TREE, "nth": 2}, refusal)
    load = family(runner)
    assert runner.failure(load).kind is ErrorKind.LIMIT
    runner.restart()
    queries = runner.emulated.requests("query")
    assert runner.finish(load) == Done("loaded 6 records")
    assert runner.emulated.requests("query") == queries
    assert_complete(runner)


def test_after_an_error_of_the_server_records_are_counted_before_the_next_request(
    runner: StepRunner,
) -> None:
    """The server may have inserted them before it failed."""
    failure = {"do": "answer", "status": 500, "error": "UNKNOWN_EXCEPTION"}
    runner.emulated.fault({**TREE, "nth": 2}, failure)
    load = family(runner)
    assert runner.failure(load).kind is ErrorKind.TRANSIENT
    queries = runner.emulated.requests("query")
    assert runner.finish(load) == Done("loaded 6 records")
    assert runner.emulated.requests("query") > queries


def test_a_count_that_a_limit_refuses_is_asked_again(runner: StepRunner) -> None:
    """The org is not replaced: the count still shows whether the request has arrived."""
    runner.emulated.fault({**TREE, "nth": 3}, {"do": "reset", "at": "after"})
    load = family(runner)
    assert runner.failure(load).kind is ErrorKind.TRANSIENT
    nth = runner.emulated.requests("query") + 1
    refusal = {"do": "answer", "status": 403, "error": "REQUEST_LIMIT_EXCEEDED"}
    runner.emulated.fault({"route": "query", "nth": nth}, refusal)
    assert runner.failure(load).kind is ErrorKind.LIMIT
    assert runner.finish(load) == Done("loaded 6 records")
    assert_complete(runner)


def test_a_request_whose_answer_was_lost_is_not_sent_again(runner: StepRunner) -> None:
    """The last one: nothing needs the ids that its answer would have given."""
    runner.emulated.fault({**TREE, "nth": 3}, {"do": "reset", "at": "after"})
    assert runner.finish(family(runner)) == Done("loaded 6 records")
    assert runner.emulated.requests("tree.create") == 3
    assert_complete(runner)


def test_an_org_is_replaced_when_lost_ids_are_needed(runner: StepRunner) -> None:
    runner.emulated.fault({**TREE, "nth": 1}, {"do": "reset", "at": "after"})
    with pytest.raises(StepFailed) as caught:
        runner.finish(family(runner))
    assert caught.value.kind is ErrorKind.REPLACE
    assert caught.value.message.endswith(
        "2 Account records of this load; before the request it had 0"
    )
    assert runner.count("Account") == 2


@pytest.mark.parametrize("status", [504])
def test_an_org_is_replaced_after_a_time_out(runner: StepRunner, status: int) -> None:
    """The server may still be inserting the records, so that a count proves nothing."""
    runner.emulated.fault(TREE, {"do": "answer", "status": status, "body": "<html>", "at": "after"})
    with pytest.raises(StepFailed, match="HTTP 504") as caught:
        runner.finish(family(runner))
    assert caught.value.kind is ErrorKind.REPLACE


@pytest.mark.parametrize("text", ["0/3 sending", "1/3 loaded", "1/3 sending", "2/3 sending"])
def test_a_killed_load_continues_where_it_was(runner: StepRunner, text: str) -> None:
    """Killed after a commit: what was about to be sent has not been, what was sent is known."""
    load = family(runner)
    runner.is_killed_by = text
    with pytest.raises(KilledError):
        runner.finish(load)
    runner.restart()
    assert runner.finish(family(runner)) == Done("loaded 6 records")
    assert_complete(runner)


def add_sample(runner: StepRunner) -> str:
    """A record that a new org has, or an earlier step has loaded: of the same user."""
    org = runner.emulated_org
    return org.store.insert("Account", {"Name": "Sample Account"}, user_id=org.admin_id)


@pytest.mark.parametrize(("nth", "at"), [(1, "before"), (2, "before"), (3, "before"), (3, "after")])
def test_records_that_were_there_before_the_load_are_not_counted(
    runner: StepRunner, nth: int, at: str
) -> None:
    sample = add_sample(runner)
    runner.emulated.fault({**TREE, "nth": nth}, {"do": "reset", "at": at})
    assert runner.finish(family(runner)) == Done("loaded 6 records")
    runner.emulated_org.store.delete("Account", sample)
    assert_complete(runner)


def test_a_second_load_of_an_object_survives_a_lost_answer(runner: StepRunner) -> None:
    runner.finish(step(runner, {"Account.json": accounts(1)}))
    second = step(runner, {"Account.json": accounts(2)[1:]})
    runner.emulated.fault(TREE, {"do": "reset", "at": "after"})
    assert runner.finish(second) == Done("loaded 1 record")
    assert runner.count("Account") == 2


def test_a_killed_load_remembers_what_was_there_before(runner: StepRunner) -> None:
    """A request that was sent before the kill, of as many records as there were before."""
    add_sample(runner)
    load = step(runner, {"Account.json": accounts(1)})
    runner.is_killed_by = "sending"
    with pytest.raises(KilledError):
        runner.finish(load)
    assert " before:0=1" in runner.step_state
    runner.restart()
    assert runner.finish(load) == Done("loaded 1 record")
    assert runner.count("Account") == 2


def test_an_org_is_replaced_when_the_records_before_the_load_are_unknown(
    runner: StepRunner,
) -> None:
    """The count was refused, then an answer was lost: nothing says what has arrived."""
    refused = {"do": "answer", "status": 400, "error": "INVALID_TYPE", "message": "no"}
    runner.emulated.fault({"route": "query"}, refused)
    runner.emulated.fault(TREE, {"do": "reset"})
    failure = None
    while failure is None or failure.kind is ErrorKind.TRANSIENT:
        failure = runner.failure(step(runner, {"Account.json": accounts(1)}))
    assert failure.kind is ErrorKind.REPLACE
    assert "the Account records could not be counted before the load" in str(failure)


def test_records_that_were_inserted_twice_are_noticed(runner: StepRunner) -> None:
    """A request was sent again because it had no effect yet; then both had one."""
    load = step(runner, {"Account.json": accounts(1), "Contact.json": contacts(1)})
    runner.emulated.fault({**TREE, "nth": 1}, {"do": "reset"})
    runner.failure(load)
    late = {"Name": "Acme 1"}
    org = runner.emulated_org
    org.store.insert("Account", late, user_id=org.admin_id)
    assert runner.failure(load).kind is ErrorKind.REPLACE


def test_after_a_lost_answer_records_are_counted_at_the_end(runner: StepRunner) -> None:
    load = step(runner, {"Account.json": accounts(1), "Contact.json": contacts(1)})
    runner.emulated.fault({**TREE, "nth": 1}, {"do": "reset"})
    runner.failure(load)
    runner.is_killed_by = "1/2 loaded?"
    with pytest.raises(KilledError):
        runner.advance(load)
    runner.restart()
    org = runner.emulated_org
    org.store.insert("Account", {"Name": "Acme 1"}, user_id=org.admin_id)
    wanted = "the org has 2 Account records of this load; the plan has 1"
    with pytest.raises(StepFailed, match=wanted) as caught:
        runner.finish(load)
    assert caught.value.kind is ErrorKind.REPLACE


def test_an_org_is_replaced_when_the_data_has_changed_since_the_first_request(
    runner: StepRunner,
) -> None:
    load = family(runner)
    runner.is_killed_by = "1/3 loaded"
    with pytest.raises(KilledError):
        runner.finish(load)
    runner.restart()
    chained = [*accounts(2), record("Account", 3, Name="Other", ParentId="@AccountRef1")]
    other = step(runner, {"Account.json": chained, "Contact.json": contacts(3)})
    with pytest.raises(
        StepFailed, match="the plan's data has changed since it was partly loaded"
    ) as caught:
        runner.finish(other)
    assert caught.value.kind is ErrorKind.REPLACE


# --- offline ------------------------------------------------------------------------------


def test_the_check_reports_the_problems_of_the_plan(tmp_path: Path) -> None:
    data_plan(tmp_path / "data", {"Contact.json": contacts(1)})
    load = LoadData(plan=Path("data/plan.json"))
    (finding,) = load.check(tmp_path)
    assert finding.field == "plan"
    assert finding.message.startswith("data/Contact.json:1:")
    assert finding.message.endswith("AccountId: @AccountRef1 is not in any file of the plan")
    with pytest.raises(UsageError) as caught:
        list(load.inputs(tmp_path))
    assert caught.value.message == finding.message
    (tmp_path / "data/plan.json").unlink()
    with pytest.raises(UsageError, match=r"data/plan\.json cannot be read: No such file") as caught:
        list(load.inputs(tmp_path))
    assert (caught.value.code, caught.value.exit_code) == ("data_plan", 2)


def test_the_fingerprint_depends_on_plan_and_files(tmp_path: Path) -> None:
    load = LoadData(plan=Path("plan.json"))
    data_plan(tmp_path, {"Account.json": accounts(1)})
    before = list(load.inputs(tmp_path))
    data_plan(tmp_path, {"Account.json": accounts(2)})
    assert list(load.inputs(tmp_path)) != before


def test_ids_that_the_row_cannot_hold_are_kept_in_this_process(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.steps.load_progress.LONGEST_IDS", 5)
    assert runner.finish(family(runner)) == Done("loaded 6 records")
    assert_complete(runner)
    assert {text.rpartition(" ")[2] for text in runner.remembered[1:-1]} == {"~"}


def test_a_load_continues_in_the_same_process_when_the_row_cannot_hold_its_ids(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.steps.load_progress.LONGEST_IDS", 5)
    monkeypatch.setattr("provisioner.steps.tree_loading.TURN", -1.0)
    load = family(runner)
    assert isinstance(runner.advance(load), Pending)
    assert runner.finish(load) == Done("loaded 6 records")
    assert_complete(runner)


def interrupted(runner: StepRunner, monkeypatch: pytest.MonkeyPatch) -> LoadData:
    """A load whose process ends after its first request, with ids that the row cannot hold."""
    monkeypatch.setattr("provisioner.steps.load_progress.LONGEST_IDS", 5)
    monkeypatch.setattr("provisioner.steps.tree_loading.TURN", -1.0)
    load = family(runner)
    assert isinstance(runner.advance(load), Pending)
    runner.restart()
    return load


def ids_file(runner: StepRunner) -> Path:
    return runner.directory / ".provisioner/run-org-step1-ids"


def test_the_next_build_of_the_host_has_the_ids_that_the_row_cannot_hold(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = interrupted(runner, monkeypatch)
    assert runner.step_state.endswith(" ~")
    assert stat.S_IMODE(ids_file(runner).stat().st_mode) == 0o600
    assert runner.finish(load) == Done("loaded 6 records")
    assert_complete(runner)
    assert list(ids_file(runner).parent.iterdir()) == []


@pytest.mark.parametrize("content", [None, b"", b"0/00000000 =001", b"1/{} =001", b"\xff"])
def test_an_org_is_replaced_when_the_host_that_had_its_ids_is_another(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    load = interrupted(runner, monkeypatch)
    digest = runner.step_state.split()[2].encode()
    ids_file(runner).unlink()
    if content is not None:
        ids_file(runner).write_bytes(content.replace(b"{}", digest))
    failure = runner.failure(load)
    assert isinstance(failure, StepFailed)
    assert failure.kind is ErrorKind.REPLACE
    assert failure.message == (
        "plan.json: a build was interrupted, and the ids of the records that it loaded are too "
        "long for the ledger; only the host of that build had them"
    )


def test_ids_that_no_file_can_hold_are_kept_in_this_process(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.steps.load_progress.LONGEST_IDS", 5)
    ids_file(runner).parent.write_text("a file in place of the folder")
    assert runner.finish(family(runner)) == Done("loaded 6 records")


@pytest.mark.parametrize(
    "text",
    ["1/3 loaded {} =0010000000000001+999999999", "1/3 loaded {} +5", "1/3 loaded {} =001,=003",
     "1/3 loaded {} ", "9/3 loaded {}", "0/4 loaded {}", "3/3 sending {}",
     "1/3 loaded {} =00100000000000!"],
)  # fmt: skip
def test_an_org_is_replaced_when_the_state_is_not_of_this_load(
    runner: StepRunner, text: str
) -> None:
    load = family(runner)
    runner.finish(load)
    digest = runner.remembered[0].split()[2]
    runner.step_state = text.format(digest)
    failure = runner.failure(load)
    assert isinstance(failure, StepFailed)
    assert failure.kind is ErrorKind.REPLACE
