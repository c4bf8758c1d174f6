"""ScratchOrgInfo rows: the query for them, and what the Dev Hub says of a sign-up or an org."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from provisioner.salesforce.ids import is_id, to_18
from provisioner.salesforce.soql import one_of, select

Row = Mapping[str, Any]


@dataclass(frozen=True)
class SignUpStatus:
    """How one sign-up stands. A status that is not Active, Error or Deleted is in progress."""

    id: str  # ScratchOrgInfo, 2SR…
    username: str  # as signed up; as requested where the Dev Hub tells no other
    status: str
    error_code: str
    org_id: str  # 18 characters
    login_url: str
    instance: str
    expiration_date: date | None  # a date without time: the org dies some time that day


def sign_up_query(ids: Sequence[str], usernames: Sequence[str]) -> str:
    """A query for sign-ups by id or username.

    Username may be null for ever, SignupUsername is until the org is active (facts §2.3):
    both are asked for. AuthCode is a credential and never selected.
    """
    by_id = [one_of("Id", ids)] if ids else []
    by_name = [one_of(f, usernames) for f in ("Username", "SignupUsername") if usernames]
    fields = (
        "Id, Username, SignupUsername, Status, ErrorCode, ScratchOrg, LoginUrl, SignupInstance, "
        "ExpirationDate"
    )
    return select(fields, "ScratchOrgInfo", *by_id, *by_name)


def sign_up_status(row: Row) -> SignUpStatus:
    """One row of `sign_up_query`."""
    return SignUpStatus(
        id=row["Id"],
        username=(row["SignupUsername"] or row["Username"] or "").lower(),
        status=row["Status"] or "New",
        error_code=row["ErrorCode"] or "",
        org_id=_org_id(row),
        login_url=(row["LoginUrl"] or "").rstrip("/"),
        instance=row["SignupInstance"] or "",
        expiration_date=_expiration(row),
    )


def _org_id(row: Row) -> str:
    """ScratchOrg holds 15 characters (facts §2.1)."""
    short = row["ScratchOrg"] or ""
    return to_18(short) if is_id(short) else ""


def _expiration(row: Row) -> date | None:
    text = row["ExpirationDate"]
    return date.fromisoformat(text[:10]) if text else None
