"""Rules of standard objects: what the platform does when their records are saved.

Source: the pages of these objects in the Object Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.emulator.errors import RecordError
from provisioner.emulator.objects.rules import Change, on_insert, rule

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record
    from provisioner.emulator.objects.rows import Rows
    from provisioner.emulator.org import EmulatedOrg

_PROBABILITY = {
    "Prospecting": 10, "Qualification": 10, "Needs Analysis": 20, "Value Proposition": 50,
    "Id. Decision Makers": 60, "Perception Analysis": 70, "Proposal/Price Quote": 75,
    "Negotiation/Review": 90, "Closed Won": 100, "Closed Lost": 0,
}  # fmt: skip


@rule("Opportunity", "before insert")
@rule("Opportunity", "before update")
def _stage(_org: EmulatedOrg, change: Change) -> None:
    record = change.record
    stage = record["StageName"]
    record["IsClosed"] = stage in ("Closed Won", "Closed Lost")
    record["IsWon"] = stage == "Closed Won"
    if stage in _PROBABILITY and "Probability" not in change.given and "StageName" in change.given:
        record["Probability"] = float(_PROBABILITY[stage])
    if record["Amount"] is not None and record["Probability"] is not None:
        record["ExpectedRevenue"] = round(record["Amount"] * record["Probability"] / 100, 2)


@rule("Case", "before insert")
@rule("Case", "before update")
def _case_status(_org: EmulatedOrg, change: Change) -> None:
    change.record["IsClosed"] = change.record["Status"] == "Closed"


@rule("Task", "before insert")
@rule("Task", "before update")
def _task_status(_org: EmulatedOrg, change: Change) -> None:
    change.record["IsClosed"] = change.record["Status"] == "Completed"
    change.record["IsHighPriority"] = change.record["Priority"] == "High"


@rule("PricebookEntry", "before insert")
def _price(_org: EmulatedOrg, change: Change) -> None:
    """A product has a standard price before any other, and one price in each price book."""
    record, store = change.record, change.store
    prices = store.find_by("PricebookEntry", "Product2Id", record["Product2Id"])
    if any(one["Pricebook2Id"] == record["Pricebook2Id"] for one in prices):
        text = "This price definition already exists in this price book"
        raise RecordError("DUPLICATE_VALUE", text)
    standard = [one["Id"] for one in store.peek_rows("Pricebook2") if one["IsStandard"]]
    if record["Pricebook2Id"] not in standard and not any(
        one["Pricebook2Id"] in standard for one in prices
    ):
        raise RecordError(
            "STANDARD_PRICE_NOT_DEFINED", "No standard price defined for this product", []
        )
    product = store.peek("Product2", record["Product2Id"] or "")
    if product is not None:
        record["Name"], record["ProductCode"] = product["Name"], product["ProductCode"]


@rule("User", "before insert")
def _user(org: EmulatedOrg, change: Change) -> None:
    """Usernames are unique across all orgs; each active user takes a licence.

    Source: docs/reference/users.md#new-users.
    """
    record, store = change.record, change.store
    username = record["Username"] or ""
    if username and "@" not in username:
        text = f"Username: invalid email address: {username}"
        raise RecordError("INVALID_EMAIL_ADDRESS", text, ["Username"])
    _refuse_taken(org, change)
    profile = store.peek("Profile", record["ProfileId"] or "")
    if profile is not None:
        record["UserType"] = profile["UserType"]
        if record["IsActive"]:
            _take_license(store, profile["UserLicenseId"])
    _set_nickname(store, record)


def _set_nickname(store: Rows, record: Record) -> None:
    """Nicknames are unique in an org; the platform chooses one for a user without.

    Source: a recorded refusal (forcedotcom/cli, issue 3142).
    """
    given = record["CommunityNickname"]
    chosen = given or (record["Username"] or "").partition("@")[0][:40]
    while store.find_by("User", "CommunityNickname", chosen):
        if given:
            raise RecordError(
                "DUPLICATE_COMM_NICKNAME",
                "Duplicate Nickname.<br>Another user has already selected this nickname.<br>"
                "Please select another.",
                ["CommunityNickname"],
            )
        chosen = f"{chosen[:22]}{record['Id']}"
    record["CommunityNickname"] = chosen


@rule("User", "before update")
def _changed_user(org: EmulatedOrg, change: Change) -> None:
    if change.old and change.record["Username"] != change.old["Username"]:
        _refuse_taken(org, change)
        taken = org.world.usernames
        taken[change.record["Username"].lower()] = taken.pop(change.old["Username"].lower())


@on_insert("User")
def _remember(org: EmulatedOrg, change: Change) -> None:
    username = change.record["Username"].lower()
    org.world.usernames[username] = (org, change.record["Id"])


def _refuse_taken(org: EmulatedOrg, change: Change) -> None:
    if (change.record["Username"] or "").lower() in org.world.usernames:
        raise RecordError(
            "DUPLICATE_USERNAME",
            "Duplicate Username.<br>The username already exists in this or another Salesforce "
            "organization. Usernames must be unique across all Salesforce organizations. To "
            "resolve, use a different username (it doesn't need to match the user's email "
            "address).",
            ["Username"],
        )


def _take_license(store: Rows, license_id: str) -> None:
    found = store.peek("UserLicense", license_id)
    if found is None:
        return
    profiles = {one["Id"] for one in store.find_by("Profile", "UserLicenseId", license_id)}
    users = [
        one for one in store.peek_rows("User") if one["IsActive"] and one["ProfileId"] in profiles
    ]
    if len(users) >= found["TotalLicenses"]:
        raise RecordError("LICENSE_LIMIT_EXCEEDED", "License Limit Exceeded", [])
    used: Record = {"UsedLicenses": len(users) + 1}
    store.set_fields("UserLicense", license_id, used)
