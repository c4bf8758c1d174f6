"""The owner of a scratch org on the Dev Hub: of its ScratchOrgInfo and its ActiveScratchOrg.

Source: docs/reference/dev-hub.md#owners.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.error_kinds import classify
from provisioner.salesforce.fields import (
    LONGEST_AREA,
    Row,
    flag,
    nullable_id,
    optional_text,
    record_id,
    rows,
    rows_in,
)
from provisioner.salesforce.soql import equals, select

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

_ROLLED_BACK = "ALL_OR_NONE_OPERATION_ROLLED_BACK"  # of the other record


@dataclass(frozen=True)
class OwnedOrg:
    """The two records of a scratch org, and the owner of the second one."""

    sign_up_id: str  # of ScratchOrgInfo
    active_id: str  # of ActiveScratchOrg
    owner_id: str


def owned_org(hub: OrgClient, username: str) -> OwnedOrg | None:
    """The records of an org by its signed-up username; None if the user does not see them."""
    fields = "Id, OwnerId, ScratchOrgInfoId"
    soql = select(fields, "ActiveScratchOrg", equals("SignupUsername", username))
    found = hub.query_as(soql, _owned)
    return found[0] if found else None


def _owned(record: Row) -> OwnedOrg:
    return OwnedOrg(
        nullable_id(record, "ScratchOrgInfoId"),
        record_id(record, "Id"),
        record_id(record, "OwnerId"),
    )


def change_owner(hub: OrgClient, org: OwnedOrg, user_id: str) -> None:
    """Give both records to a user, or none of them; safe to repeat. Raises SalesforceError.

    The kind of the error is TRANSIENT if the change may have been made.
    """
    ids = {"ActiveScratchOrg": org.active_id, "ScratchOrgInfo": org.sign_up_id}
    records: list[dict[str, Any]] = [
        {"attributes": {"type": name}, "id": record, "OwnerId": user_id}
        for name, record in ids.items()
        if record
    ]
    body = {"allOrNone": True, "records": records}
    answer = hub.send("PATCH", "composite/sobjects", rows, json=body, is_repeatable=True)
    refusals = [refusal for result in answer if (refusal := _refusal(result))]
    if refusals:
        code, message = min(refusals, key=lambda each: each[0] == _ROLLED_BACK)
        raise SalesforceError(message, error_code=code, kind=_kind(code, message))


def _refusal(result: Row) -> tuple[str, str] | None:
    """Code and message of a record that was not changed."""
    if flag(result, "success"):
        return None
    error = (rows_in(result, "errors") or [{}])[0]
    code = optional_text(error, "statusCode")
    return code, optional_text(error, "message", longest=LONGEST_AREA) or code or "no reason given"


def _kind(code: str, message: str) -> ErrorKind:
    """Of a refusal: nothing was changed, so it is never TRANSIENT."""
    kind = classify(400, code, message)
    return ErrorKind.CONTENT if kind is ErrorKind.TRANSIENT else kind
