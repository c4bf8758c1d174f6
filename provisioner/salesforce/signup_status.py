"""The status of sign-ups: the query for ScratchOrgInfo rows, and how a row is read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from provisioner.declare.secret import Secret
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

PREFIX = "2SR"  # of ids of ScratchOrgInfo
UNREADABLE = "unreadable"
"""Our own status for a sign-up whose row stays malformed after retries."""


@dataclass(frozen=True)
class SignUpStatus:
    """The status of a sign-up. Any status but Active, Error and Deleted means in progress."""

    id: str  # ScratchOrgInfo, 2SR…
    username: str  # SignupUsername, else the requested one
    status: str
    error_code: str
    org_id: str  # 18 characters
    login_url: str
    instance: str
    expiration_date: date | None  # the org expires at an unknown time of that day
    code: Secret | None = None  # the one-time code of the first session, when it was queried


def sign_up_query(ids: Sequence[str], usernames: Sequence[str], *, with_codes: bool = False) -> str:
    """A query for sign-ups by id or username.

    Username may stay null, and SignupUsername is null until the org is active, so both are queried
    (docs/reference/sign-up.md#status). AuthCode is a credential, and is selected only `with_codes`.
    """
    by_id = [one_of("Id", ids)] if ids else []
    by_name = [one_of(f, usernames) for f in ("Username", "SignupUsername") if usernames]
    fields = (
        "Id, Username, SignupUsername, Status, ErrorCode, ScratchOrg, LoginUrl, SignupInstance, "
        f"ExpirationDate{', AuthCode' if with_codes else ''}"
    )
    return select(fields, "ScratchOrgInfo", *by_id, *by_name)


def sign_up_status(row: Row, *, is_strict: bool = True) -> SignUpStatus:
    """Read one row of `sign_up_query`. Raises MalformedAnswerError.

    With `is_strict`, an active org without a login URL is malformed.
    """
    status = nullable_text(row, "Status") or "New"
    # Source: docs/reference/sign-up.md#fields
    org_id = nullable_id(row, "ScratchOrg", prefix="00D")  # 15 characters
    code = nullable_text(row, "AuthCode") if "AuthCode" in row else ""
    login_url = _address(row)
    if status == "Active" and not (org_id and (login_url or not is_strict)):
        raise MalformedAnswerError("an active org has no id or no LoginUrl")
    return SignUpStatus(
        id=record_id(row, "Id", prefix=PREFIX),
        username=_username(row),
        status=status,
        error_code=nullable_text(row, "ErrorCode"),
        org_id=org_id,
        login_url=login_url,
        instance=nullable_text(row, "SignupInstance"),
        expiration_date=nullable_day(row, "ExpirationDate"),
        code=Secret(code) if code else None,
    )


def unreadable(row: Row) -> SignUpStatus:
    """Read what is valid of a row that stays malformed: in general, only id and username.

    The status counts as in progress. A row without id and username may belong to any sign-up.
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
    """The status of a sign-up whose row cannot be read."""
    return SignUpStatus(signup_id, username.lower(), UNREADABLE, "", "", "", "", None)


def _username(row: Row) -> str:
    return (nullable_text(row, "SignupUsername") or nullable_text(row, "Username")).lower()


def _address(row: Row) -> str:
    """The org's login URL, without a path. Raises MalformedAnswerError."""
    url = nullable_text(row, "LoginUrl").rstrip("/")
    try:
        if url and origin(url) != url.lower():
            raise MalformedAnswerError("LoginUrl is not the address of a host")
    except UsageError:
        raise MalformedAnswerError("LoginUrl is not the address of a host") from None
    return url
