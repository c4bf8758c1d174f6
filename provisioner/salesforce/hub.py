"""The Dev Hub: sign-ups asked for, looked up, ended, and what is left of its limits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from provisioner.errors import SalesforceError
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.definition import SignUp, sign_up_fields
from provisioner.salesforce.deletion import Deletion
from provisioner.salesforce.fields import Row, nullable_id, nullable_text, record_id, row
from provisioner.salesforce.hub_limits import HubLimits, hub_limits, limits_named, no_limits
from provisioner.salesforce.ids import is_id
from provisioner.salesforce.org import OrgClient
from provisioner.salesforce.retry_malformed import is_malformed
from provisioner.salesforce.signup_status import (
    PREFIX,
    SignUpStatus,
    nothing_known,
    sign_up_query,
    sign_up_status,
    unreadable,
)
from provisioner.salesforce.soql import one_of, portions, select

__all__ = ["DevHub", "HubLimits", "SignUp", "SignUpStatus"]

T = TypeVar("T")

BATCH = 200  # records that one collection call takes (docs/reference/http.md#collections)
_ENDED = frozenset({"Deleted", "Error"})  # states of a sign-up that has no org (any more)


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
            try:
                found = self.client.get("limits", lambda answer: hub_limits(row(answer)))
            except SalesforceError as error:
                if not is_malformed(error):
                    raise
                raise no_limits(self.client.name, self.client.limits()) or error from None
        self.check_clock()
        return found

    def sign_up(self, request: SignUp) -> str:
        """Ask for a scratch org; the id of the ScratchOrgInfo.

        After an error of kind TRANSIENT the Dev Hub may have the request: look for its
        username (`signups`) before asking again.
        """
        with limits_named():
            return self.client.create("ScratchOrgInfo", sign_up_fields(request), prefix=PREFIX)

    def signups(self, ids: Collection[str], usernames: Collection[str]) -> list[SignUpStatus]:
        """How the sign-ups with these ids or usernames stand: one query, as long as its URL fits.

        A sign-up that both name is in the answer once; one without a row is not in it. A row
        that stays malformed has the status `UNREADABLE`: it tells nothing of the sign-up.
        """
        wanted = [value for value in dict.fromkeys([*ids, *usernames]) if value]
        found: list[SignUpStatus] = []
        for portion in portions(wanted, times=2):
            found += self._sign_ups(portion, frozenset(ids))
        return list({status.id or status.username: status for status in found}.values())

    def _sign_ups(self, wanted: Sequence[str], ids: Collection[str]) -> list[SignUpStatus]:
        by_id = [value for value in wanted if value in ids]
        by_name = [value for value in wanted if value not in ids]
        names = {name.lower() for name in by_name}

        def is_wanted(status: SignUpStatus) -> bool:
            return status.id in by_id or status.username in names

        def read(record: Row) -> SignUpStatus:
            status = sign_up_status(record)
            if not is_wanted(status):
                raise MalformedAnswerError("a sign-up that was not asked for")
            return status

        found = self.readable(sign_up_query(by_id, by_name), read, unreadable)
        return _accounted_for(found, by_id, by_name)

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
            refused |= self._delete({row: rows[row] for row in ids[start : start + BATCH]})
        return refused

    def _delete(self, rows: Mapping[str, str]) -> dict[str, str]:
        """Delete rows of ActiveScratchOrg; the names that could not be ended, and why."""
        with limits_named():
            results = self.client.delete_many(rows)
        pairs = zip(rows, results, strict=True)
        answers = {rows[key]: Deletion.of(key, result) for key, result in pairs}
        refused = {name: answer.refusal for name, answer in answers.items() if answer.refusal}
        if gone := [name for name, answer in answers.items() if answer.is_gone]:
            still_there = set(self._active_rows(gone).values())  # it was listed a moment ago
            refused |= dict.fromkeys(still_there, "it is listed, but cannot be found for deletion")
        return refused

    def _active_rows(self, names: Sequence[str]) -> dict[str, str]:
        """Row id → name of the orgs that are there. Deleting the row ends the org.

        Source: docs/reference/sign-up.md#deletion.
        """
        by_id = {name[:15]: name for name in names if is_id(name)}
        by_user = {name.lower(): name for name in names if not is_id(name)}
        conditions = [one_of("SignupUsername", by_user)] if by_user else []
        conditions += [one_of("ScratchOrg", by_id)] if by_id else []

        def read(record: Row) -> tuple[str, str]:
            name = by_user.get(nullable_text(record, "SignupUsername").lower())
            name = name or by_id.get(nullable_id(record, "ScratchOrg", prefix="00D")[:15])
            if not name:
                raise MalformedAnswerError("an org that was not asked for")
            return record_id(record, "Id"), name

        fields = "Id, SignupUsername, ScratchOrg"
        with self._asked():
            found = self.client.query_as(select(fields, "ActiveScratchOrg", *conditions), read)
        return dict(found)

    def check_clock(self, *, ask: bool = False) -> None:
        """Raise ClockError when this machine's clock is wrong by the Dev Hub's last answer.

        One odd answer is no evidence: the Dev Hub is asked once more before. With `ask` it is
        asked in any case.
        """
        session = self.client.session
        if ask or session.clock.is_off:
            session.request("GET", f"{session.instance_url}/services/data")
            session.clock.check()

    def readable(
        self, soql: str, read: Callable[[Row], T], instead: Callable[[Row], T | None]
    ) -> list[T]:
        """All records of a query; `instead` is for those that stay malformed (OrgClient)."""
        with self._asked():
            return self.client.query_what_can_be_read(soql, read, instead)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        with limits_named():
            yield
        self.check_clock()


def _accounted_for(
    found: Sequence[SignUpStatus], ids: Sequence[str], names: Sequence[str]
) -> list[SignUpStatus]:
    """What was found; a row that might be about any sign-up stands for those that are missing."""
    told = [s for s in found if s.id in ids or s.username in {name.lower() for name in names}]
    if len(told) == len(found):
        return told
    known = {s.id for s in told} | {s.username for s in told}
    told += [nothing_known(key, "") for key in ids if key not in known]
    return told + [nothing_known("", name) for name in names if name.lower() not in known]
