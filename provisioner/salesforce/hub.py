"""The Dev Hub: sign-ups asked for, looked up, ended, and what is left of its limits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from provisioner.errors import HubLimitError, SalesforceError
from provisioner.salesforce.definition import SignUp, sign_up_fields
from provisioner.salesforce.ids import is_id, to_18
from provisioner.salesforce.org import OrgClient, Record
from provisioner.salesforce.soql import in_list, portions

__all__ = ["ActiveOrg", "DevHub", "HubLimits", "SignUp", "SignUpStatus"]

BATCH = 200  # records that one collection call takes (facts §2.7)
_NOT_A_HUB = frozenset({"INVALID_TYPE", "NOT_FOUND"})
_ALREADY_GONE = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY"})


@dataclass(frozen=True)
class HubLimits:
    """Scratch orgs that the Dev Hub allows. Salesforce's figures lag: advice, no promise."""

    active_max: int
    active_remaining: int
    daily_max: int
    daily_remaining: int


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


@dataclass(frozen=True)
class ActiveOrg:
    """A scratch org that lives, whoever made it."""

    username: str
    org_id: str  # 18 characters
    description: str  # the stamp, if it is one of ours
    expiration_date: date | None


class DevHub:
    """Every method raises SalesforceError or LoginError, and HubLimitError where a limit is hit."""

    def __init__(self, client: OrgClient) -> None:
        self.client = client

    def is_dev_hub(self) -> bool:
        """Whether the org signs scratch orgs up, and lets this user do it (facts §2.8)."""
        try:
            with _limits_named():
                self.client.query("SELECT Id FROM ScratchOrgInfo LIMIT 1")
        except SalesforceError as error:
            if error.error_code in _NOT_A_HUB:
                return False
            raise
        return True

    def limits(self) -> HubLimits:
        """How many scratch orgs are allowed and left, active and within a day."""
        with _limits_named():
            answer = self.client.limits()
        try:
            active, daily = answer["ActiveScratchOrgs"], answer["DailyScratchOrgs"]
        except KeyError:
            raise SalesforceError(
                f"{self.client.name}: the limits do not tell of scratch orgs",
                kind="configuration",
                hint="enable Dev Hub in Setup, and give the user View Setup and Configuration",
            ) from None
        return HubLimits(active["Max"], active["Remaining"], daily["Max"], daily["Remaining"])

    def sign_up(self, request: SignUp) -> str:
        """Ask for a scratch org; the id of the ScratchOrgInfo.

        After an error of class `transient` the Dev Hub may have the request: look for its
        username (`signups`) before asking again.
        """
        with _limits_named():
            return self.client.create("ScratchOrgInfo", sign_up_fields(request))

    def signups(self, ids: Collection[str], usernames: Collection[str]) -> list[SignUpStatus]:
        """How the sign-ups with these ids or usernames stand: one query, as long as its URL fits.

        A sign-up is found by either name; one without a row is not in the answer.
        """
        wanted = [value for value in dict.fromkeys([*ids, *usernames]) if value]
        by_id = {value for value in ids if value}
        found: dict[str, SignUpStatus] = {}
        for portion in portions(wanted, times=2):
            for record in self._query(
                _sign_up_query(
                    [v for v in portion if v in by_id], [v for v in portion if v not in by_id]
                )
            ):
                found[record["Id"]] = _sign_up_status(record)
        return list(found.values())

    def active_orgs(self) -> list[ActiveOrg]:
        """All scratch orgs that live and that the user may see."""
        records = self._query(
            "SELECT Id, SignupUsername, ScratchOrg, Description, ExpirationDate "
            "FROM ScratchOrgInfo WHERE Status = 'Active'"
        )
        return [
            ActiveOrg(
                record["SignupUsername"] or "",
                _org_id(record),
                record["Description"] or "",
                _date(record),
            )
            for record in records
        ]

    def delete_org(self, username_or_id: str) -> None:
        """End one scratch org, by signed-up username or org id; one that is gone is fine."""
        refused = self.delete_orgs([username_or_id])
        if refused:
            raise SalesforceError(
                f"{username_or_id} could not be deleted: {refused[username_or_id]}"
            )

    def delete_orgs(self, usernames_or_ids: Sequence[str]) -> Mapping[str, str]:
        """End scratch orgs; those that could not be ended, and why. Gone already is fine.

        One query, and one call for every 200 that are there.
        """
        rows: dict[str, str] = {}  # ActiveScratchOrg id → what the caller called the org
        for portion in portions(list(dict.fromkeys(usernames_or_ids))):
            rows |= self._active_rows(portion)
        refused = {}
        ids = list(rows)
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            with _limits_named():
                results = self.client.delete_many(batch)
            for row, result in zip(batch, results, strict=False):
                why = _why_refused(result)
                if why:
                    refused[rows[row]] = why
        return refused

    def _active_rows(self, names: Sequence[str]) -> dict[str, str]:
        short = {name[:15]: name for name in names if is_id(name)}
        users = {name.lower(): name for name in names if not is_id(name)}
        conditions = []
        if users:
            conditions.append(f"SignupUsername IN {in_list(users)}")
        if short:
            conditions.append(f"ScratchOrg IN {in_list(short)}")
        records = self._query(
            "SELECT Id, SignupUsername, ScratchOrg FROM ActiveScratchOrg "
            f"WHERE {' OR '.join(conditions)}"
        )
        return {
            record["Id"]: users.get((record["SignupUsername"] or "").lower())
            or short.get((record["ScratchOrg"] or "")[:15], "")
            for record in records
        }

    def _query(self, soql: str) -> list[Record]:
        with _limits_named():
            return self.client.query(soql)


def _sign_up_query(ids: Sequence[str], usernames: Sequence[str]) -> str:
    """Never selects AuthCode. Username may be null for ever, SignupUsername is until Active."""
    conditions = []
    if ids:
        conditions.append(f"Id IN {in_list(ids)}")
    if usernames:
        listed = in_list(usernames)
        conditions += [f"Username IN {listed}", f"SignupUsername IN {listed}"]
    return (
        "SELECT Id, Username, SignupUsername, Status, ErrorCode, ScratchOrg, LoginUrl, "
        f"SignupInstance, ExpirationDate FROM ScratchOrgInfo WHERE {' OR '.join(conditions)}"
    )


def _sign_up_status(record: Record) -> SignUpStatus:
    return SignUpStatus(
        id=record["Id"],
        username=(record["SignupUsername"] or record["Username"] or "").lower(),
        status=record["Status"] or "New",
        error_code=record["ErrorCode"] or "",
        org_id=_org_id(record),
        login_url=(record["LoginUrl"] or "").rstrip("/"),
        instance=record["SignupInstance"] or "",
        expiration_date=_date(record),
    )


def _org_id(record: Record) -> str:
    """ScratchOrg holds 15 characters (facts §2.1)."""
    short = record["ScratchOrg"] or ""
    return to_18(short) if is_id(short) else ""


def _date(record: Record) -> date | None:
    text = record["ExpirationDate"]
    return date.fromisoformat(text[:10]) if text else None


def _why_refused(result: Mapping[str, Any]) -> str:
    """Why a deletion was refused; empty for a success, and when there is nothing to delete."""
    errors: Iterable[Mapping[str, Any]] = result.get("errors") or ()
    if result.get("success") or any(e.get("statusCode") in _ALREADY_GONE for e in errors):
        return ""
    return (
        "; ".join(str(e.get("message") or e.get("statusCode")) for e in errors) or "no reason given"
    )


@contextmanager
def _limits_named() -> Iterator[None]:
    """Turn a limit of the Dev Hub into the error that says which one."""
    try:
        yield
    except SalesforceError as error:
        if error.kind != "limit":
            raise
        raise HubLimitError(
            error.message, code=_limit_code(error), hint=_limit_hint(error)
        ) from None


def _limit_code(error: SalesforceError) -> str:
    if error.error_code == "REQUEST_LIMIT_EXCEEDED":
        return "api_limit"
    return "active_limit" if "active" in error.message.lower() else "daily_limit"


def _limit_hint(error: SalesforceError) -> str:
    return {
        "api_limit": error.hint,
        "active_limit": "delete scratch orgs that nobody needs (provisioner reap), or lower size",
        "daily_limit": "the Dev Hub counts sign-ups over 24 hours; run the build again later",
    }[_limit_code(error)]
