"""Small projects for the trials: source, data, an org definition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

_NS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
_CLASS_META = f"<ApexClass {_NS}><apiVersion>66.0</apiVersion><status>Active</status></ApexClass>"
_MAIN = "force-app/main/default"
_TEST = """\
@IsTest
private class GreeterTest {
    @IsTest
    static void greets() {
        System.assertEquals('Hello you', Greeter.greet('you'));
    }
}
"""

FILES = {
    "sfdx-project.json": json.dumps(
        {
            "packageDirectories": [{"path": "force-app", "default": True}, {"path": "broken"}],
            "sourceApiVersion": "66.0",
        }
    ),
    "config/project-scratch-def.json": json.dumps(
        {
            "orgName": "Trial",
            "edition": "Developer",
            "features": ["EnableSetPasswordInApi", "Communities"],
            "settings": {
                "lightningExperienceSettings": {"enableS1DesktopEnabled": True},
                "mobileSettings": {"enableS1EncryptedStoragePref2": False},
            },
            "objectSettings": {"opportunity": {"sharingModel": "private"}},
        }
    ),
    f"{_MAIN}/classes/Greeter.cls": (
        "public with sharing class Greeter {\n"
        "    public static String greet(String name) {\n"
        "        return 'Hello ' + name;\n    }\n}\n"
    ),
    f"{_MAIN}/classes/Greeter.cls-meta.xml": _CLASS_META,
    f"{_MAIN}/classes/GreeterTest.cls": _TEST,
    f"{_MAIN}/classes/GreeterTest.cls-meta.xml": _CLASS_META,
    f"{_MAIN}/objects/Shop__c/Shop__c.object-meta.xml": (
        f"<CustomObject {_NS}><deploymentStatus>Deployed</deploymentStatus>"
        "<label>Shop</label><pluralLabel>Shops</pluralLabel>"
        "<nameField><label>Name</label><type>Text</type></nameField>"
        "<sharingModel>ReadWrite</sharingModel></CustomObject>"
    ),
    f"{_MAIN}/objects/Shop__c/fields/Code__c.field-meta.xml": (
        f"<CustomField {_NS}><fullName>Code__c</fullName><externalId>true</externalId>"
        "<label>Code</label><length>20</length><type>Text</type><unique>true</unique>"
        "</CustomField>"
    ),
    f"{_MAIN}/permissionsets/Clerk.permissionset-meta.xml": (
        f"<PermissionSet {_NS}><label>Clerk</label><objectPermissions>"
        "<allowCreate>true</allowCreate><allowDelete>false</allowDelete>"
        "<allowEdit>true</allowEdit><allowRead>true</allowRead>"
        "<modifyAllRecords>false</modifyAllRecords><object>Shop__c</object>"
        "<viewAllRecords>false</viewAllRecords></objectPermissions></PermissionSet>"
    ),
    "broken/classes/Broken.cls": "public class Broken {\n    public void open() {\n",
    "broken/classes/Broken.cls-meta.xml": _CLASS_META,
    "data/plan.json": json.dumps(
        [
            {"sobject": "Account", "files": ["Account.json"]},
            {"sobject": "Contact", "files": ["Contact.json"]},
        ]
    ),
    "data/Account.json": json.dumps(
        {
            "records": [
                {"attributes": {"type": "Account", "referenceId": "AccountRef1"}, "Name": "Acme"}
            ]
        }
    ),
    "data/Contact.json": json.dumps(
        {
            "records": [
                {
                    "attributes": {"type": "Contact", "referenceId": f"ContactRef{number}"},
                    "LastName": f"Person {number}",
                    "AccountId": "@AccountRef1",
                }
                for number in (1, 2)
            ]
        }
    ),
    "data/accounts.csv": "Name,NumberOfEmployees\n"
    + "".join(f"Bulk {number},{number}\n" for number in range(25)),
    "data/shops.csv": "Name,Code__c\n" + "".join(f"Shop {n},S{n}\n" for n in range(10)),
    "scripts/hello.apex": "System.debug('hello');\n",
}


_DATASET = """\
BEGIN TRANSACTION;
CREATE TABLE "Account" (
    id VARCHAR(255) NOT NULL, "Name" VARCHAR(255), "NumberOfEmployees" VARCHAR(255),
    PRIMARY KEY (id)
);
INSERT INTO "Account" VALUES('Account-1','Acme','7');
INSERT INTO "Account" VALUES('Account-2','Globex','');
CREATE TABLE "Contact" (
    id VARCHAR(255) NOT NULL, "FirstName" VARCHAR(255), "LastName" VARCHAR(255),
    "AccountId" VARCHAR(255), PRIMARY KEY (id)
);
INSERT INTO "Contact" VALUES('Contact-1','Ann','One','Account-1');
INSERT INTO "Contact" VALUES('Contact-2','Bob','Two','Account-2');
COMMIT;
"""


CUMULUSCI_FILES = {
    "cumulusci.yml": (
        "minimum_cumulusci_version: 4.0.0\n"
        "project:\n  name: Trial\n  package: { name: Trial, api_version: '66.0' }\n"
        "flows:\n  sample:\n    steps:\n"
        "      1: { task: deploy }\n      2: { task: update_admin_profile }\n"
        "      3: { task: load_dataset }\n      4: { task: run_tests, options: { "
        "test_name_match: '%Test', required_org_code_coverage_percent: 75 } }\n"
    ),
    "datasets/mapping.yml": (
        "Accounts:\n  sf_object: Account\n  fields: [Name, NumberOfEmployees]\n"
        "Contacts:\n  sf_object: Contact\n  api: bulk\n  fields: [FirstName, LastName]\n"
        "  lookups: { AccountId: { table: Account } }\n"
    ),
    "datasets/sample.sql": _DATASET,
    # CumulusCI needs a git repository, and reads these two files of it.
    ".git/HEAD": "ref: refs/heads/main\n",
    ".git/config": '[remote "origin"]\n\turl = https://github.com/acme/trial.git\n',
    "src/package.xml": (
        f"<Package {_NS}><types><members>Greeter</members><members>GreeterTest</members>"
        "<name>ApexClass</name></types>"
        "<types><members>Clerk</members><name>PermissionSet</name></types>"
        "<version>66.0</version></Package>"
    ),
    "src/classes/Greeter.cls": FILES[f"{_MAIN}/classes/Greeter.cls"],
    "src/classes/Greeter.cls-meta.xml": _CLASS_META,
    "src/classes/GreeterTest.cls": _TEST,
    "src/classes/GreeterTest.cls-meta.xml": _CLASS_META,
    "src/permissionsets/Clerk.permissionset": (
        f"<PermissionSet {_NS}><label>Clerk</label></PermissionSet>"
    ),
}
"""A project of CumulusCI, in metadata format."""


def write_project(folder: Path) -> Path:
    """Write the Salesforce DX project; its folder."""
    return write_files(folder, FILES)


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files by their paths; the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
