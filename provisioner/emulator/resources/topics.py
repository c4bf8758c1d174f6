"""Topic and TopicAssignment: topics of records, posts and files.

Source: "Topic" and "TopicAssignment" in the Object Reference.
"""

from __future__ import annotations

from provisioner.emulator.errors import RecordError
from provisioner.emulator.ids import same_id
from provisioner.emulator.objects.rules import Change, on_delete, on_insert, rule
from provisioner.emulator.org import EmulatedOrg

# What the platform says where several fields together are unique.
DUPLICATE = "duplicate value found: <unknown> duplicates value on record with id: <unknown>"


@rule("TopicAssignment", "before insert")
def _assignment(_org: EmulatedOrg, change: Change) -> None:
    """Set what follows from the entity; each topic is assigned once."""
    record, store = change.record, change.store
    entity = record["EntityId"] or ""
    found = store.type_of_id(entity)
    record["EntityKeyPrefix"] = entity[:3] or None
    record["EntityType"] = found.name if found else None
    for one in store.find_by("TopicAssignment", "TopicId", record["TopicId"]):
        if same_id(one["EntityId"], entity):
            raise RecordError("DUPLICATE_VALUE", DUPLICATE, [])


@on_insert("TopicAssignment")
@on_delete("TopicAssignment")
def _talking(_org: EmulatedOrg, change: Change) -> None:
    store, topic = change.store, change.record["TopicId"]
    assignments = store.find_by("TopicAssignment", "TopicId", topic)
    if store.peek("Topic", topic) is not None:
        people = len({one["CreatedById"] for one in assignments})
        store.set_fields("Topic", topic, {"TalkingAbout": people})
