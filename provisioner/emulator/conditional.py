"""Conditional requests: `ETag`, `Last-Modified` and 304 of describes, lists and records.

Source: "Use Conditional Requests" in the REST API Developer Guide (records of Account have an
ETag, others only Last-Modified); answers that NangoHQ/integration-templates and CumulusCI recorded.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from provisioner.emulator.envelopes import encode
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.routing import Call, Reply

_OF_GZIP = '--gzip"'


def with_schema_date(call: Call, reply: Reply) -> Reply:
    """What depends on the schema: dated by its last change, with a short ETag of the content."""
    tag = f'"{zlib.crc32(encode(reply.body)):08x}"'
    return _conditional(call, reply, _schema_date(call.session_org()), tag)


def with_record_date(call: Call, reply: Reply, record: Mapping[str, object]) -> Reply:
    """A record: dated by its last change; an account also has an ETag."""
    changed = record.get("LastModifiedDate") or record.get("CreatedDate")
    if not isinstance(changed, str):
        return reply
    tag = ""
    if str(record["Id"]).startswith("001"):
        digest = hashlib.sha256(encode(reply.body)).digest()
        tag = f'"{base64.b64encode(digest).decode()}"'
    return _conditional(call, reply, datetime.fromisoformat(changed), tag)


def of_compressed(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of an answer that is compressed: its ETag ends in `--gzip`."""
    tag = headers.get("ETag", "")
    return {**headers, **({"ETag": f"{tag[:-1]}{_OF_GZIP}"} if tag else {})}


def _schema_date(org: EmulatedOrg) -> datetime:
    """When the last component was deployed; of an org without deploys, its creation."""
    dates = [str(getattr(one, "modified", "")) for one in list(org.components.values())]
    latest = max((one for one in dates if one), default="")
    return max(datetime.fromisoformat(latest), org.created) if latest else org.created


def _conditional(call: Call, reply: Reply, changed: datetime, tag: str) -> Reply:
    changed = changed.astimezone(UTC).replace(microsecond=0)
    headers = {**(reply.headers or {}), "Last-Modified": format_datetime(changed, usegmt=True)}
    if tag:
        headers["ETag"] = tag
    if _is_unchanged(call.headers, changed, tag):
        return Reply(None, 304, headers=headers)
    return replace(reply, headers=headers)


def _is_unchanged(headers: Mapping[str, str], changed: datetime, tag: str) -> bool:
    """`If-None-Match` counts before `If-Modified-Since`, as HTTP says."""
    wanted = headers.get("if-none-match", "")
    if wanted and tag:
        tags = {one.strip().replace(_OF_GZIP, '"') for one in wanted.split(",")}
        return bool({tag, "*"} & tags)
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
    except (TypeError, ValueError):
        return False
    return changed <= since.replace(tzinfo=since.tzinfo or UTC)
