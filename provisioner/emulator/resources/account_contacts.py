"""AccountContactRelation and AccountContactRole: the accounts of a contact.

Source: "AccountContactRelation" and "AccountContactRole" in the Object Reference; the refusal of a
second relation is recorded (texei/texei-sfdx-plugin, issue 64).

A contact has a direct relation with its own account, which comes and goes with `Contact.AccountId`.
When that changes, the former relation stays as an indirect one.
"""

from __future__ import annotations

from typing import Any

from provisioner.emulator.errors import RecordError
from provisioner.emulator.ids import same_id
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.rows import Rows
from provisioner.emulator.objects.rules import Change, fields_changed, on_insert, on_update, rule
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.resources.topics import DUPLICATE

_RELATION, _ROLE = "AccountContactRelation", "AccountContactRole"


@on_insert("Contact")
def _new_contact(org: EmulatedOrg, change: Change) -> None:
    if _RELATION in org.store.types and change.record["AccountId"]:
        _relate(change)


@on_update("Contact")
def _moved_contact(org: EmulatedOrg, change: Change) -> None:
    if _RELATION not in org.store.types or "AccountId" not in fields_changed(change):
        return
    for row in change.store.find_by(_RELATION, "ContactId", change.record["Id"]):
        if row["IsDirect"]:
            change.store.set_fields(_RELATION, row["Id"], {"IsDirect": False})
    if change.record["AccountId"]:
        _relate(change)


def _relate(change: Change) -> None:
    """Make the relation with the contact's own account direct, or add it."""
    store, record = change.store, change.record
    known = _relation(store, record["AccountId"], record["Id"])
    if known is not None:
        store.set_fields(_RELATION, known["Id"], {"IsDirect": True})
        return
    ids = {"AccountId": record["AccountId"], "ContactId": record["Id"]}
    store.add(_RELATION, {**ids, "IsDirect": True}, user_id=change.user_id)


@rule(_RELATION, "before insert")
def _new_relation(_org: EmulatedOrg, change: Change) -> None:
    record = change.record
    if _relation(change.store, record["AccountId"], record["ContactId"]) is not None:
        text = "This contact already has a relationship with this account."
        raise RecordError("DUPLICATE_VALUE", text, ["ContactId"])


@rule(_ROLE, "before insert")
@rule(_ROLE, "before update")
def _role(_org: EmulatedOrg, change: Change) -> None:
    """Account, contact and role are unique together; one contact of an account is primary."""
    record, store = change.record, change.store
    others = [
        one
        for one in store.find_by(_ROLE, "AccountId", record["AccountId"])
        if one["Id"] != record["Id"]
    ]
    for one in others:
        is_same = same_id(one["ContactId"], record["ContactId"] or "")
        if is_same and one["Role"] == record["Role"]:
            raise RecordError("DUPLICATE_VALUE", DUPLICATE, [])
    if record["IsPrimary"]:
        for one in others:
            store.set_fields(_ROLE, one["Id"], {"IsPrimary": False})


def _relation(store: Rows, account: Any, contact: Any) -> Record | None:
    rows = store.find_by(_RELATION, "ContactId", contact) if contact else []
    return next((one for one in rows if same_id(one["AccountId"], account or "")), None)
