"""The API of a Dev Hub: request sign-ups, read their status, delete orgs, read the limits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from provisioner.errors import ErrorKind, SalesforceError
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

BATCH = 200  # records of one collection call (docs/reference/http.md#collections)
_ENDED = frozenset({"Deleted", "Error"})  # states of a sign-up without an org


class DevHub:
    """The API of a Dev Hub.

    Every method raises SalesforceError or LoginError, HubLimitError when a limit is reached, and
    ClockError when the clock of this machine differs from the Dev Hub's.
    """

    def __init__(self, client: OrgClient) -> None:
        self.client = client

    def limits(self) -> HubLimits:
        """The active and daily limits of scratch orgs, and what remains of them."""
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
        """Request a scratch org. Returns the id of the ScratchOrgInfo.

        After an error of kind TRANSIENT the Dev Hub may have the request: query its username
        (`signups`) before sending it again.
        """
        with limits_named():
            return self.client.create("ScratchOrgInfo", sign_up_fields(request), prefix=PREFIX)

    def signups(
        self, ids: Collection[str], usernames: Collection[str], *, with_codes: bool = False
    ) -> list[SignUpStatus]:
        """The status of the sign-ups with these ids or usernames, by one query per URL length.

        A sign-up that both an id and a username name is returned once; one without a row is
        not returned. A row that stays malformed has the status `UNREADABLE`. The one-time codes of
        active orgs are read only `with_codes`.
        """
        wanted = [value for value in dict.fromkeys([*ids, *usernames]) if value]
        found: list[SignUpStatus] = []
        for portion in portions(wanted, times=2):
            found += self._sign_ups(portion, frozenset(ids), with_codes=with_codes)
        return list({status.id or status.username: status for status in found}.values())

    def _sign_ups(
        self, wanted: Sequence[str], ids: Collection[str], *, with_codes: bool
    ) -> list[SignUpStatus]:
        by_id = [value for value in wanted if value in ids]
        by_name = [value for value in wanted if value not in ids]
        names = {name.lower() for name in by_name}

        def is_wanted(status: SignUpStatus) -> bool:
            return status.id in by_id or status.username in names

        def read(record: Row) -> SignUpStatus:
            status = sign_up_status(record)
            if not is_wanted(status):
                raise MalformedAnswerError("it has a sign-up that was not requested")
            return status

        soql = sign_up_query(by_id, by_name, with_codes=with_codes)
        with _codes_readable():
            found = self.readable(soql, read, unreadable)
        return _accounted_for(found, by_id, by_name)

    def gone(self, usernames: Collection[str]) -> set[str]:
        """Those of the signed-up `usernames` whose orgs are deleted according to the Dev Hub.

        One query for all, and a second one for those without an ActiveScratchOrg row. A missing
        row is not enough, because a user may not see the orgs of others: the sign-up must have
        ended as well.
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
        """Delete scratch orgs by signed-up username or org id.

        Returns the orgs that could not be deleted, with the reason. One query, and one call for
        every 200 existing orgs. An org that the Dev Hub does not list counts as deleted; for a
        user who may not see all orgs, `unseen` is the reason why it could not be deleted.
        """
        rows: dict[str, str] = {}  # ActiveScratchOrg id → the caller's name of the org
        for portion in portions(list(dict.fromkeys(names))):
            rows |= self._active_rows(portion)
        ids = list(rows)
        refused = dict.fromkeys(set(names).difference(rows.values()), unseen) if unseen else {}
        for start in range(0, len(ids), BATCH):
            self.check_clock()  # by the last answer before each deletion
            refused |= self._delete({row: rows[row] for row in ids[start : start + BATCH]})
        return refused

    def _delete(self, rows: Mapping[str, str]) -> dict[str, str]:
        """Delete rows of ActiveScratchOrg. Returns the names that were not deleted, and why."""
        with limits_named():
            results = self.client.delete_many(rows)
        pairs = zip(rows, results, strict=True)
        answers = {rows[key]: Deletion.of(key, result) for key, result in pairs}
        refused = {name: answer.refusal for name, answer in answers.items() if answer.refusal}
        if gone := [name for name, answer in answers.items() if answer.is_gone]:
            still_there = set(self._active_rows(gone).values())  # they were listed a moment ago
            refused |= dict.fromkeys(
                still_there, "the Dev Hub lists the org, but does not find it for deletion"
            )
        return refused

    def _active_rows(self, names: Sequence[str]) -> dict[str, str]:
        """Row id → name of the active orgs. Deleting the row deletes the org.

        ScratchOrg is a text, so a condition may also find the org whose id differs in case; it is
        left out.

        Source: docs/reference/sign-up.md#deletion.
        """
        by_id = {name[:15]: name for name in names if is_id(name)}
        by_user = {name.lower(): name for name in names if not is_id(name)}
        ignoring_case = {org_id.lower() for org_id in by_id}
        conditions = [one_of("SignupUsername", by_user)] if by_user else []
        conditions += [one_of("ScratchOrg", by_id)] if by_id else []

        def read(record: Row) -> tuple[str, str]:
            name = by_user.get(nullable_text(record, "SignupUsername").lower())
            org_id = nullable_id(record, "ScratchOrg", prefix="00D")[:15]
            name = name or by_id.get(org_id) or ""
            if not name and org_id.lower() not in ignoring_case:
                raise MalformedAnswerError("it has an org that was not requested")
            return record_id(record, "Id"), name

        fields = "Id, SignupUsername, ScratchOrg"
        with self._asked():
            found = self.client.query_as(select(fields, "ActiveScratchOrg", *conditions), read)
        return {row: name for row, name in found if name}

    def check_clock(self, *, ask: bool = False) -> None:
        """Raise ClockError when this machine's clock differs from the Dev Hub's.

        The Dev Hub's last answer is compared. When it differs, or with `ask`, one more answer is
        requested first, because a single one may have a wrong date.
        """
        session = self.client.session
        if ask or session.clock.is_off:
            session.request("GET", f"{session.instance_url}/services/data")
            session.clock.check()

    def readable(
        self, soql: str, read: Callable[[Row], T], instead: Callable[[Row], T | None]
    ) -> list[T]:
        """All records of a query; see `OrgClient.query_what_can_be_read`."""
        with self._asked():
            return self.client.query_what_can_be_read(soql, read, instead)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        with limits_named():
            yield
        self.check_clock()


@contextmanager
def _codes_readable() -> Iterator[None]:
    """Names the right that the user lacks when the field of the one-time codes is hidden."""
    try:
        yield
    except SalesforceError as error:
        if error.error_code == "INVALID_FIELD" and "AuthCode" in error.message:
            error.kind = ErrorKind.CONFIGURATION
            error.hint = (
                "orgs get login apps of their own (dev_hub.login_app), which needs the one-time "
                "code of each sign-up: give the user of the build read access to the field "
                "AuthCode of Scratch Org Infos"
            )
        raise


def _accounted_for(
    found: Sequence[SignUpStatus], ids: Sequence[str], names: Sequence[str]
) -> list[SignUpStatus]:
    """`found`; if a row cannot be assigned to a sign-up, the missing ones are UNREADABLE."""
    assigned = [s for s in found if s.id in ids or s.username in {name.lower() for name in names}]
    if len(assigned) == len(found):
        return assigned
    known = {s.id for s in assigned} | {s.username for s in assigned}
    assigned += [nothing_known(key, "") for key in ids if key not in known]
    return assigned + [nothing_known("", name) for name in names if name.lower() not in known]
