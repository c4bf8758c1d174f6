"""The org of a probe: from its row in the ledger to its deletion."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as time_of_day
from typing import TYPE_CHECKING, Any

from provisioner.builder.first_logins import has_first_session
from provisioner.builder.outcomes import reason_of
from provisioner.builder.usernames import new_username
from provisioner.errors import (
    STOPS,
    ErrorKind,
    HubLimitError,
    ProvisionerError,
    SalesforceError,
    UsageError,
)
from provisioner.ledger.base import Org, State
from provisioner.salesforce.definition import SignUp
from provisioner.salesforce.error_kinds import sign_up_kind
from provisioner.upkeep.deletion import delete_orgs
from provisioner.upkeep.ownership_tag import tag_of
from provisioner.upkeep.probes import POOL, REASON

if TYPE_CHECKING:
    from provisioner.probe.context import ProbeContext
    from provisioner.salesforce.hub import SignUpStatus

DURATION_DAYS = 1
FIRST_POLL, LONGEST_INTERVAL = 1.0, 5.0  # seconds; short, because the duration is measured
INTERVAL_BY_AGE = 0.1
REPORT_EVERY = 30.0  # seconds between two lines about a pending sign-up
LONGEST_ARRIVAL = 30.0  # seconds an insert may take (docs/reference/durations.md)
DELETIONS, BETWEEN_DELETIONS = 3, 5.0  # attempts to delete the org, and the seconds between them


@dataclass(frozen=True)
class Deletion:
    """How the deletion ended. `is_allowed` is None when it is unknown."""

    is_allowed: bool | None
    left_because: str = ""


class ProbeOrg:
    """One org. Its row is written, as one to be deleted, before its sign-up is sent."""

    def __init__(self, context: ProbeContext, consumer_key: str) -> None:
        """`consumer_key` is the one that the sign-up names."""
        self._context = context
        self.active_at = 0.0  # by time.monotonic
        now = context.connections.clock.now()
        self.row = Org(
            username=new_username("probe", context.config.dev_hub.username),
            pool=POOL,
            state=State.FAILED,
            run=context.run.id,
            definition=context.definition_name,
            consumer_key=consumer_key,
            created_at=now,
            error=REASON,
        )
        context.ledger.restore(self.row, note=REASON)
        self._may_exist = False

    def sign_up(self) -> float:
        """Sign up, and wait until the org is active. Returns the seconds that this took.

        Raises SalesforceError for a sign-up that fails, HubLimitError at a limit.
        """
        started = time.monotonic()
        self._may_exist = True
        try:
            signup_id = self._context.connections.hub.sign_up(self._request())
            self.change(signup_id=signup_id)
        except (HubLimitError, SalesforceError) as error:
            if error.kind is not ErrorKind.TRANSIENT:
                self._close("was not signed up")
                raise
            self._context.say(f"no answer about the sign-up; the Dev Hub is asked: {error.message}")
        status = self._outcome(started)
        seconds = self._context.since(started)
        self.active_at = time.monotonic()
        self.change(
            signup_id=status.id,
            org_id=status.org_id,
            login_url=status.login_url,
            instance_url=status.login_url,
            active_at=self._context.connections.clock.now(),
            expires_at=_start_of_expiry(status),
        )
        if status.code is not None:
            self._context.connections.first_logins.keep_code(self.row.username, status.code)
        return seconds

    def _request(self) -> SignUp:
        return SignUp(
            definition=self._context.definition,
            username=self.row.username,
            consumer_key=self.row.consumer_key,
            duration_days=DURATION_DAYS,
            ownership_tag=tag_of(self._context.config, self.row).line(),
        )

    # --- waiting ------------------------------------------------------------------------------

    def _outcome(self, started: float) -> SignUpStatus:
        """The status of the active org. Raises SalesforceError when there will be none."""
        reported = 0.0
        while True:
            age = self._context.since(started)
            self._context.wait(min(max(FIRST_POLL, age * INTERVAL_BY_AGE), LONGEST_INTERVAL))
            status = self._status()
            if status is not None and status.status == "Active":
                return status
            if status is not None and status.status in ("Error", "Deleted"):
                self._close("no org was created")
                code = status.error_code
                raise SalesforceError(reason_of(status), error_code=code, kind=sign_up_kind(code))
            age = self._context.since(started)
            if age > self._longest(status):
                what = f"still {status.status}" if status else "not listed by the Dev Hub"
                text = f"sign-up of {self.row.username}: {what} after {age:.0f} s"
                raise SalesforceError(text, kind=ErrorKind.GONE)
            if age - reported >= REPORT_EVERY:
                reported = age
                self._context.say(f"the sign-up is still in progress after {age:.0f} s")

    def _longest(self, status: SignUpStatus | None) -> float:
        """How long to wait: a sign-up whose answer was lost may not have arrived."""
        is_lost = status is None and not self.row.signup_id
        return LONGEST_ARRIVAL if is_lost else self._context.sign_up_timeout

    def _status(self) -> SignUpStatus | None:
        """The status, or None while it is unknown: one poll may fail."""
        row = self.row
        try:
            found = self._context.connections.hub.signups(
                [row.signup_id] if row.signup_id else [],
                [row.username],
                with_codes=has_first_session(row),
            )
        except SalesforceError as error:
            if error.kind is not ErrorKind.TRANSIENT:
                raise
            return None
        own = [s for s in found if s.id == row.signup_id or s.username == row.username.lower()]
        return own[0] if own else None

    # --- the row ------------------------------------------------------------------------------

    def change(self, **changes: Any) -> None:
        """Change the row. Raises UsageError when somebody else has changed it meanwhile."""
        changed = self._context.ledger.change(self.row, **changes)
        if changed is None:
            raise deleted_meanwhile(self.row)
        self.row = changed

    def check_row(self) -> None:
        """Raise UsageError when the org was deleted meanwhile: then its answers mean nothing."""
        row = self._context.ledger.get(self.row.username)
        if row is None or row.version != self.row.version:
            raise deleted_meanwhile(self.row)

    def _close(self, note: str) -> None:
        """There is no org behind the row."""
        self._may_exist = False
        self._context.ledger.move(self.row, State.DELETED, note=note)

    # --- the end ------------------------------------------------------------------------------

    def delete(self) -> Deletion | None:
        """Delete the org, whatever has happened to it; None when there is none.

        Raises only errors that stop every command (`STOPS`).
        """
        if not self._may_exist:
            self._context.ledger.move(self.row, State.DELETED, note="was not signed up")
            return None
        if not self.row.org_id:
            return self._delete_early()
        outcome = self._delete()
        for _ in range(DELETIONS - 1):
            if not outcome.left_because:
                break
            self._context.wait(BETWEEN_DELETIONS)
            outcome = self._delete()
        if outcome.left_because:
            self._end_first_session()
        return outcome

    def _delete_early(self) -> Deletion:
        """Delete an org that this probe has not seen active: its sign-up may be pending."""
        hub, ledger = self._context.connections.hub, self._context.ledger
        left = delete_orgs(hub, ledger, [self.row]).left
        return Deletion(None, left[0][1] if left else "")

    def _delete(self) -> Deletion:
        unseen = "the Dev Hub does not list it among the active orgs that this user sees"
        try:
            hub = self._context.connections.hub
            refused = hub.delete_orgs([self.row.username], unseen=unseen)
        except STOPS:
            raise
        except ProvisionerError as error:
            is_passing = error.kind in (ErrorKind.TRANSIENT, ErrorKind.LIMIT)
            return Deletion(None if is_passing else False, error.message.partition("\n")[0])
        if reason := refused.get(self.row.username):
            row = self._context.ledger.get(self.row.username)
            was_deleted = row is None or row.state is State.DELETED
            return Deletion(None) if was_deleted else Deletion(False, reason)
        self._context.ledger.move(self.row, State.DELETED, note="the probe has ended")
        return Deletion(True)

    def _end_first_session(self) -> None:
        """An org that stays must not keep a session whose tokens this process forgets."""
        first_logins = self._context.connections.first_logins
        if has_first_session(self.row) and first_logins.is_open(self.row.username):
            with suppress(ProvisionerError):
                first_logins.revoke(self.row)


def deleted_meanwhile(row: Org) -> UsageError:
    """The error when the org of a probe was deleted by another command."""
    return UsageError(
        f"{row.username}, the org of the probe, was deleted meanwhile, perhaps by "
        "`provisioner reap`",
        code="probe_org_deleted",
        hint="run the probe again while no reap runs",
    )


def _start_of_expiry(status: SignUpStatus) -> datetime | None:
    """The earliest time at which the org may expire."""
    day = status.expiration_date
    return None if day is None else datetime.combine(day, time_of_day.min, UTC)
