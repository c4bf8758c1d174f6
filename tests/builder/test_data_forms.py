"""Each form of load_data in a whole build, as docs/load-data.md writes it."""

from __future__ import annotations

import base64
import csv
import json
import re
from pathlib import Path

import pytest

from provisioner.ledger.base import State
from tests.builder.night import Night
from tests.steps.project import accounts, contacts, data_plan, write

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs/load-data.md"
DEPLOY = "- deploy_source: { path: mdapi }\n"


def examples() -> str:
    """All entries of the page."""
    return "".join(re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))


def project(folder: Path) -> None:
    """The files that the page names, and metadata with the fields."""
    data_plan(folder / "data", {"Account.json": accounts(2), "Contact.json": contacts(2)})
    write(folder / "data/Account.csv", "Name;Phone\r\nFrom CSV;1\r\n")
    write(folder / "data/Contact-1.csv", "\ufeffLastName,Ext__c\nFirst,1\nSecond,2\n")
    write(folder / "data/Contact-2.csv", 'LastName,Ext__c\n"Second, again",2\n#N/A,3\n')
    write(folder / "docs/price-list.pdf", b"%PDF-1.7 \xe2\xe3")
    write(folder / "docs/terms.txt", "Terms")
    accounts_query = "SELECT Name, Phone, ParentId FROM Account"
    people_query = "SELECT LastName, AccountId FROM Contact"
    people = {"query": people_query, "operation": "Upsert", "externalId": "LastName;Account.Name"}
    objects = [people, {"query": accounts_query, "operation": "Upsert"}]
    write(folder / "data/sfdmu/export.json", json.dumps({"objects": objects}))
    rows = "Name,Phone,Parent.Name\nHead office,1,\nBranch,2,Head office\nAcme 1,3,\n"
    write(folder / "data/sfdmu/Account.csv", rows)
    write(folder / "data/sfdmu/Contact.csv", "LastName,Account.Name\nMiller,Branch\n")
    recipe = "- object: Lead\n  count: 4\n  fields:\n"
    recipe += "    LastName: {fake: LastName}\n    Company: {fake: Company}\n"
    write(folder / "data/recipe.yml", recipe)
    namespace = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
    field = "<fullName>Ext__c</fullName><externalId>true</externalId><label>Key</label>"
    field += "<length>20</length><type>Text</type><unique>true</unique>"
    write(
        folder / "mdapi/objects/Contact.object",
        f"<CustomObject {namespace}><fields>{field}</fields></CustomObject>",
    )
    types = "<types><members>Contact.Ext__c</members><name>CustomField</name></types>"
    write(
        folder / "mdapi/package.xml",
        f"<Package {namespace}>{types}<version>62.0</version></Package>",
    )


def test_the_examples_of_the_page_are_built(night: Night) -> None:
    project(night.folder)
    night.write_pool(size=1, steps=DEPLOY + examples())
    result = night.build()
    assert result.exit_code == 0, night.watcher.messages
    (org,) = night.orgs(State.AVAILABLE)
    names = [row["Name"] for row in night.rows_in(org, "Account")]
    assert {"Acme 1", "Acme 2", "From CSV"} <= set(names)
    people = sorted(row["LastName"] for row in night.rows_in(org, "Contact"))
    assert people == ["Doe 1", "Doe 2", "First", "Miller", "Second, again"]
    parents = {row["Name"]: row["ParentId"] for row in night.rows_in(org, "Account")}
    ids = {row["Name"]: row["Id"] for row in night.rows_in(org, "Account")}
    assert parents["Branch"] == ids["Head office"]
    assert names.count("Acme 1") == 1
    assert len(night.rows_in(org, "Lead")) == 8
    notes = [event.note for event in night.watcher.events if event.step == "load_data"]
    assert "0 of 1 rows" in notes, "progress is reported in rows"
    files = {row["Title"]: row for row in night.rows_in(org, "ContentVersion")}
    assert set(files) == {"price-list", "terms"}
    assert files["price-list"]["PathOnClient"] == "price-list.pdf"
    assert base64.b64decode(files["price-list"]["VersionData"]) == b"%PDF-1.7 \xe2\xe3"
    (failed,) = (night.folder / ".provisioner").glob("*-failed.csv")
    assert failed.name == f"{org.run}-{org.username}-step5-2-failed.csv"
    with failed.open(encoding="utf-8", newline="") as file:
        assert [row["Ext__c"] for row in csv.DictReader(file)] == ["3"]
