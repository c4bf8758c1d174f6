"""load_data with sfdmu: records matched by external ids, lookups resolved, the rest refused."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.emulator.objects.schema import Field
from provisioner.errors import ErrorKind, UsageError
from provisioner.steps.base import Done, StepFailed
from provisioner.steps.load_data import LoadData
from tests.steps.project import write
from tests.steps.sfdmu_project import ACCOUNTS, CONTACTS, FILES, PATH, problems, project, records
from tests.steps.step_runner import KilledError, StepRunner


def assert_complete(runner: StepRunner) -> None:
    """All records of `FILES`, each once, with their lookups."""
    found = runner.org.query("SELECT Name, Phone, Parent.Name FROM Account ORDER BY Name")
    assert [(r["Name"], r["Phone"], r["Parent"] and r["Parent"]["Name"]) for r in found] == [
        ("Acme", "1", None),
        ("Branch", "2", "Acme"),
    ]
    soql = "SELECT LastName, Email, Account.Name, ReportsTo.Email FROM Contact ORDER BY Email"
    people = runner.org.query(soql)
    assert [(r["Email"], r["Account"]["Name"]) for r in people] == [
        ("d@a.example", "Acme"),
        ("d@b.example", "Branch"),
    ]
    assert [r["ReportsTo"] and r["ReportsTo"]["Email"] for r in people] == [None, "d@a.example"]


def test_objects_are_loaded_parents_first_and_own_lookups_last(runner: StepRunner) -> None:
    load = project(runner)
    assert problems(runner, load) == []
    assert runner.finish(load).note == "loaded 6 rows"
    assert_complete(runner)
    operations = [job.operation for job in runner.emulated_org.jobs.values()]
    assert operations == ["insert", "insert", "update", "update"]


def test_a_second_load_updates_the_same_records(runner: StepRunner) -> None:
    runner.finish(project(runner))
    changed = {**FILES, "Account": FILES["Account"].replace("Acme,1", "Acme,3")}
    runner.finish(project(runner, files=changed))
    assert records(runner, "Account", "Name", "Phone") == [("Acme", "3"), ("Branch", "2")]
    assert runner.count("Contact") == 2


@pytest.mark.parametrize("number", range(1, 13))
def test_a_killed_load_continues_and_loads_nothing_twice(
    runner: StepRunner, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after each of its states."""
    load, real, count = project(runner), runner.remember, [0]

    def remember(state: Any) -> None:
        real(state)
        count[0] += 1
        if count[0] == number:
            raise KilledError

    monkeypatch.setattr(runner, "remember", remember)
    with pytest.raises(KilledError):
        runner.finish(load)
    runner.restart()
    runner.finish(LoadData(sfdmu=PATH))
    assert_complete(runner)


def test_ids_of_the_source_org_find_the_parent(runner: StepRunner) -> None:
    """SFDMU exports them where excludeIdsFromCSVFiles is not set."""
    objects = {"query": "SELECT LastName, AccountId FROM Contact", "operation": "Insert"}
    files = {"Account": FILES["Account"], "Contact": "LastName,AccountId\nA,x2\nB,\n"}
    runner.finish(project(runner, objects, ACCOUNTS, files=files))
    people = runner.org.query("SELECT LastName, Account.Name FROM Contact ORDER BY LastName")
    assert [r["Account"] and r["Account"]["Name"] for r in people] == ["Branch", None]


def test_record_types_are_found_by_their_developer_name(runner: StepRunner) -> None:
    store = runner.emulated_org.store
    ids = [
        store.add("RecordType", {"Name": "P", "DeveloperName": "Partner", "SobjectType": sobject})
        for sobject in ("Contact", "Account")
    ]
    objects = {"query": "SELECT Name, RecordTypeId FROM Account", "operation": "Insert"}
    text = "Name,RecordType.DeveloperName\nA,Partner\nB,Partner;Account\n"  # the older form, too
    runner.finish(project(runner, objects, files={"Account": text}))
    assert records(runner, "Account", "RecordTypeId") == [(ids[1],)] * 2


def test_existing_parents_are_found_by_readonly(runner: StepRunner) -> None:
    org = runner.emulated_org
    parent = org.store.insert("Account", {"Name": "There"}, user_id=org.admin_id)
    readonly = {"query": "SELECT Id FROM Account", "externalId": "Name", "operation": "Readonly"}
    objects = {"query": "SELECT LastName, AccountId FROM Contact", "operation": "Insert"}
    files = {"Contact": "LastName,Account.Name\nA,There\n"}
    runner.finish(project(runner, readonly, objects, files=files))
    assert records(runner, "Contact", "AccountId") == [(parent,)]


def test_operations_and_options(runner: StepRunner) -> None:
    org = runner.emulated_org
    org.store.add_field("Account", Field("Code__c", "double"))
    org.store.insert("Account", {"Name": "Old", "Code__c": 5, "Phone": "0"}, user_id=org.admin_id)
    base = {"query": "SELECT all FROM Account", "externalId": "Code__c"}
    text = {"Account": "Code__c,Name,Phone\n5,Changed,\n6,New,6\n"}
    load = project(runner, {**base, "operation": "Upsert", "skipExistingRecords": True}, files=text)
    runner.finish(load)
    assert records(runner, "Account", "Name", "Phone") == [("New", "6"), ("Old", "0")]
    update = {**base, "operation": "Update", "excludedFromUpdateFields": ["Name"]}
    runner.finish(project(runner, update, files=text))
    assert records(runner, "Account", "Name", "Phone") == [("New", "6"), ("Old", "")]
    kept = {**update, "excludedFields": ["Phone"], "excludedFromUpdateFields": []}
    runner.finish(project(runner, kept, files=text, csvInsertNulls=False))
    assert records(runner, "Account", "Name") == [("Changed",), ("New",)]


def test_excluded_objects_need_no_file(runner: StepRunner) -> None:
    excluded = {"query": "SELECT Name FROM Nothing__c", "operation": "Insert", "excluded": True}
    load = project(runner, ACCOUNTS, excluded)
    assert problems(runner, load) == []
    assert isinstance(runner.finish(load), Done)


# --- refusals -----------------------------------------------------------------------------


def test_lookups_without_a_record_are_named(runner: StepRunner) -> None:
    files = {**FILES, "Contact": "LastName,Email,Account.Name\nA,,Nobody\nB,,Nobody\nC,,None\n"}
    objects = {**CONTACTS, "query": "SELECT LastName, Email, AccountId FROM Contact"}
    with pytest.raises(StepFailed) as caught:
        runner.finish(project(runner, ACCOUNTS, objects, files=files))
    assert caught.value.message == (
        "Contact.csv: lookups refer to records that the org does not have: "
        "Account.Name 'Nobody' (2 rows)"
    )
    assert caught.value.details == ("Account.Name 'None' (1 rows)",)
    assert runner.count("Contact") == 0


def test_unknown_objects_and_fields_are_named(runner: StepRunner) -> None:
    objects = {"query": "SELECT Name FROM Nothing__c", "operation": "Insert"}
    failure = runner.failure(project(runner, objects, files={"Nothing__c": "Name\nA\n"}))
    assert failure.message == "the org has no object Nothing__c"
    objects = {"query": "SELECT Name, Odd__c FROM Account", "operation": "Insert"}
    failure = runner.failure(project(runner, objects, files={"Account": "Name,Odd__c\nA,1\n"}))
    assert failure.message == "Account.csv: Account has no field Odd__c in the org"


def test_refused_rows_are_in_a_file(runner: StepRunner) -> None:
    objects = {"query": "SELECT Name, NumberOfEmployees FROM Account", "operation": "Insert"}
    text = "Name,NumberOfEmployees\nA,many\nB,1\n"
    failure = runner.failure(project(runner, objects, files={"Account": text}))
    assert failure.message == "Account.csv: 1 of 2 rows of Account was refused"
    allowed = LoadData(sfdmu=PATH, max_failed_rows=1)
    runner.restart()
    runner.step_state = ""
    assert runner.finish(allowed) == Done("loaded 1 row, 1 row refused")


def test_data_that_changes_after_a_job_was_closed_costs_the_org(runner: StepRunner) -> None:
    runner.advance(project(runner))
    failure = runner.failure(
        project(runner, files={**FILES, "Account": "Name,Phone,Parent.Name\n"})
    )
    assert failure.kind is ErrorKind.REPLACE
    assert failure.message.endswith("the data has changed since it was partly loaded")


SETTINGS = {
    "deleteOldData": True,
    "mockFields": [{"name": "Name", "pattern": "name"}],
    "filterRecordsAddons": [{"module": "x"}],
    "useFieldMapping": True,
    "updateWithMockData": True,
    "targetRecordsFilter": "Name = 'x'",
}


@pytest.mark.parametrize("key", SETTINGS)
def test_what_is_not_supported_is_refused_by_name_with_its_line(
    runner: StepRunner, key: str
) -> None:
    load = project(runner, {**ACCOUNTS, key: SETTINGS[key]})
    (problem,) = problems(runner, load)
    assert problem == f"data/export.json:6:7: {key} is not supported; remove it"
    with pytest.raises(UsageError, match=f"{key} is not supported"):
        list(load.inputs(runner.directory))
    off = {**ACCOUNTS, key: [] if isinstance(SETTINGS[key], list) else ""}
    assert problems(runner, project(runner, off)) == []


def test_problems_of_the_whole_file(runner: StepRunner) -> None:
    load = project(runner, ACCOUNTS, objectSets=[{"objects": []}], simulationMode=True)
    assert [each.partition(": ")[2] for each in problems(runner, load)] == [
        "objectSets is not supported; remove it",
        "simulationMode is not supported; remove it",
    ]
    assert problems(runner, project(runner, {"operation": "Insert"})) == [
        "data/export.json:3:5: query must be SELECT … FROM an object"
    ]
    write(runner.directory / PATH, "{")
    assert problems(runner, load)[0].startswith("data/export.json:1:2: the file is not JSON")
    write(runner.directory / PATH, "[]")
    assert problems(runner, load) == [
        'data/export.json:1:1: the file must have the form {"objects": [...]}'
    ]


def test_problems_of_objects_and_columns(runner: StepRunner) -> None:
    load = project(
        runner,
        {"query": "SELECT Name, Phone, OwnerId FROM Account", "operation": "Upsert",
         "externalId": "Code__c"},
        {"query": "SELECT LastName FROM Contact", "operation": "Delete"},
        {"query": "SELECT filterable_true FROM Case", "operation": "Insert"},
        {"query": "UPDATE x", "operation": "Insert"},
        {"query": "SELECT Title FROM contentversion", "operation": "Insert"},
        files={"Account": "Name,Id\nA,1\n", "Case": "Subject\nA\n"},
    )  # fmt: skip
    assert problems(runner, load) == [
        "data/Account.csv:1: the column Phone of the query is missing",
        "data/Account.csv:1: the column OwnerId of the query is missing",
        "data/Account.csv:1: the column of the external id Code__c is missing",
        "data/export.json:10:7: the operation Delete is not supported; write one of: Insert, "
        "Update, Upsert, Readonly",
        "data/export.json:13:7: 'filterable_true' in the query is not supported",
        "data/export.json:17:7: query must be SELECT … FROM an object",
        "data/export.json:21:7: the object contentversion is not supported",
        "data/contentversion.csv cannot be read: No such file or directory",
    ]


def test_what_has_no_effect_on_files_is_a_warning(runner: StepRunner) -> None:
    query = "SELECT Name FROM Account WHERE Name != null LIMIT 1"
    load = project(runner, {**ACCOUNTS, "query": query, "master": False})
    assert problems(runner, load) == [
        "warning: data/export.json:4:7: WHERE, ORDER BY and LIMIT have no effect on a CSV file; "
        "all rows are loaded",
        "warning: data/export.json:6:7: master has no effect; all rows are loaded",
    ]


def test_the_fingerprint_depends_on_script_and_files(runner: StepRunner) -> None:
    first = list(project(runner).inputs(runner.directory))
    assert list(project(runner).inputs(runner.directory)) == first
    changed = {"Account": FILES["Account"] + "x3,More,3,\n"}
    assert list(project(runner, files=changed).inputs(runner.directory)) != first
