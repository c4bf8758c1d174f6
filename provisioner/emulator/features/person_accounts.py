"""Person accounts: an account that is a person, with a contact behind it.

Source: "Person Accounts" in the Object Reference: an account with LastName, or with a person
record type, is one; its Name is put together from the name fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.emulator.errors import RecordError
from provisioner.emulator.features import has_feature
from provisioner.emulator.objects.rules import Change, on_insert, on_update, rule

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record
    from provisioner.emulator.org import EmulatedOrg

FEATURE = "PersonAccounts"
_NAMES = ("Salutation", "FirstName", "MiddleName", "LastName", "Suffix")
_OF_CONTACT = {"PersonEmail": "Email", "PersonTitle": "Title", "PersonBirthdate": "Birthdate",
               "PersonMobilePhone": "MobilePhone", "FirstName": "FirstName",
               "LastName": "LastName", "Salutation": "Salutation"}  # fmt: skip


@rule("Account", "before insert")
@rule("Account", "before update")
def _person(org: EmulatedOrg, change: Change) -> None:
    if not has_feature(org, FEATURE):
        return
    record = change.record
    record_type = _person_type(org)
    is_person = record.get("RecordTypeId") == record_type["Id"]
    if not is_person and record.get("LastName") and not record.get("RecordTypeId"):
        record["RecordTypeId"] = record_type["Id"]
        is_person = True
    record["IsPersonAccount"] = is_person
    named = [name for name in _NAMES if record.get(name)]
    if is_person and "Name" in change.given:
        text = "Account Name: bad field names on insert/update call: Name"
        raise RecordError("INVALID_FIELD_FOR_INSERT_UPDATE", text, ["Name"])
    if is_person and not record.get("LastName"):
        text = "Required fields are missing: [LastName]"
        raise RecordError("REQUIRED_FIELD_MISSING", text, ["LastName"])
    if is_person:
        shown = (record[name] for name in _NAMES[1:] if record.get(name))
        record["Name"] = " ".join(map(str, shown))
    elif named and "Name" in change.given:
        text = f"bad field names on insert/update call: {', '.join(named)}"
        raise RecordError("INVALID_FIELD_FOR_INSERT_UPDATE", text, named)


@on_insert("Account")
def _contact(org: EmulatedOrg, change: Change) -> None:
    if has_feature(org, FEATURE) and change.record["IsPersonAccount"]:
        row = _of_contact(change.record)
        contact = org.store.add("Contact", {**row, "AccountId": change.record["Id"]})
        org.store.set_fields("Account", change.record["Id"], {"PersonContactId": contact})


@on_update("Account")
def _changed_contact(org: EmulatedOrg, change: Change) -> None:
    if has_feature(org, FEATURE) and change.record.get("PersonContactId"):
        org.store.set_fields(
            "Contact", change.record["PersonContactId"], _of_contact(change.record)
        )


def _of_contact(account: Record) -> Record:
    row = {name: account.get(source) for source, name in _OF_CONTACT.items()}
    return {**row, "IsPersonAccount": True, "Name": account["Name"]}


def _person_type(org: EmulatedOrg) -> Record:
    return org.store.find_by("RecordType", "DeveloperName", "PersonAccount")[0]
