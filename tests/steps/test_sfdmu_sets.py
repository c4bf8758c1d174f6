"""load_data with sfdmu: what the data sets have that SFDMU exports, and that projects publish."""

from __future__ import annotations

import pytest

from provisioner.emulator.objects.schema import Field
from provisioner.salesforce.describe import fields_of
from provisioner.salesforce.reads import answered
from provisioner.steps.sfdmu_config import read_sfdmu
from provisioner.steps.sfdmu_selection import selected
from tests.steps.sfdmu_project import PATH, problems, project, records
from tests.steps.step_runner import StepRunner

KEYWORDS = {
    "all": {"Name", "Code__c", "ParentId", "CreatedDate"},
    "readonly_false": {"Name", "Code__c", "ParentId"},
    "CREATEABLE_TRUE, custom_true": {"Code__c"},
    "lookup_true": {"ParentId"},
    "standard_true, lookup_false, updateable_true": {"Name"},
    "type_double, Name": {"Name", "Code__c"},
    "person_true": set(),
    "readonly_true": {"CreatedDate"},
}


@pytest.mark.parametrize("query", KEYWORDS)
def test_keywords_of_the_query_select_fields_by_their_description(
    runner: StepRunner, query: str
) -> None:
    """Never the owner and the record type, and only columns that the org has."""
    runner.emulated_org.store.add_field("Account", Field("Code__c", "double"))
    text = (
        "Name,Code__c,Parent.Name,Owner.Name,OwnerId,RecordTypeId,CreatedDate,Gone__c,Gone__r.Name\n"
        "A,1,,X,0055,0125,2020-01-01T00:00:00Z,x,x\n"
    )
    objects = {"query": f"SELECT {query} FROM Account", "operation": "Insert"}
    load = project(runner, objects, files={"Account": text})
    assert problems(runner, load) == []
    script, _ = read_sfdmu(runner.directory / PATH)
    (found,) = script.objects
    (fields,) = answered(runner.org, [fields_of("Account")])
    kept = selected(found, fields).fields
    assert set(kept) == KEYWORDS[query]


def test_a_set_that_sfdmu_exported_with_keywords_is_loaded(runner: StepRunner) -> None:
    """As published sets have it: fields by keyword, composite keys with empty parts, a lookup in
    each direction, files of objects without records, and a file name in other capitals."""
    store = runner.emulated_org.store
    store.add("RecordType", {"Name": "P", "DeveloperName": "Partner", "SobjectType": "Account"})
    accounts = {"query": "SELECT Id, RecordTypeId, readonly_false FROM account",
                "operation": "Upsert", "externalId": "Name;Site"}  # fmt: skip
    contacts = {"query": "SELECT createable_true FROM Contact", "operation": "Upsert",
                "externalId": "FirstName;LastName"}  # fmt: skip
    empty = {"query": "SELECT readonly_false FROM Individual", "operation": "Upsert"}
    files = {
        "Account": (
            "$$Name$Site,Id,Name,Site,OperatingHours.Name,RecordType.$$DeveloperName$NamespacePrefix"
            "$SobjectType,OwnerId\nA,x1,A,,,Partner;Account,005x\nB;Ulm,x2,B,Ulm,,,005x\n"
        ),
        "Contact": (
            "$$FirstName$LastName,Account.$$Name$Site,FirstName,LastName,"
            "ReportsTo.$$FirstName$LastName\n"
            "Al;Doe,B;Ulm,Al,Doe,Roe\nRoe,A,,Roe,\n"
        ),
        "Individual": "",
    }
    load = project(runner, contacts, accounts, empty, files=files, excludeIdsFromCSVFiles=False)
    assert problems(runner, load) == []
    assert runner.finish(load).note == "loaded 5 rows"
    soql = (
        "SELECT Name, Account.Name, Account.RecordType.DeveloperName, ReportsTo.Name FROM Contact"
    )
    found = runner.org.query(f"{soql} ORDER BY Name")
    assert [(r["Name"], r["Account"]["Name"]) for r in found] == [("Al Doe", "B"), ("Roe", "A")]
    assert [r["ReportsTo"] and r["ReportsTo"]["Name"] for r in found] == ["Roe", None]
    assert records(runner, "Account", "Site") == [("",), ("Ulm",)]
    (partner,) = [r for r in runner.emulated_org.store.rows("Account") if r["Name"] == "A"]
    assert partner["RecordTypeId"]


def test_rows_without_the_external_id_are_inserted(runner: StepRunner) -> None:
    """A record of the org without a value is never the one that is meant."""
    org = runner.emulated_org
    org.store.insert("Account", {"Name": "There"}, user_id=org.admin_id)
    objects = {"query": "SELECT Name, Site FROM Account", "operation": "Upsert",
               "externalId": "Site"}  # fmt: skip
    runner.finish(project(runner, objects, files={"Account": "Name,Site\nNew,\n"}))
    assert records(runner, "Account", "Name") == [("New",), ("There",)]


def test_records_are_not_found_by_id(runner: StepRunner) -> None:
    objects = {"query": "SELECT Name FROM Account", "operation": "Upsert", "externalId": "Id"}
    load = project(runner, objects, files={"Account": "Id,Name\n001A,A\n"})
    assert problems(runner, load) == [
        "warning: data/export.json:6:7: records cannot be found by Id, which differs from org to "
        "org; all are inserted"
    ]
    assert runner.finish(load).note == "loaded 1 row"
    load = project(runner, {**objects, "operation": "Update"}, files={"Account": "Id,Name\n1,A\n"})
    assert problems(runner, load) == [
        "data/export.json:6:7: records cannot be found by Id, which differs from org to org"
    ]


@pytest.mark.parametrize(
    ("key", "rows", "why"),
    [
        ("Name", "A,s,\nA,t,A\nA,u,A\n", "two rows have the external id 'A'"),
        ("Site", "A,s,\nB,,s\n", "a row has no value of the external id"),
        ("Id", "A,s,\nB,t,A\n", "records cannot be found by Id"),
    ],
)
def test_own_lookups_need_a_unique_external_id(
    runner: StepRunner, key: str, rows: str, why: str
) -> None:
    objects = {"query": "SELECT Name, Site, ParentId FROM Account", "operation": "Upsert",
               "externalId": key}  # fmt: skip
    parent = "Name" if key == "Id" else key
    ids = "Id," if key == "Id" else ""
    text = f"{ids}Name,Site,Parent.{parent}\n" + "".join(
        f"{'x,' if ids else ''}{row}\n" for row in rows.splitlines()
    )
    failure = runner.failure(project(runner, objects, files={"Account": text}))
    assert failure.message == (
        f"Account.csv: {why}, so lookups to records that are loaded later cannot be filled in"
    )


def test_owners_are_found_among_the_users_of_the_org(runner: StepRunner) -> None:
    """A set may name the object only to find its records."""
    org = runner.emulated_org
    admin = org.store.get("User", org.admin_id)
    assert admin is not None
    agent = org.store.add("User", {**admin, "Username": "a@b.example"})
    users = {"query": "SELECT Id FROM User", "operation": "Readonly", "externalId": "Username"}
    cases = {"query": "SELECT Subject, OwnerId FROM Case", "operation": "Insert"}
    files = {"Case": "Subject,Owner.Username\nA,a@b.example\nB,\n"}
    load = project(runner, users, cases, files=files)
    assert problems(runner, load) == []
    assert runner.finish(load).note == "loaded 2 rows"
    assert records(runner, "Case", "Subject", "OwnerId") == [("A", agent), ("B", org.admin_id)]


def test_person_accounts_are_refused(runner: StepRunner) -> None:
    """Their contacts would be there twice. A set of other accounts may have the column."""
    objects = {"query": "SELECT Name, LastName FROM Account", "operation": "Insert"}
    text = "Name,LastName,IsPersonAccount\nA,,false\nB C,C,true\n"
    load = project(runner, objects, files={"Account": text})
    assert problems(runner, load) == [
        "data/Account.csv: 1 row of person accounts (IsPersonAccount), which are not supported; "
        "load them by an entry with csv"
    ]
    others = text.replace("true", "false")
    assert problems(runner, project(runner, objects, files={"Account": others})) == []


def test_the_object_of_a_lookup_is_named(runner: StepRunner) -> None:
    """SFDMU exports the owner's name; whether it is a user or a queue is for the query to say."""
    files = {"Case": "Subject,Owner.Name\nA,Nobody\n"}
    for field, message in (
        ("OwnerId", "OwnerId may refer to several objects; write the object in the query: "
                    "OwnerId$User"),
        ("OwnerId$User", "lookups refer to records that the org does not have: Owner.Name "
                         "'Nobody' (1 rows)"),
    ):  # fmt: skip
        objects = {"query": f"SELECT Subject, {field} FROM Case", "operation": "Insert"}
        runner.step_state = ""
        failure = runner.failure(project(runner, objects, files=files))
        assert failure.message == f"Case.csv: {message}"
