"""load_data: every record once, whatever is lost on the way; refusals with file, record, field."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import ErrorKind, UsageError
from provisioner.steps.base import Done, Pending, StepFailed
from provisioner.steps.load_data import LoadData
from tests.steps.carrier import Carrier, KilledError
from tests.steps.project import accounts, contacts, data_plan, record

TREE = {"path": "composite/tree", "method": "POST"}


def step(carrier: Carrier, files: dict[str, list[dict[str, Any]]]) -> LoadData:
    data_plan(carrier.directory, files)
    return LoadData(plan=Path("plan.json"))


def family(carrier: Carrier) -> LoadData:
    """Three requests: two for accounts, of which one refers to the other, one for contacts."""
    chained = [*accounts(2), record("Account", 3, Name="Acme 3", ParentId="@AccountRef1")]
    return step(carrier, {"Account.json": chained, "Contact.json": contacts(3)})


def assert_complete(carrier: Carrier) -> None:
    """All records of `family`, each once, with its references."""
    rows = carrier.org.query("SELECT Id, Name, ParentId FROM Account ORDER BY Name")
    assert [row["Name"] for row in rows] == ["Acme 1", "Acme 2", "Acme 3"]
    assert rows[2]["ParentId"] == rows[0]["Id"]
    people = carrier.org.query("SELECT LastName, AccountId FROM Contact ORDER BY LastName")
    assert [row["AccountId"] for row in people] == [row["Id"] for row in rows]


def test_records_are_loaded_with_their_references(carrier: Carrier) -> None:
    assert carrier.finish(family(carrier)) == Done("loaded 6 records")
    assert_complete(carrier)
    assert carrier.emulated.requests("tree.create") == 3


def test_what_is_remembered_says_how_far_it_came(carrier: Carrier) -> None:
    carrier.finish(family(carrier))
    shapes = [re.sub("[0-9a-f]{8}", "D", text, count=1) for text in carrier.remembered]
    shapes = [re.sub(r"=001\w{12}", "I", text) for text in shapes]
    assert shapes == [
        "0/3 sending D",
        "1/3 loaded D I+1",
        "1/3 sending D I+1",
        "2/3 loaded D I+2",
        "2/3 sending D I+2",
        "3/3 loaded D",
    ]


def test_a_long_load_gives_the_thread_back(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.steps.load_data.TURN", -1.0)
    load = family(carrier)
    first = carrier.look(load)
    assert isinstance(first, Pending)
    assert (first.state.text().partition(" ")[0], first.wait) == ("1/3", 0.0)
    assert carrier.finish(load) == Done("loaded 6 records")
    assert_complete(carrier)


def test_record_types_are_looked_up_by_name(carrier: Carrier) -> None:
    partner = carrier.emulated_org.store.add(
        "RecordType", {"Name": "Partner", "DeveloperName": "Partner", "SobjectType": "Account"}
    )
    known = [record("Account", 1, Name="A", RecordType={"Name": "Partner"})]
    carrier.finish(step(carrier, {"Account.json": known}))
    (row,) = carrier.emulated_org.store.rows("Account")
    assert row["RecordTypeId"] == partner
    unknown = [record("Account", 1, Name="A", RecordType={"Name": "Vendor"})]
    with pytest.raises(StepFailed) as caught:
        carrier.finish(step(carrier, {"Account.json": unknown}))
    assert caught.value.message == (
        "Account.json: record 1 (AccountRef1): Account has no record type 'Vendor'; it has: Partner"
    )


# --- refusals -----------------------------------------------------------------------------


def test_an_unknown_field_names_file_record_and_field_and_what_was_loaded(
    carrier: Carrier,
) -> None:
    people = contacts(2)
    people[1]["Nonsense__c"] = "x"
    load = step(carrier, {"Account.json": accounts(2), "Contact.json": people})
    with pytest.raises(StepFailed) as caught:
        carrier.finish(load)
    failure = caught.value
    assert failure.message.startswith("Contact.json: record 2 (ContactRef2): INVALID_FIELD: ")
    assert "Nonsense__c" in failure.message
    assert failure.details == ("loaded before: 2 records (2 Account)",)
    assert failure.hint.startswith("check the field's name")
    assert failure.kind is ErrorKind.CONTENT
    assert (carrier.count("Account"), carrier.count("Contact")) == (2, 0)


def test_an_unknown_field_is_found_when_salesforce_names_no_record(carrier: Carrier) -> None:
    """The REST API refuses the whole request by its common envelope.

    Source: docs/reference/data.md#tree-requests.
    """
    people = [record("Contact", 1, LastName="A"), record("Contact", 2, LastName="B", Odd__c=1)]
    text = "No such column 'Odd__c' on sobject of type Contact"
    body = [{"errorCode": "INVALID_FIELD", "message": text}]
    carrier.emulated.fault(TREE, {"do": "answer", "status": 400, "body": body})
    with pytest.raises(StepFailed) as caught:
        carrier.finish(step(carrier, {"Contact.json": people}))
    assert caught.value.message == f"Contact.json: record 2 (ContactRef2): INVALID_FIELD: {text}"
    assert caught.value.details == ("nothing was loaded before",)


def test_every_refused_record_is_a_line(carrier: Carrier) -> None:
    nameless = [record("Account", n) for n in range(1, 31)]
    with pytest.raises(StepFailed) as caught:
        carrier.finish(step(carrier, {"Account.json": [*nameless, *accounts(31)[30:]]}))
    lines = [caught.value.message, *caught.value.details]
    assert lines[0].startswith("Account.json: record 1 (AccountRef1): REQUIRED_FIELD_MISSING: ")
    assert lines[19].startswith("Account.json: record 20 (AccountRef20): ")
    assert lines[20:] == ["… and 10 more", "nothing was loaded before"]
    assert carrier.count("Account") == 0


def test_an_object_that_does_not_exist_is_named(carrier: Carrier) -> None:
    load = step(carrier, {"Nothing__c.json": [record("Nothing__c", 1, Name="x")]})
    with pytest.raises(StepFailed, match=r"Nothing__c\.json: the org has no object Nothing__c"):
        carrier.finish(load)


def test_a_locked_row_is_waited_for(carrier: Carrier) -> None:
    error = {"statusCode": "UNABLE_TO_LOCK_ROW", "message": "busy", "fields": []}
    results = [{"referenceId": "AccountRef1", "errors": [error]}]
    carrier.emulated.fault(
        TREE, {"do": "answer", "status": 400, "body": {"hasErrors": True, "results": results}}
    )
    assert carrier.finish(family(carrier)) == Done("loaded 6 records")
    assert carrier.retries == 1
    assert_complete(carrier)
    assert carrier.emulated.requests("query") == 2, "only what the test itself has asked"


# --- lost answers, and kills --------------------------------------------------------------

UNAVAILABLE = {"do": "answer", "status": 503, "error": "SERVER_UNAVAILABLE"}


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_server_that_is_away_twice_costs_nothing(carrier: Carrier, nth: int) -> None:
    carrier.emulated.fault({**TREE, "nth": [nth, nth + 1]}, UNAVAILABLE, times=2)
    assert carrier.finish(family(carrier)) == Done("loaded 6 records")
    assert carrier.retries == 2
    assert_complete(carrier)


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_request_that_did_not_arrive_is_sent_again(carrier: Carrier, nth: int) -> None:
    carrier.emulated.fault({**TREE, "nth": nth}, {"do": "reset"})
    assert carrier.finish(family(carrier)) == Done("loaded 6 records")
    assert_complete(carrier)


def test_a_request_whose_answer_was_lost_is_not_sent_again(carrier: Carrier) -> None:
    """The last one: nothing needs the ids that its answer would have given."""
    carrier.emulated.fault({**TREE, "nth": 3}, {"do": "reset", "at": "after"})
    assert carrier.finish(family(carrier)) == Done("loaded 6 records")
    assert carrier.emulated.requests("tree.create") == 3
    assert_complete(carrier)


def test_lost_ids_that_are_needed_mean_another_org(carrier: Carrier) -> None:
    carrier.emulated.fault({**TREE, "nth": 1}, {"do": "reset", "at": "after"})
    with pytest.raises(StepFailed) as caught:
        carrier.finish(family(carrier))
    assert caught.value.kind is ErrorKind.REPLACE
    assert caught.value.message.endswith("the org has 2 Account records, 0 before the request")
    assert carrier.count("Account") == 2


@pytest.mark.parametrize("status", [504])
def test_a_late_answer_means_another_org(carrier: Carrier, status: int) -> None:
    """The server may be at it still: no look can tell."""
    carrier.emulated.fault(
        TREE, {"do": "answer", "status": status, "body": "<html>", "at": "after"}
    )
    with pytest.raises(StepFailed, match="HTTP 504") as caught:
        carrier.finish(family(carrier))
    assert caught.value.kind is ErrorKind.REPLACE


@pytest.mark.parametrize("text", ["0/3 sending", "1/3 loaded", "1/3 sending", "2/3 sending"])
def test_a_killed_load_goes_on_where_it_was(carrier: Carrier, text: str) -> None:
    """Killed after a commit: what was about to be sent has not been, what was sent is known."""
    load = family(carrier)
    carrier.is_killed_by = text
    with pytest.raises(KilledError):
        carrier.finish(load)
    carrier.restart()
    assert carrier.finish(family(carrier)) == Done("loaded 6 records")
    assert_complete(carrier)


def test_records_that_come_late_after_all_are_noticed(carrier: Carrier) -> None:
    """A doubt was cleared by sending again, and then both were there."""
    load = step(carrier, {"Account.json": accounts(1), "Contact.json": contacts(1)})
    carrier.emulated.fault({**TREE, "nth": 1}, {"do": "reset"})
    carrier.failure(load)
    late = {"Name": "Acme 1"}
    org = carrier.emulated_org
    org.store.insert("Account", late, user_id=org.admin_id)
    assert carrier.failure(load).kind is ErrorKind.REPLACE


def test_a_doubt_is_counted_out_at_the_end(carrier: Carrier) -> None:
    load = step(carrier, {"Account.json": accounts(1), "Contact.json": contacts(1)})
    carrier.emulated.fault({**TREE, "nth": 1}, {"do": "reset"})
    carrier.failure(load)
    carrier.is_killed_by = "1/2 loaded?"
    with pytest.raises(KilledError):
        carrier.look(load)
    carrier.restart()
    org = carrier.emulated_org
    org.store.insert("Account", {"Name": "Acme 1"}, user_id=org.admin_id)
    with pytest.raises(StepFailed, match="the org has 2 Account records, the plan has 1") as caught:
        carrier.finish(load)
    assert caught.value.kind is ErrorKind.REPLACE


def test_other_data_than_was_begun_with_means_another_org(carrier: Carrier) -> None:
    load = family(carrier)
    carrier.is_killed_by = "1/3 loaded"
    with pytest.raises(KilledError):
        carrier.finish(load)
    carrier.restart()
    chained = [*accounts(2), record("Account", 3, Name="Other", ParentId="@AccountRef1")]
    other = step(carrier, {"Account.json": chained, "Contact.json": contacts(3)})
    with pytest.raises(
        StepFailed, match="the plan's data has changed since it was partly loaded"
    ) as caught:
        carrier.finish(other)
    assert caught.value.kind is ErrorKind.REPLACE


# --- offline ------------------------------------------------------------------------------


def test_the_check_tells_the_problems_of_the_plan(tmp_path: Path) -> None:
    data_plan(tmp_path / "data", {"Contact.json": contacts(1)})
    load = LoadData(plan=Path("data/plan.json"))
    (finding,) = load.check(tmp_path)
    assert finding.field == "plan"
    assert finding.message.startswith("data/Contact.json:1:")
    assert finding.message.endswith("AccountId: @AccountRef1 is in no file of the plan")
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


def test_ids_that_the_row_cannot_hold_are_known_to_this_process(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.steps.load_progress.LONGEST_IDS", 5)
    assert carrier.finish(family(carrier)) == Done("loaded 6 records")
    assert_complete(carrier)
    assert {text.rpartition(" ")[2] for text in carrier.remembered[1:-1]} == {"~"}


def test_a_load_goes_on_in_the_same_process_when_the_row_cannot_hold_its_ids(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.steps.load_progress.LONGEST_IDS", 5)
    monkeypatch.setattr("provisioner.steps.load_data.TURN", -1.0)
    load = family(carrier)
    assert isinstance(carrier.look(load), Pending)
    assert carrier.finish(load) == Done("loaded 6 records")
    assert_complete(carrier)


def test_an_org_is_replaced_when_the_process_that_knew_its_ids_has_died(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.steps.load_progress.LONGEST_IDS", 5)
    monkeypatch.setattr("provisioner.steps.load_data.TURN", -1.0)
    load = family(carrier)
    assert isinstance(carrier.look(load), Pending)
    carrier.restart()
    failure = carrier.failure(load)
    assert isinstance(failure, StepFailed)
    assert failure.kind is ErrorKind.REPLACE
    assert "had the ids of its records was interrupted" in failure.message


@pytest.mark.parametrize(
    "text",
    ["1/3 loaded {} =0010000000000001+999999999", "1/3 loaded {} +5", "1/3 loaded {} =001,=003",
     "1/3 loaded {} ", "9/3 loaded {}", "1/3 loaded {} =00100000000000!"],
)  # fmt: skip
def test_what_is_no_progress_of_this_load_is_taken_for_none(carrier: Carrier, text: str) -> None:
    load = family(carrier)
    carrier.finish(load)
    digest = carrier.remembered[0].split()[2]
    carrier.step_state = text.format(digest)
    failure = carrier.failure(load)
    assert isinstance(failure, StepFailed)
    assert failure.kind is ErrorKind.REPLACE
