"""The calls of the simple-salesforce trial, run by the client's own Python."""

from __future__ import annotations

import io
import os
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import requests
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound
from to_emulator import ToEmulator
from trial import Trial, must

HUB, KEY = os.environ["HUB_USERNAME"], os.environ["CONSUMER_KEY"]
CALLBACK = "http://localhost:1717/OauthRedirect"
_NS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
FIELD = (
    f"<CustomObject {_NS}><fields><fullName>Code__c</fullName><externalId>true</externalId>"
    "<label>Code</label><length>20</length><type>Text</type><unique>true</unique></fields>"
    "</CustomObject>"
)
MANIFEST = (
    f"<Package {_NS}><types><members>Account.Code__c</members><name>CustomField</name></types>"
    "<version>66.0</version></Package>"
)


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", ToEmulator())
    return session


def _login(username: str, domain: str, **options: Any) -> Salesforce:
    whole = {"privatekey_file": os.environ["PRIVATE_KEY_FILE"], "consumer_key": KEY, **options}
    return Salesforce(username=username, domain=domain, version="66.0", session=_session(), **whole)


def _refused(username: str, domain: str, words: str, **options: Any) -> None:
    try:
        _login(username, domain, **options)
    except SalesforceAuthenticationFailed as error:
        must(words in str(error), f"refused in other words: {error}")
    else:
        raise AssertionError("the login was not refused")


def main() -> int:
    """All calls; the exit code."""
    trial = Trial()
    hub = trial.step("login (hub)", lambda: _login(HUB, "login"))
    trial.step(
        "login with the wrong audience is refused",
        lambda: _refused(HUB, "test", "audience is invalid"),
    )
    trial.step(
        "login of an unknown user is refused",
        lambda: _refused("nobody@acme.example", "login", "user hasn't approved this consumer"),
    )
    trial.step(
        "login with an unknown consumer key is refused",
        lambda: _refused(HUB, "login", "client identifier invalid", consumer_key="3MVG9Unknown"),
    )
    trial.step("limits", lambda: must("ActiveScratchOrgs" in hub.limits(), "no scratch limits"))
    username = trial.step("create ScratchOrgInfo, poll", lambda: _sign_up(hub))
    org = trial.step("login (scratch org)", lambda: _login(username, "test"))
    trial.step("describe", lambda: _describe(org))
    trial.step("create, get, update, delete", lambda: _crud(org))
    trial.step("deploy, checkDeployStatus", lambda: _deploy(org))
    trial.step("upsert by external id", lambda: _upsert(org))
    trial.step("bulk insert, upsert, query, delete", lambda: _bulk_one(org))
    trial.step("bulk2 insert", lambda: _bulk_insert(org))
    trial.step("bulk2 upsert", lambda: _bulk_upsert(org))
    trial.step("bulk2 query", lambda: _bulk_query(org))
    trial.step("query_all, query_all_iter", lambda: _query(org))
    trial.step("toolingexecute", lambda: org.toolingexecute("query?q=SELECT+Id+FROM+ApexClass"))
    trial.step("set_password", lambda: _password(org))
    trial.step("errors become exceptions", lambda: _errors(org))
    trial.step("delete ActiveScratchOrg ends the org", lambda: _end(hub, org, username))
    return trial.conclude()


def _sign_up(hub: Salesforce) -> str:
    made = hub.ScratchOrgInfo.create(
        {
            "OrgName": "Trial",
            "Edition": "Developer",
            "Features": "EnableSetPasswordInApi",
            "ConnectedAppConsumerKey": KEY,
            "ConnectedAppCallbackUrl": CALLBACK,
        }
    )
    for _ in range(100):
        record = hub.ScratchOrgInfo.get(made["id"])
        if record["Status"] in ("Active", "Error"):
            break
        time.sleep(0.2)
    must(record["Status"] == "Active", f"{record['Status']} {record['ErrorCode']}")
    return str(record["SignupUsername"])


def _describe(org: Salesforce) -> None:
    names = [one["name"] for one in org.describe()["sobjects"]]
    must("Account" in names, "no Account in describe")
    must("Name" in [one["name"] for one in org.Account.describe()["fields"]], "no Name")


def _crud(org: Salesforce) -> None:
    account = org.Account.create({"Name": "Trial"})["id"]
    must(org.Account.update(account, {"Name": "Trial 2"}) == 204, "update")
    must(org.Account.get(account)["Name"] == "Trial 2", "get")
    must(org.Account.delete(account) == 204, "delete")


def _deploy(org: Salesforce) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("package.xml", MANIFEST)
        package.writestr("objects/Account.object", FIELD)
    path = Path(os.environ["PRIVATE_KEY_FILE"]).parent / "deploy.zip"
    path.write_bytes(buffer.getvalue())
    deploy = org.deploy(str(path), sandbox=True, singlePackage=True)["asyncId"]
    for _ in range(100):
        status = org.checkDeployStatus(deploy)
        if status["state"] in ("Succeeded", "Failed"):
            break
        time.sleep(0.2)
    must(status["state"] == "Succeeded", f"{status}")


def _upsert(org: Salesforce) -> None:
    must(org.Account.upsert("Code__c/A1", {"Name": "Upserted"}) == 201, "created")
    must(org.Account.upsert("Code__c/A1", {"Name": "Upserted 2"}) in (200, 204), "updated")
    must(org.Account.get_by_custom_id("Code__c", "A1")["Name"] == "Upserted 2", "read")


def _bulk_one(org: Salesforce) -> None:
    """Bulk API 1.0, in JSON; one record of each call is refused."""
    records = [{"Name": "One 1", "NumberOfEmployees": 3}, {"NumberOfEmployees": 4}]
    good, bad = org.bulk.Account.insert(records)
    must(good["success"] and good["created"] and good["errors"] == [], f"{good}")
    must(bad["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING", f"{bad}")
    upserted = org.bulk.Account.upsert([{"Code__c": "O1", "Name": "One 2"}], "Code__c")
    must([one["created"] for one in upserted] == [True], f"{upserted}")
    query = "SELECT Id, Name, CreatedDate FROM Account WHERE Name LIKE 'One%' ORDER BY Name"
    found = org.bulk.Account.query(query)
    must([one["Name"] for one in found] == ["One 1", "One 2"], f"{found}")
    deleted = org.bulk.Account.delete([{"Id": one["Id"]} for one in found])
    must(all(one["success"] for one in deleted), f"{deleted}")
    must(org.bulk.Account.query(query) == [], "records were not deleted")


def _bulk_insert(org: Salesforce) -> None:
    records = [{"Name": f"Bulk {number}"} for number in range(30)]
    [job] = org.bulk2.Account.insert(records=records)
    must(job["numberRecordsProcessed"] == 30, f"{job}")
    must(job["numberRecordsFailed"] == 0, f"{job}")


def _bulk_upsert(org: Salesforce) -> None:
    records = [{"Code__c": f"U{number}", "Name": f"Key {number}"} for number in range(5)]
    [job] = org.bulk2.Account.upsert(records=records, external_id_field="Code__c")
    must((job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (5, 0), f"{job}")


def _bulk_query(org: Salesforce) -> None:
    pages = list(org.bulk2.Account.query("SELECT Id, Name FROM Account WHERE Name LIKE 'Bulk%'"))
    must(sum(page.count("\n") for page in pages) == 31, f"{pages}")


def _query(org: Salesforce) -> None:
    soql = "SELECT Id, Name, Owner.Username FROM Account ORDER BY Name LIMIT 20"
    found = org.query_all(soql)
    must(found["totalSize"] == 20, f"{found['totalSize']} records")
    count = org.query("SELECT COUNT() FROM Account")["totalSize"]
    must(len(list(org.query_all_iter("SELECT Id FROM Account"))) == count, "another number")
    must(count > 35, f"{count} records")


def _password(org: Salesforce) -> None:
    user = org.query("SELECT Id FROM User LIMIT 1")["records"][0]["Id"]
    org.headers["Content-Type"] = "application/json"  # its deploy has changed it to text/xml
    org.set_password(user, "correct horse battery 1")


def _errors(org: Salesforce) -> None:
    for act, kind, words in (
        (lambda: org.Account.create({"Nam": "x"}), SalesforceMalformedRequest, "INVALID_FIELD"),
        (lambda: org.Account.get("001000000000000AAA"), SalesforceResourceNotFound, "NOT_FOUND"),
        (lambda: org.query("SELECT Nam FROM Account"), SalesforceMalformedRequest, "INVALID_FIELD"),
        (lambda: org.query("SELEC"), SalesforceMalformedRequest, "MALFORMED_QUERY"),
    ):
        try:
            act()
        except kind as error:
            must(words in str(error), f"{error}")
        else:
            raise AssertionError(f"{kind.__name__} was expected")


def _end(hub: Salesforce, org: Salesforce, username: str) -> None:
    soql = f"SELECT Id FROM ActiveScratchOrg WHERE SignupUsername = '{username}'"
    must(hub.ActiveScratchOrg.delete(hub.query(soql)["records"][0]["Id"]) == 204, "delete")
    reply = org.session.get(org.base_url + "limits", headers=org.headers)
    must(reply.status_code == 420, f"its host answers {reply.status_code}")
    _refused(username, "test", "user hasn't approved this consumer")


if __name__ == "__main__":
    sys.exit(main())
