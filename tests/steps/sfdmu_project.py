"""An export.json of SFDMU with its CSV files, and what the org has of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from provisioner.steps.load_data import LoadData
from tests.steps.project import write
from tests.steps.step_runner import StepRunner

PATH = Path("data/export.json")

ACCOUNTS = {"query": "SELECT Id, Name, Phone, ParentId FROM Account", "operation": "Upsert"}
CONTACTS = {
    "query": "SELECT LastName, Email, AccountId, ReportsToId FROM Contact",
    "operation": "Upsert",
    "externalId": "LastName;Account.Name",
}
FILES = {
    "Account": "Id,Name,Phone,Parent.Name\nx1,Acme,1,\nx2,Branch,2,Acme\n",
    "Contact": (
        "LastName,Email,Account.Name,ReportsTo.$$LastName$Account.Name\n"
        "Doe,d@a.example,Acme,\n"
        "Doe,d@b.example,Branch,Doe;Acme\n"
    ),
}


def project(
    runner: StepRunner, *objects: dict[str, Any], files: dict[str, str] | None = None, **top: Any
) -> LoadData:
    runner.restart()  # each project is loaded by a process of its own
    script = {"objects": list(objects) or [CONTACTS, ACCOUNTS], **top}
    write(runner.directory / PATH, json.dumps(script, indent=2))
    for name, text in (FILES if files is None else files).items():
        write(runner.directory / f"data/{name}.csv", text)
    return LoadData(sfdmu=PATH)


def problems(runner: StepRunner, load: LoadData) -> list[str]:
    found = list(load.check(runner.directory))
    return [f"{'warning: ' if each.is_warning else ''}{each.message}" for each in found]


def records(runner: StepRunner, sobject: str, *fields: str) -> list[tuple[Any, ...]]:
    rows = runner.emulated_org.store.rows(sobject)
    return sorted(tuple(row[field] or "" for field in fields) for row in rows)
