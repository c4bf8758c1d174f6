"""The files that steps name: source, data, scripts."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'


SEED = """\
import json, os, sys, urllib.request
url = os.environ["SCRATCH_ORG_INSTANCE_URL"] + "/services/data/v62.0/sobjects/Case"
headers = {
    "Authorization": "Bearer " + os.environ["SCRATCH_ORG_ACCESS_TOKEN"],
    "Content-Type": "application/json",
}
body = json.dumps({"Subject": "Made by the command"}).encode()
try:
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        print("made", json.load(answer)["id"], "in", os.environ["SCRATCH_ORG_USERNAME"])
except Exception as error:
    sys.exit(f"the org did not answer as expected: {error}")
"""
"""A program that inserts a Case into the org of its session."""


def write(path: Path, content: str | bytes) -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def metadata_folder(
    folder: Path, *, sets: Iterable[str] = ("Sales_Rep",), classes: Mapping[str, str] | None = None
) -> Path:
    """A folder in metadata format with an object, permission sets and classes."""
    names, code = list(sets), dict(classes or {})
    members = {"CustomObject": ["Invoice__c"], "PermissionSet": names, "ApexClass": list(code)}
    types = "".join(
        f"<types>{''.join(f'<members>{m}</members>' for m in found)}<name>{name}</name></types>"
        for name, found in members.items()
        if found
    )
    manifest = f"<Package {_NAMESPACE}>{types}<version>62.0</version></Package>"
    write(folder / "package.xml", _HEAD + manifest)
    write(
        folder / "objects/Invoice__c.object",
        f"{_HEAD}<CustomObject {_NAMESPACE}><deploymentStatus>Deployed</deploymentStatus>"
        "<label>Invoice</label><pluralLabel>Invoices</pluralLabel>"
        "<nameField><label>Number</label><type>Text</type></nameField>"
        "<sharingModel>ReadWrite</sharingModel></CustomObject>",
    )
    for name in names:
        write(
            folder / f"permissionsets/{name}.permissionset",
            f"{_HEAD}<PermissionSet {_NAMESPACE}><label>{name}</label></PermissionSet>",
        )
    for name, body in code.items():
        write(folder / f"classes/{name}.cls", body)
        write(
            folder / f"classes/{name}.cls-meta.xml",
            f"{_HEAD}<ApexClass {_NAMESPACE}><apiVersion>62.0</apiVersion>"
            "<status>Active</status></ApexClass>",
        )
    return folder


def zipped_folder(folder: Path, path: Path, top: str = "") -> Path:
    """A zip of a folder, its files below the folder `top` of the zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, top + file.relative_to(folder).as_posix())
    return path


def record(sobject: str, number: int, **fields: Any) -> dict[str, Any]:
    """One record of a data file, with the reference id that an export gives."""
    return {"attributes": {"type": sobject, "referenceId": f"{sobject}Ref{number}"}, **fields}


def data_plan(
    directory: Path, files: Mapping[str, list[dict[str, Any]]], name: str = "plan.json"
) -> Path:
    """A plan beside its data files: `Account.json` holds records of Account."""
    entries = []
    for file, records in files.items():
        write(directory / file, json.dumps({"records": records}))
        sobject = file.partition(".")[0].partition("-")[0]
        entries.append({"sobject": sobject, "files": [file]})
    return write(directory / name, json.dumps(entries))


def accounts(count: int) -> list[dict[str, Any]]:
    """Accounts, numbered from 1."""
    return [record("Account", n, Name=f"Acme {n}") for n in range(1, count + 1)]


def contacts(count: int) -> list[dict[str, Any]]:
    """Contacts, each of the account with its number."""
    return [
        record("Contact", n, LastName=f"Doe {n}", AccountId=f"@AccountRef{n}")
        for n in range(1, count + 1)
    ]
