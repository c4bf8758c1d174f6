"""ScratchOrgInfo and ActiveScratchOrg: the effects of insert, read and delete.

They have no special paths: REST, composite and SOQL read and change them as any record.

Source: docs/reference/sign-up.md#fields.
"""

from __future__ import annotations

from datetime import timedelta

from provisioner.emulator import sign_up
from provisioner.emulator.errors import RecordError
from provisioner.emulator.ids import to_15
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.rules import Change, on_delete, on_insert, on_read, rule
from provisioner.emulator.objects.store import Store
from provisioner.emulator.objects.values import parse_datetime
from provisioner.emulator.org import EmulatedOrg

INFO, ACTIVE = "ScratchOrgInfo", "ActiveScratchOrg"
_LIMIT_TEXT = "The signup request failed because this organization has reached its "
_MIRRORED = (
    "Description", "Edition", "ExpirationDate", "Features", "HasSampleData", "Namespace",
    "OrgName", "ScratchOrg", "SignupEmail", "SignupInstance", "SignupTrialDays",
    "SignupUsername", "Snapshot",
)  # fmt: skip


@rule(INFO, "before insert")
def _check(org: EmulatedOrg, change: Change) -> None:
    """Refuse an invalid sign-up, or one beyond the limits, at once."""
    request = change.record
    if request["Username"]:
        request["Username"] = request["Username"].lower()
    _check_options(request)
    if daily_count(org) >= org.world.limits.daily:
        raise RecordError("LIMIT_EXCEEDED", f"{_LIMIT_TEXT}daily scratch org signup limit")
    if active_count(org) >= org.world.limits.active:
        raise RecordError("LIMIT_EXCEEDED", f"{_LIMIT_TEXT}active scratch org limit")
    request["SignupUsername"] = sign_up.username_for(org.world, request)


def _check_options(request: Record) -> None:
    source = "Snapshot" if request["Snapshot"] else "SourceOrg" if request["SourceOrg"] else ""
    if not source and not request["Edition"]:
        text = "Required fields are missing: [Edition]"
        raise RecordError("REQUIRED_FIELD_MISSING", text, ["Edition"])
    if source and request["Edition"]:
        text = f"You can't specify Edition when {source} is specified."
        raise RecordError("INVALID_SIGNUP_OPTION", text, ["Edition"])
    if (request["Edition"] or "").startswith("Partner"):
        text = "You don't have permission to create Partner Edition organizations."
        raise RecordError("INSUFFICIENT_ACCESS_OR_READONLY", text, ["Edition"])
    if request["Release"] in ("Preview", "Previous"):
        text = f"The {request['Release']} release can't be used outside of the preview period."
        raise RecordError("INVALID_SIGNUP_OPTION", text, ["Release"])
    days = request["DurationDays"]
    if days is not None and not 1 <= days <= 30:
        text = f"Duration Days: value outside of valid range on numeric field: {days}"
        raise RecordError("NUMBER_OUTSIDE_VALID_RANGE", text, ["DurationDays"])


@on_insert(INFO)
def _start(org: EmulatedOrg, change: Change) -> None:
    org.signups[change.record["Id"]] = sign_up.start(org, change.record)


@on_read(INFO)
def _advance(hub: EmulatedOrg, request: Record) -> None:
    """Poll: the sign-up advances by at most one state; an expired org becomes Deleted."""
    store, pending = hub.store, hub.signups.get(request["Id"])
    if pending is None:
        _expire(hub, request)
        return
    status = pending.progression.poll()
    if status == request["Status"]:
        return
    changes: Record = {"Status": status}
    if status == "Error":
        changes["ErrorCode"] = pending.error
    if status == "Active":
        changes |= _outcome(hub, request)
    store.set_fields(INFO, request["Id"], changes)
    if pending.progression.is_over:
        del hub.signups[request["Id"]]
    if status == "Active":
        _mirror(store, {**request, **changes})


def _outcome(hub: EmulatedOrg, request: Record) -> Record:
    """Create the org; returns the fields of the request that describe it."""
    world, org = hub.world, sign_up.create_org(hub, request)
    admin = org.store.peek("User", org.admin_id) or {}
    code = world.new_auth_code(
        org,
        consumer_key=request["ConnectedAppConsumerKey"],
        callback_url=request["ConnectedAppCallbackUrl"],
        expires=world.now() + timedelta(seconds=world.behavior.auth_code_life),
    )
    assert org.expires is not None
    return {
        "ScratchOrg": to_15(org.id),
        "SignupEmail": admin["Email"],
        "SignupInstance": org.instance,
        "SignupCountry": request["Country"] or "US",
        "SignupLanguage": request["Language"] or "en_US",
        "SignupTrialDays": request["DurationDays"],
        "LoginUrl": world.origin(),
        "AuthCode": code,
        "ExpirationDate": org.expires.date().isoformat(),
    }


def _mirror(store: Store, request: Record) -> None:
    """Add the ActiveScratchOrg row, as the platform does when a sign-up becomes Active.

    Source: docs/reference/sign-up.md#deletion.
    """
    values = {name: request[name] for name in _MIRRORED}
    values |= {"ScratchOrgInfoId": request["Id"], "OwnerId": request["OwnerId"]}
    store.add(ACTIVE, values, user_id=request["CreatedById"])


@on_read(ACTIVE)
def _expire_active(hub: EmulatedOrg, active: Record) -> None:
    request = hub.store.peek(INFO, active["ScratchOrgInfoId"] or "")
    if request is not None:
        _expire(hub, request)


def _expire(hub: EmulatedOrg, request: Record) -> None:
    """Mark a request as Deleted if its org has expired."""
    org = _org_of(hub, request)
    if request["Status"] == "Active" and org is not None and org.is_over():
        _end(hub, request, by=None)


@on_delete(ACTIVE)
def _end_active(org: EmulatedOrg, change: Change) -> None:
    """Deleting the row deletes the org."""
    request = change.store.peek(INFO, change.record["ScratchOrgInfoId"] or "")
    if request is not None:
        _end(org, request, by=change.user_id)


@rule(INFO, "before delete")
def _end_with_request(org: EmulatedOrg, change: Change) -> None:
    """Deleting the request also deletes its active scratch org."""
    org.signups.pop(change.record["Id"], None)
    if change.record["Status"] == "Active":
        _end(org, change.record, by=change.user_id)


def _end(hub: EmulatedOrg, request: Record, *, by: str | None) -> None:
    org, store = _org_of(hub, request), hub.store
    if org is not None:
        org.end()
    for active in store.find_by(ACTIVE, "ScratchOrgInfoId", request["Id"]):
        store.remove(ACTIVE, active["Id"])
    today = hub.world.now().date().isoformat()
    ended = {"Status": "Deleted", "DeletedBy": to_15(by) if by else None, "DeletedDate": today}
    store.set_fields(INFO, request["Id"], ended)


def _org_of(hub: EmulatedOrg, request: Record) -> EmulatedOrg | None:
    return hub.world.org(request["ScratchOrg"]) if request["ScratchOrg"] else None


def active_count(hub: EmulatedOrg) -> int:
    """The scratch orgs that count against the limit: active ones and running sign-ups."""
    counted = 0
    for request in hub.store.peek_rows(INFO):
        pending = hub.signups.get(request["Id"])
        if pending is not None:
            counted += pending.error is None
        elif request["Status"] == "Active":
            org = _org_of(hub, request)
            counted += org is not None and not org.is_over()
    return counted


def daily_count(hub: EmulatedOrg) -> int:
    """Successful sign-ups of the last 24 hours, including those of deleted orgs."""
    since = hub.world.now() - timedelta(hours=24)
    counted = 0
    for request in hub.store.peek_rows(INFO) + hub.store.deleted_rows(INFO):
        pending = hub.signups.get(request["Id"])
        has_failed = pending.error is not None if pending else request["Status"] == "Error"
        counted += not has_failed and parse_datetime(request["CreatedDate"]) > since
    return counted
