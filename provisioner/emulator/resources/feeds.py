"""FeedItem, FeedComment, FeedLike and FeedAttachment: posts with their comments and attachments.

Source: "FeedItem", "FeedComment", "FeedLike" and "FeedAttachment" in the Object Reference.
"""

from __future__ import annotations

from provisioner.emulator.errors import RecordError
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.rows import Rows
from provisioner.emulator.objects.rules import Change, fields_changed, on_delete, on_insert, rule
from provisioner.emulator.objects.values import format_datetime
from provisioner.emulator.org import EmulatedOrg

_REQUIRED = {"TextPost": "Body", "AdvancedTextPost": "Body", "LinkPost": "LinkUrl",
             "QuestionPost": "Title"}  # fmt: skip
_OF_ATTACHMENTS = {"Content": "RecordId", "FeedEntity": "RecordId", "Link": "Value"}
_TEXTS = frozenset({"Body", "CommentBody", "Title"})


@rule("FeedItem", "before insert")
def _post(_org: EmulatedOrg, change: Change) -> None:
    """The type follows from what the post has; each type requires a field."""
    record = change.record
    if not record["Type"]:
        is_link, is_file = record["LinkUrl"], record["RelatedRecordId"]
        record["Type"] = "LinkPost" if is_link else "ContentPost" if is_file else "TextPost"
    _require(record, _REQUIRED.get(record["Type"]))
    record |= {
        "InsertedById": change.user_id,
        "HasContent": record["Type"] == "ContentPost",
        "HasLink": record["Type"] == "LinkPost",
        "CommentCount": 0,
        "LikeCount": 0,
        "Revision": 1,
    }


@rule("FeedComment", "before insert")
def _comment(_org: EmulatedOrg, change: Change) -> None:
    record = change.record
    if not record["CommentType"]:
        record["CommentType"] = "ContentComment" if record["RelatedRecordId"] else "TextComment"
    if record["CommentType"] == "TextComment":
        _require(record, "CommentBody")
    post = change.store.peek("FeedItem", record["FeedItemId"] or "")
    record |= {
        "InsertedById": change.user_id,
        "ParentId": post["ParentId"] if post else None,
        "Revision": 1,
    }


@rule("FeedItem", "before update")
@rule("FeedComment", "before update")
def _edit(org: EmulatedOrg, change: Change) -> None:
    record = change.record
    if fields_changed(change) & _TEXTS:
        record["Revision"] = (record["Revision"] or 1) + 1
        record["LastEditById"] = change.user_id
        record["LastEditDate"] = format_datetime(org.now())


@rule("FeedAttachment", "before insert")
def _attachment(_org: EmulatedOrg, change: Change) -> None:
    """A file or a link of a post; images come with the text of the post only."""
    record, store = change.record, change.store
    if record["Type"] == "InlineImage":
        text = "Inline images can't be added directly using FeedAttachment"
        raise RecordError("FIELD_INTEGRITY_EXCEPTION", text, ["Type"])
    _require(record, _OF_ATTACHMENTS.get(record["Type"]))
    if store.peek("FeedItem", record["FeedEntityId"] or "") is not None:
        flag = "HasLink" if record["Type"] == "Link" else "HasContent"
        store.set_fields("FeedItem", record["FeedEntityId"], {flag: True})


@rule("FeedLike", "before insert")
def _like(_org: EmulatedOrg, change: Change) -> None:
    change.record["InsertedById"] = change.user_id
    change.record["FeedEntityId"] = change.record["FeedEntityId"] or change.record["FeedItemId"]


@on_insert("FeedComment")
@on_insert("FeedLike")
@on_delete("FeedComment")
@on_delete("FeedLike")
def _count(_org: EmulatedOrg, change: Change) -> None:
    """Posts know how many comments and likes they have."""
    store, post = change.store, change.record["FeedItemId"]
    if store.peek("FeedItem", post) is not None:
        store.set_fields(
            "FeedItem",
            post,
            {"CommentCount": _found(store, "FeedComment", post),
             "LikeCount": _found(store, "FeedLike", post)},
        )  # fmt: skip


def _found(store: Rows, type_name: str, post: str) -> int:
    return len(store.find_by(type_name, "FeedItemId", post))


def _require(record: Record, name: str | None) -> None:
    if name and not record[name]:
        text = f"Required fields are missing: [{name}]"
        raise RecordError("REQUIRED_FIELD_MISSING", text, [name])
