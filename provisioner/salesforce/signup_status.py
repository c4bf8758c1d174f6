"""ScratchOrgInfo rows: the query for them, and what the Dev Hub says of a sign-up or an org."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from provisioner.errors import UsageError
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.fields import (
    Row,
    nullable_day,
    nullable_id,
    nullable_text,
    record_id,
)
from provisioner.salesforce.login_endpoints import origin
from provisioner.salesforce.soql import one_of, select

PREFIX = "2SR"  # of the ids of ScratchOrgInfo
UNREADABLE = "unreadable"
"""A status that nobody but us gives: the sign-up's row is malformed, however often it is read."""


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

    Username may be null for ever, SignupUsername is until the org is active: both are asked
    for (docs/reference/sign-up.md#status). AuthCode is a credential and never selected.
    """
    by_id = [one_of("Id", ids)] if ids else []
    by_name = [one_of(f, usernames) for f in ("Username", "SignupUsername") if usernames]
    fields = (
        "Id, Username, SignupUsername, Status, ErrorCode, ScratchOrg, LoginUrl, SignupInstance, "
        "ExpirationDate"
    )
    return select(fields, "ScratchOrgInfo", *by_id, *by_name)


def sign_up_status(row: Row, *, is_strict: bool = True) -> SignUpStatus:
    """One row of `sign_up_query`. Raises MalformedAnswerError for one that is not to be believed.

    `is_strict` refuses an org that is active and has no address; the API may give none.
    """
    status = nullable_text(row, "Status") or "New"
    # Source: docs/reference/sign-up.md#fields
    org_id = nullable_id(row, "ScratchOrg", prefix="00D")  # 15 characters
    login_url = _address(row)
    if status == "Active" and not (org_id and (login_url or not is_strict)):
        raise MalformedAnswerError("an active org without id or address")
    return SignUpStatus(
        id=record_id(row, "Id", prefix=PREFIX),
        username=_username(row),
        status=status,
        error_code=nullable_text(row, "ErrorCode"),
        org_id=org_id,
        login_url=login_url,
        instance=nullable_text(row, "SignupInstance"),
        expiration_date=nullable_day(row, "ExpirationDate"),
    )


def unreadable(row: Row) -> SignUpStatus:
    """What is left of a row that stays malformed: which sign-up it is about, and nothing of it.

    Its status counts as in progress; without id and username it may be about any sign-up.
    """
    with suppress(MalformedAnswerError):
        return sign_up_status(row, is_strict=False)
    known_id = username = ""
    with suppress(MalformedAnswerError):
        known_id = record_id(row, "Id", prefix=PREFIX)
    with suppress(MalformedAnswerError):
        username = _username(row)
    return nothing_known(known_id, username)


def nothing_known(signup_id: str, username: str) -> SignUpStatus:
    """The status of a sign-up of which an answer came that cannot be read."""
    return SignUpStatus(signup_id, username.lower(), UNREADABLE, "", "", "", "", None)


def _username(row: Row) -> str:
    return (nullable_text(row, "SignupUsername") or nullable_text(row, "Username")).lower()


def _address(row: Row) -> str:
    """The org's login host; a path or a port out of range is none."""
    url = nullable_text(row, "LoginUrl").rstrip("/")
    try:
        if url and origin(url) != url.lower():
            raise MalformedAnswerError("LoginUrl is no address of a host")
    except UsageError:
        raise MalformedAnswerError("LoginUrl is no address of a host") from None
    return url
