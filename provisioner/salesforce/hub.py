"""The Dev Hub: sign-ups asked for, looked up, ended, and what is left of its limits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from provisioner.salesforce.definition import SignUp, sign_up_fields
from provisioner.salesforce.hub_limits import HubLimits, hub_limits, limits_named
from provisioner.salesforce.ids import is_id
from provisioner.salesforce.org import OrgClient, Record
from provisioner.salesforce.signup_status import (
    SignUpStatus,
    sign_up_query,
    sign_up_status,
)
from provisioner.salesforce.soql import one_of, portions, select

__all__ = ["DevHub", "HubLimits", "SignUp", "SignUpStatus"]

BATCH = 200  # records that one collection call takes (facts §2.7)
_ENDED = frozenset({"Deleted", "Error"})  # states of a sign-up that has no org (any more)
_GONE_ALREADY = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY"})


class DevHub:
    """The Dev Hub's API, and its clock: every answer that is decided by is compared with it.

    Every method raises SalesforceError or LoginError, HubLimitError where a limit is hit, and
    ClockError when the clock of this machine is wrong.
    """

    def __init__(self, client: OrgClient) -> None:
        self.client = client

    def limits(self) -> HubLimits:
        """How many scratch orgs are allowed and left, active and within a day."""
        with limits_named():
            found = hub_limits(self.client.name, self.client.limits())
        self.check_clock()
        return found

    def sign_up(self, request: SignUp) -> str:
        """Ask for a scratch org; the id of the ScratchOrgInfo.

        After an error of class `transient` the Dev Hub may have the request: look for its
        username (`signups`) before asking again.
        """
        with limits_named():
            return self.client.create("ScratchOrgInfo", sign_up_fields(request))

    def signups(self, ids: Collection[str], usernames: Collection[str]) -> list[SignUpStatus]:
        """How the sign-ups with these ids or usernames stand: one query, as long as its URL fits.

        A sign-up that both name is in the answer once; one without a row is not in it.
        """
        known = frozenset(ids)
        wanted = [value for value in dict.fromkeys([*ids, *usernames]) if value]
        found: dict[str, SignUpStatus] = {}
        for portion in portions(wanted, times=2):
            by_id = [value for value in portion if value in known]
            by_name = [value for value in portion if value not in known]
            for record in self.query(sign_up_query(by_id, by_name)):
                found[record["Id"]] = sign_up_status(record)
        return list(found.values())

    def gone(self, usernames: Collection[str]) -> set[str]:
        """Those of the signed-up `usernames` whose orgs have ended, as the Dev Hub says it.

        One query for all; another for those that have no ActiveScratchOrg row. Its lack alone
        is no evidence: a user may not see what another has made. The sign-up must say so, too.
        """
        names = list(dict.fromkeys(name.lower() for name in usernames))
        active = {name for part in portions(names) for name in self._active_rows(part).values()}
        missing = [name for name in names if name not in active]
        if not missing:
            return set()
        statuses = self.signups([], missing)
        alive = {s.username for s in statuses if s.status not in _ENDED}
        return {s.username for s in statuses if s.username in missing} - alive

    def delete_orgs(self, names: Sequence[str], *, unseen: str = "") -> Mapping[str, str]:
        """End scratch orgs by signed-up username or org id; gone already is fine.

        The answer names those that could not be ended, and why. One query, and one call for
        every 200 orgs that are there. An org that the Dev Hub does not show counts as gone; for
        a user who may not see all orgs, `unseen` is why it could not be ended.
        """
        rows: dict[str, str] = {}  # ActiveScratchOrg id → what the caller calls the org
        for portion in portions(list(dict.fromkeys(names))):
            rows |= self._active_rows(portion)
        ids = list(rows)
        refused = dict.fromkeys(set(names).difference(rows.values()), unseen) if unseen else {}
        for start in range(0, len(ids), BATCH):
            self.check_clock()  # the answer just before each deletion is the evidence
            batch = ids[start : start + BATCH]
            with limits_named():
                results = self.client.delete_many(batch)
            for row, result in zip(batch, results, strict=False):
                if why := _refusal(result):
                    refused[rows[row]] = why
        return refused

    def _active_rows(self, names: Sequence[str]) -> dict[str, str]:
        """Row id → name of the orgs that are there. Deleting the row ends the org (facts §2.7)."""
        by_id = {name[:15]: name for name in names if is_id(name)}
        by_user = {name.lower(): name for name in names if not is_id(name)}
        conditions = [one_of("SignupUsername", by_user)] if by_user else []
        conditions += [one_of("ScratchOrg", by_id)] if by_id else []
        fields = "Id, SignupUsername, ScratchOrg"
        records = self.query(select(fields, "ActiveScratchOrg", *conditions))
        return {
            record["Id"]: by_user.get((record["SignupUsername"] or "").lower())
            or by_id[record["ScratchOrg"][:15]]
            for record in records
        }

    def check_clock(self, *, ask: bool = False) -> None:
        """Raise ClockError when this machine's clock is wrong by the Dev Hub's last answer.

        One odd answer is no evidence: the Dev Hub is asked once more before. With `ask` it is
        asked in any case.
        """
        session = self.client.session
        if ask or session.clock.is_off:
            session.request("GET", f"{session.instance_url}/services/data")
            session.clock.check()

    def query(self, soql: str) -> list[Record]:
        """All records of a query."""
        with limits_named():
            records = self.client.query(soql)
        self.check_clock()
        return records


def _refusal(result: Mapping[str, Any]) -> str:
    """Why a deletion was refused; empty for a success, and when there was nothing to delete."""
    errors = result.get("errors") or [{}]
    if result.get("success") or errors[0].get("statusCode") in _GONE_ALREADY:
        return ""
    return str(errors[0].get("message") or errors[0].get("statusCode") or "no reason given")
