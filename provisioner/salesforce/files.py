"""Uploads files as ContentVersion, streamed, and reads which are there.

Source: docs/reference/data.md#files.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from provisioner.salesforce.fields import Row, nullable_text, record_id, row, text
from provisioner.salesforce.soql import equals, one_of, portions, select
from provisioner.salesforce.streamed import StreamedBody

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

LARGEST = 2_000_000_000
"""Bytes of a file."""


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
    boundary = secrets.token_hex(16)
    fields = json.dumps({"Title": version.title, "PathOnClient": version.path})
    name = quote(version.path, safe=" !#$&'()+,-.;=@[]^_`{}~")
    head = (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="entity_content"\r\n'
        f"Content-Type: application/json\r\n\r\n{fields}\r\n--{boundary}\r\n"
        f'Content-Disposition: form-data; name="VersionData"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    tail = f"\r\n--{boundary}--\r\n".encode()

    def pieces() -> Iterator[bytes]:
        yield head
        yield from content.pieces()
        yield tail

    body = StreamedBody(len(head) + content.size + len(tail), pieces)
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return org.send(
        "POST",
        "sobjects/ContentVersion",
        lambda answer: record_id(row(answer), "id", prefix="068"),
        data=body,
        headers=headers,
    )


def _version(source: Row) -> FileVersion:
    return FileVersion(
        text(source, "Title"),
        nullable_text(source, "PathOnClient", longest=500),
        nullable_text(source, "Checksum"),
    )
