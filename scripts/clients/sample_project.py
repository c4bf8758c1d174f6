"""A small project for the trials: source, data, an org definition."""

from __future__ import annotations

import json
from pathlib import Path

_NS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
_CLASS_META = f"<ApexClass {_NS}><apiVersion>66.0</apiVersion><status>Active</status></ApexClass>"
_MAIN = "force-app/main/default"

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


def write_project(folder: Path) -> Path:
    """Write the project; its folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
