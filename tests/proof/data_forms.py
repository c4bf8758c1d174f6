"""A night whose steps load data in all other forms, and assign a licence and a group."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provisioner.emulator.org import EmulatedOrg
from tests.steps.project import write

LICENSE = "SalesConsoleUser"
GROUP = "Planners"

DATA = f"""\
- deploy_source: {{ path: . }}
- assign_permission_sets: {{ licenses: [{LICENSE}], sets: [Visit_Planner], groups: [{GROUP}] }}
- load_data: {{ files: [docs/prices.txt, docs/terms.txt], timeout: 24h }}
- load_data: {{ sfdmu: data/sfdmu/export.json, timeout: 24h }}
- load_data: {{ snowfakery: data/recipe.yml, seed: 7, timeout: 24h }}
"""
"""The time counts across builds, and each has to generate data first: on a busy machine 2 hours,
which are some 14 seconds here, can be over when the next build has started."""


_GROUP = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<PermissionSetGroup xmlns="http://soap.sforce.com/2006/04/metadata">
    <label>{GROUP}</label>
    <permissionSets>Visit_Planner</permissionSets>
</PermissionSetGroup>
"""
_SCRIPT = {
    "objects": [
        {"query": "SELECT Name, ParentId FROM Campaign", "operation": "Upsert"},
        {"query": "SELECT Subject, WhatId$Campaign FROM Task", "operation": "Insert",
         "externalId": "Subject"},
    ]
}  # fmt: skip
_SOURCE = f"force-app/main/default/permissionsetgroups/{GROUP}.permissionsetgroup-meta.xml"
_FILES = {
    _SOURCE: _GROUP,
    "docs/prices.txt": "prices",
    "docs/terms.txt": "terms",
    "data/sfdmu/export.json": json.dumps(_SCRIPT),
    "data/sfdmu/Campaign.csv": "Name,Parent.Name\nSpring,Year\nYear,\n",
    "data/sfdmu/Task.csv": "Subject,What.Name\nCall,Spring\nMail,Year\n",
    "data/recipe.yml": """\
- object: Case
  count: 3
  fields: { Subject: "Case ${{id}}" }
  friends:
    - object: CaseComment
      fields: { ParentId: { reference: Case }, CommentBody: "Comment ${{id}}" }
""",
}


def write_data(folder: Path) -> None:
    """The files that the steps name."""
    for name, text in _FILES.items():
        write(folder / name, text)


def data_faults(org: EmulatedOrg) -> Iterator[str]:
    """What of `DATA` is missing in an org, or there twice, or without its references."""
    campaigns = _by(org, "Campaign", "Name")
    cases = _by(org, "Case", "Subject")
    found = {
        "files": sorted(row["Title"] for row in org.store.peek_rows("ContentVersion")),
        "campaigns": _with(org, "Campaign", "Name", "ParentId", campaigns),
        "tasks": _with(org, "Task", "Subject", "WhatId", campaigns),
        "cases": sorted(cases.values()),
        "comments": _with(org, "CaseComment", "CommentBody", "ParentId", cases),
        "licences": [
            _name(org, "PermissionSetLicense", "DeveloperName", row["PermissionSetLicenseId"])
            for row in org.store.peek_rows("PermissionSetLicenseAssign")
        ],
        "groups": [
            _name(org, "PermissionSetGroup", "DeveloperName", row["PermissionSetGroupId"])
            for row in org.store.peek_rows("PermissionSetAssignment")
            if row.get("PermissionSetGroupId")
        ],
    }
    wanted = {
        "files": ["prices", "terms"],
        "campaigns": [("Spring", "Year"), ("Year", "")],
        "tasks": [("Call", "Spring"), ("Mail", "Year")],
        "cases": ["Case 1", "Case 2", "Case 3"],
        "comments": [(f"Comment {n}", f"Case {n}") for n in (1, 2, 3)],
        "licences": [LICENSE],
        "groups": [GROUP],
    }
    for name, values in found.items():
        if values != wanted[name]:
            yield f"the {name} are {values}"


def _by(org: EmulatedOrg, sobject: str, field: str) -> dict[Any, str]:
    return {row["Id"]: row[field] for row in org.store.peek_rows(sobject)}


def _with(
    org: EmulatedOrg, sobject: str, field: str, lookup: str, parents: dict[Any, str]
) -> list[tuple[str, str]]:
    rows = org.store.peek_rows(sobject)
    return sorted((row[field], parents.get(row.get(lookup), "")) for row in rows)


def _name(org: EmulatedOrg, sobject: str, field: str, record: str) -> str:
    found = org.store.peek(sobject, record)
    return str(found[field]) if found else ""
