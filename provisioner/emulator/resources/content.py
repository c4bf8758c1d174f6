"""ContentVersion: an uploaded file, its checksum, its document, and the links to it.

Source: "ContentVersion" and "ContentDocumentLink" in the Object Reference.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from provisioner.emulator.errors import RecordError
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.rows import Rows
from provisioner.emulator.objects.rules import Change, rule
from provisioner.emulator.org import EmulatedOrg


@rule("ContentVersion", "before insert")
def _check(_org: EmulatedOrg, change: Change) -> None:
    """Set title, extension and size; add the document, or a version to it."""
    record = change.record
    if not record["PathOnClient"]:
        text = "Required fields are missing: [PathOnClient]"
        raise RecordError("REQUIRED_FIELD_MISSING", text, ["PathOnClient"])
    if record["VersionData"] is None and not record["ContentUrl"]:
        text = "Required fields are missing: [VersionData]"
        raise RecordError("REQUIRED_FIELD_MISSING", text, ["VersionData"])
    name = record["PathOnClient"].replace("\\", "/").rpartition("/")[2]
    stem, _, extension = name.rpartition(".")
    record["Title"] = record["Title"] or stem or name
    record["FileExtension"] = extension if stem else None
    record["FileType"] = extension.upper() if stem else "UNKNOWN"
    content = _content(record["VersionData"])
    record["ContentSize"] = record["ContentSizeLong"] = len(content)
    record["Checksum"] = hashlib.md5(content, usedforsecurity=False).hexdigest()
    record["IsLatest"] = True
    _attach(change)


def _attach(change: Change) -> None:
    record, store = change.record, change.store
    document = record["ContentDocumentId"]
    earlier = store.find_by("ContentVersion", "ContentDocumentId", document) if document else []
    for version in earlier:
        store.set_fields("ContentVersion", version["Id"], {"IsLatest": False})
    record["VersionNumber"] = str(len(earlier) + 1)
    shared = {name: record[name] for name in ("Title", "FileExtension", "FileType", "ContentSize")}
    shared |= {"LatestPublishedVersionId": record["Id"]}
    if document:
        store.set_fields("ContentDocument", document, shared)
        return
    document = store.add("ContentDocument", shared, user_id=change.user_id)
    record["ContentDocumentId"] = document
    for entity in (change.user_id, record["FirstPublishLocationId"]):
        if entity:
            _link(store, document, entity)


def _link(store: Rows, document: str, entity: str) -> None:
    link: Record = {"ContentDocumentId": document, "LinkedEntityId": entity}
    link |= {"ShareType": "I" if entity.startswith("005") else "V", "Visibility": "AllUsers"}
    store.add("ContentDocumentLink", link)


def _content(data: str | None) -> bytes:
    try:
        return base64.b64decode(data or "", validate=True)
    except binascii.Error as error:
        text = "Version Data: value not of required type"
        raise RecordError("INVALID_TYPE_ON_FIELD_IN_RECORD", text, ["VersionData"]) from error
