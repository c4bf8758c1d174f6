"""Users of an org: find them by username, find profiles by name, create them.

Source: docs/reference/users.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.errors import SalesforceError
from provisioner.salesforce.batches import Batch
from provisioner.salesforce.error_kinds import classify
from provisioner.salesforce.fields import (
    LONGEST_AREA,
    Row,
    integer,
    nullable_id,
    optional_text,
    record_id,
    row,
    rows_in,
    text,
)
from provisioner.salesforce.reads import Read, answered, records
from provisioner.salesforce.soql import equals, one_of, select

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

SCIM = "/services/scim/v1/Users"
DUPLICATE_USERNAME = "DUPLICATE_USERNAME"
LICENSE_LIMIT = "LICENSE_LIMIT_EXCEEDED"
TEMPLATE = ("Email", "EmailEncodingKey", "LanguageLocaleKey", "LocaleSidKey", "TimeZoneSidKey")
"""Fields that a new user takes from the org's own user, as the Salesforce CLI does."""

_CODE = re.compile(r"\b[A-Z]{2,}(?:_[A-Z]+)+\b")
_LONGEST_NICKNAME = 40
_USER = {"type": "User"}


@dataclass(frozen=True)
class LicenseUse:
    """A user licence, and how many of it are in use."""

    name: str
    used: int
    total: int


def ids(org: OrgClient, usernames: Collection[str]) -> dict[str, str]:
    """The ids of those of `usernames`, in lower case, that the org has."""
    (found,) = answered(org, [named(usernames)])
    return dict(found)


def named(usernames: Collection[str]) -> Read[list[tuple[str, str]]]:
    """Username, in lower case, and id of those of `usernames` that the org has."""
    soql = select("Id, Username", "User", one_of("Username", usernames))
    return records(
        soql, lambda row: (text(row, "Username").lower(), record_id(row, "Id", prefix="005"))
    )


def template(user_id: str) -> Read[list[dict[str, str]]]:
    """The fields of `TEMPLATE` of one user, in a list that is empty without that user."""
    soql = select(", ".join(TEMPLATE), "User", equals("Id", user_id))
    return records(soql, lambda row: {name: text(row, name) for name in TEMPLATE})


def profiles(names: Collection[str]) -> Read[dict[str, str]]:
    """The ids of those of `names` that the org has, in any case."""
    query = records(select("Id, Name", "Profile", one_of("Name", names)), _profile)

    def by_name(org: OrgClient, page: Any) -> dict[str, str]:
        found = {name.lower(): id_ for name, id_ in query.read(org, page)}
        return {name: found[name.lower()] for name in names if name.lower() in found}

    return Read(query.path, by_name)


def profile_names(org: OrgClient) -> list[str]:
    """The names of all profiles."""
    return [name for name, _ in org.query_as(select("Id, Name", "Profile"), _profile)]


def _profile(row: Row) -> tuple[str, str]:
    return text(row, "Name"), record_id(row, "Id", prefix="00e")


def license_of(org: OrgClient, profile_id: str) -> LicenseUse | None:
    """The licence that users of a profile take; None when the org does not tell."""
    soql = select("UserLicenseId", "Profile", equals("Id", profile_id))
    (license_id,) = org.query_as(soql, lambda r: nullable_id(r, "UserLicenseId"))[:1] or [""]
    if not license_id:
        return None
    fields = "Name, UsedLicenses, TotalLicenses"
    soql = select(fields, "UserLicense", equals("Id", license_id))
    found = org.query_as(
        soql,
        lambda row: LicenseUse(
            text(row, "Name"), integer(row, "UsedLicenses"), integer(row, "TotalLicenses")
        ),
    )
    return found[0] if found else None


def insertion(users: Sequence[Mapping[str, Any]]) -> Batch:
    """Inserts users with all fields."""
    return Batch("POST", [{"attributes": _USER, **fields} for fields in users])


def update(users: Mapping[str, Mapping[str, Any]]) -> Batch:
    """Sets fields of users, by id; safe to repeat."""
    return Batch("PATCH", [{"attributes": _USER, "id": i, **f} for i, f in users.items()])


def create_approved(org: OrgClient, fields: Mapping[str, Any]) -> str:
    """Create a user for whom the app of this session is approved; its id.

    It is how the Salesforce CLI creates users. Only the fields that SCIM needs are set: `update`
    sets the others. The refresh token in the header of the answer is not read. Raises
    SalesforceError with the code of Salesforce, such as LICENSE_LIMIT_EXCEEDED.
    """
    name = {"familyName": fields["LastName"], "givenName": fields.get("FirstName")}
    body = {
        "userName": fields["Username"],
        "emails": [{"value": fields["Email"]}],
        "name": {key: value for key, value in name.items() if value},
        "nickName": str(fields.get("CommunityNickname") or fields["Username"])[:_LONGEST_NICKNAME],
        "entitlements": [{"value": fields["ProfileId"]}],
    }
    answer = org.send(
        "POST",
        SCIM,
        _created,
        json=body,
        headers={"auto-approve-user": "true"},
        expected=(400, 409),
    )
    if isinstance(answer, SalesforceError):
        raise answer
    return answer


def _created(answer: Any) -> str | SalesforceError:
    """The id in an answer of SCIM, or its refusal. Raises MalformedAnswerError."""
    if "Errors" not in row(answer):
        return record_id(answer, "id", prefix="005")
    errors = rows_in(answer, "Errors") or [{}]
    message = optional_text(errors[0], "description", longest=LONGEST_AREA)
    found = _CODE.search(message)
    code = found[0] if found else ""
    return SalesforceError(
        message or "Salesforce refuses the user without a reason",
        error_code=code,
        kind=classify(400, code, message),
    )
