"""Uploads files as ContentVersion, streamed, and reads which are there.

Source: docs/reference/data.md#files.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from provisioner.salesforce.batches import refusal_of
from provisioner.salesforce.fields import (
    Row,
    nullable_text,
    one_for_each,
    record_id,
    row,
    rows,
    text,
)
from provisioner.salesforce.soql import equals, one_of, portions, select
from provisioner.salesforce.streamed import StreamedBody

if TYPE_CHECKING:
    from provisioner.errors import SalesforceError
    from provisioner.salesforce.org import OrgClient

LARGEST = 2_000_000_000
"""Bytes of a file."""

MOST_TOGETHER, TOGETHER = 200, 10_000_000
"""Files that share a request, and their bytes. Salesforce accepts 500 MB; ours stay short."""


@dataclass(frozen=True)
class FileVersion:
    """A file in an org, as far as it can be compared with one on disk."""

    title: str
    path: str  # PathOnClient
    checksum: str  # MD5, hexadecimal


def file_versions(org: OrgClient, paths: list[str]) -> list[FileVersion]:
    """The files with these paths that our user has uploaded."""
    found: list[FileVersion] = []
    for portion in portions(paths):
        mine = f"{equals('CreatedById', org.user_id)} AND {one_of('PathOnClient', portion)}"
        soql = select("Title, PathOnClient, Checksum", "ContentVersion", mine)
        found += org.query_as(soql, _version)
    return found


def upload_file(org: OrgClient, version: FileVersion, content: StreamedBody) -> str:
    """Upload a file. Returns the id of its ContentVersion."""
    part = ("VersionData", version.path, content)
    body, headers = _multipart(_fields(version), [part])
    return org.send(
        "POST",
        "sobjects/ContentVersion",
        lambda answer: record_id(row(answer), "id", prefix="068"),
        data=body,
        headers=headers,
    )


def upload_together(
    org: OrgClient, files: Sequence[tuple[FileVersion, StreamedBody]]
) -> list[SalesforceError | None]:
    """Upload up to 200 files by one request. Returns why a file was refused, or None, for each."""
    names = [f"file{index}" for index in range(len(files))]
    records = [
        {
            "attributes": {
                "type": "ContentVersion",
                "binaryPartName": name,
                "binaryPartNameAlias": "VersionData",
            },
            **_fields(version),
        }
        for name, (version, _) in zip(names, files, strict=True)
    ]
    parts = [
        (name, version.path, content) for name, (version, content) in zip(names, files, strict=True)
    ]
    body, headers = _multipart({"allOrNone": False, "records": records}, parts)

    def read(answer: Any) -> list[Row]:
        found = rows(answer)
        one_for_each(found, len(files))
        return found

    results = org.send("POST", "composite/sobjects", read, data=body, headers=headers)
    return [refusal_of(result) for result in results]


def _fields(version: FileVersion) -> dict[str, str]:
    return {"Title": version.title, "PathOnClient": version.path}


def _multipart(
    values: Mapping[str, Any], files: Sequence[tuple[str, str, StreamedBody]]
) -> tuple[StreamedBody, dict[str, str]]:
    """A body of JSON and files, each with the name of its part and of the file; its headers."""
    boundary = secrets.token_hex(16)
    head = (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="entity_content"\r\n'
        f"Content-Type: application/json\r\n\r\n{json.dumps(values)}"
    ).encode()
    heads = [_head(boundary, part, path) for part, path, _ in files]
    tail = f"\r\n--{boundary}--\r\n".encode()

    def pieces() -> Iterator[bytes]:
        yield head
        for above, (_, _, content) in zip(heads, files, strict=True):
            yield above
            yield from content.pieces()
        yield tail

    size = len(head) + sum(map(len, heads)) + sum(len(content) for _, _, content in files)
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return StreamedBody(size + len(tail), pieces), headers


def _head(boundary: str, part: str, path: str) -> bytes:
    name = quote(path, safe=" !#$&'()+,-.;=@[]^_`{}~")
    return (
        f"\r\n--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{part}"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()


def _version(source: Row) -> FileVersion:
    return FileVersion(
        text(source, "Title"),
        nullable_text(source, "PathOnClient", longest=500),
        nullable_text(source, "Checksum"),
    )
