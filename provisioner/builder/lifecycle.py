"""The life of an org in a build: every transition of its row, and the deadlines in it.

No other file of this package adds, moves or changes a row, except that orgs are deleted by
`provisioner.upkeep.deletion`. Each method below is one transition, committed on return:

    from          method           to            when
    ────────────  ───────────────  ────────────  ──────────────────────────────────────────────
    (no row)      intend           intended      before the sign-up is sent
    intended      send_again       intended      the Dev Hub has never received it
    intended      acknowledge      signing_up    the Dev Hub has answered with its id
    intended,     activate         building      the Dev Hub says that the org is active
     signing_up
    building      remember         building      a step has sent a request, or has made progress
    building      retry_step       building      a step failed, and is tried again
    building      restart_step     building      a step failed for good, and has a `retry` left
    building      finish_step      building      a step is done; the next one is the current one
    building      finish_app       building      the org has a login app of its own
    building      postpone         building      the next build continues with the same step
    building      complete         available     the last step, the verification, is done
    intended,     fail             failed        the sign-up or a step failed for good
     signing_up,
     building
    failed        retry            building      a kept org continues at its step (`retry`)
    failed        close            deleted       the sign-up made no org, so none is to be deleted
    unfinished    take_over        unfinished    a build takes over what an earlier one left
    available     expire           expired       the Dev Hub no longer has the org
    available,    correct_expiry   unchanged     the Dev Hub lists the org as active for longer
     claimed

`unfinished` is intended, signing_up or building. A row is compared and swapped: when it has changed
since it was read, it belongs to somebody else, and the method raises RowLostError. A method that
is called in another state than its own raises ValueError.

A kill at any instant is safe. A row in `intended` may or may not have been sent: the next build
asks the Dev Hub for its username. `step_state` says which request of the current step to poll. The
times in the row (`step_since`, `active_at`) outlive the process, and so do the deadlines.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from provisioner.builder.deadline import Deadline
from provisioner.builder.usernames import new_username
from provisioner.ledger.base import Ledger, Org, Run, State
from provisioner.ledger.hub_counts import Caps, Shortage
from provisioner.steps.base import StartAgain
from provisioner.upkeep.lifetimes import HELD

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.plan import Creation
    from provisioner.salesforce.hub import SignUpStatus

PROPAGATION = 300.0
"""Seconds after activation in which an org may refuse logins.

Source: docs/reference/login.md#first-minutes-of-an-org
"""


APP_PROPAGATION = 1800.0
"""Seconds after activation in which an org may refuse logins through an app of its own.

Source: docs/reference/external-client-apps.md#first-minutes-of-an-app
"""


class RowLostError(Exception):
    """The row of an org was changed by somebody else: this build must not work on it any more."""


class NoSlotError(Exception):
    """A limit of the Dev Hub allows no further sign-up now; nothing was written."""

    def __init__(self, shortage: Shortage) -> None:
        super().__init__(shortage.limit)
        self.shortage = shortage


class OrgLifecycle:
    """The state machine of the rows of one build. Safe to use from several threads."""

    def __init__(
        self,
        ledger: Ledger,
        run: Run,
        config: PoolFile,
        now: Callable[[], datetime],
        *,
        time_scale: float = 1.0,
    ) -> None:
        """`now` dates the rows; `time_scale` is the factor on the deadlines of this build."""
        self._ledger = ledger
        self._run = run
        self._config = config
        self._now = now
        self._time_scale = time_scale

    def new_username(self, creation: Creation) -> str:
        """The username of an org that is not in the ledger yet."""
        return new_username(creation.pool, self._config.dev_hub.username)

    # --- sign-up ------------------------------------------------------------------------------

    def intend(
        self,
        username: str,
        creation: Creation,
        consumer_key: str = "",
        *,
        hub: str = "",
        is_bounded: bool = True,
    ) -> Org:
        """(no row) → intended: the sign-up of this username is about to be sent.

        `consumer_key` is the one that the sign-up names, by default that of the Dev Hub's app;
        `hub` identifies the Dev Hub. Raises NoSlotError when the builds of that Dev Hub
        have used up `limits`, or what it allows (not without `is_bounded`: it does not say);
        RowValueError when the ledger cannot hold the row.
        """
        now = self._now()
        org = Org(
            username=username,
            pool=creation.pool,
            builder_id=self._run.id,
            run=self._run.id,
            definition=creation.definition,
            fingerprint=creation.fingerprint,
            snapshot=creation.snapshot,
            consumer_key=consumer_key or self._config.consumer_app.consumer_key,
            hub=hub,
            created_at=now,
            step_since=now,
        )
        shortage = self._ledger.intend(org, self._caps(now, is_bounded=is_bounded))
        if shortage is not None:
            raise NoSlotError(shortage)
        return org

    def send_again(self, org: Org) -> Org:
        """Intended → intended, with a new deadline: the Dev Hub has never received the sign-up."""
        return self._change(org, State.INTENDED, step_since=self._now())

    def acknowledge(self, org: Org, signup_id: str) -> Org:
        """Intended → signing_up, with the id of the sign-up on the Dev Hub."""
        return self._move(org, State.SIGNING_UP, signup_id=signup_id)

    def activate(self, org: Org, status: SignUpStatus) -> Org:
        """Intended or signing_up → building, with the org's id and URLs; no step has started."""
        return self._move(
            org,
            State.BUILDING,
            signup_id=status.id,
            org_id=status.org_id,
            login_url=status.login_url,
            instance_url=status.login_url,
            step_since=None,
            active_at=self._now(),
        )

    # --- steps --------------------------------------------------------------------------------

    def remember(self, org: Org, step_state: str) -> Org:
        """Building → building, with the state of the current step; the first one sets its time.

        Nothing is written when the row has it already.
        """
        if step_state == org.step_state:
            return org
        since = org.step_since if org.step_state else self._now()
        return self._change(org, State.BUILDING, step_state=step_state, step_since=since)

    def retry_step(self, org: Org) -> Org:
        """Building → building, with one more attempt of the current step."""
        return self._change(org, State.BUILDING, attempts=org.attempts + 1)

    def restart_step(self, org: Org) -> Org:
        """Building → building: the current step starts again, and its time continues."""
        since = org.step_since if org.step_state else self._now()
        return self._change(
            org,
            State.BUILDING,
            attempts=org.attempts + 1,
            step_state=StartAgain().text(),
            step_since=since,
        )

    def finish_step(self, org: Org, findings: Mapping[str, Any], note: str = "") -> Org:
        """Building → building at the next step, with what the step has found out about the org.

        `note` is for the report.
        """
        return self._change(
            org,
            State.BUILDING,
            note=note,
            step=org.step + 1,
            step_state="",
            attempts=0,
            step_since=None,
            error="",
            **findings,
        )

    def finish_app(self, org: Org, consumer_key: str) -> Org:
        """Building → building at its first step, with the consumer key of the org's own app."""
        return self._change(
            org,
            State.BUILDING,
            consumer_key=consumer_key,
            step_state="",
            attempts=0,
            step_since=None,
            error="",
        )

    def postpone(self, org: Org, why: str) -> Org:
        """Building → building, with new attempts for the next build, and why they are needed."""
        return self._change(org, State.BUILDING, attempts=0, error=why)

    # --- outcomes -----------------------------------------------------------------------------

    def complete(self, org: Org) -> Org:
        """Building → available: claims may take the org from now on."""
        return self._move(org, State.AVAILABLE, note="verified", available_at=self._now())

    def fail(self, org: Org, reason: str, *, kept: bool, starts_again: bool = False) -> Org:
        """Unfinished → failed, with the reason; `kept` orgs are not deleted (`--keep-failed`).

        With `starts_again`, the step has ended, and a retry starts it again; else a retry continues
        from its state, as after a kill.
        """
        changes = {"step_state": StartAgain().text()} if starts_again else {}
        return self._move(org, State.FAILED, note=reason, error=reason, kept=kept, **changes)

    def retry(self, org: Org, fingerprint: str) -> Org:
        """Failed → building at the step that failed, with new attempts and a new time for it.

        `fingerprint` is that of the contents when its steps are done.
        """
        state = "" if org.step_state == StartAgain().text() else org.step_state
        return self._move(
            org,
            State.BUILDING,
            note=f"retry, after it failed at {org.error.partition(':')[0]}",
            builder_id=self._run.id,
            fingerprint=fingerprint,
            kept=False,
            error="",
            attempts=0,
            step_state=state,
            step_since=self._now() if state else None,
        )

    def close(self, org: Org, note: str) -> None:
        """Failed → deleted: there is no org behind the row. A row that has changed is left."""
        self._ledger.move(org, State.DELETED, note=note)

    # --- rows of earlier builds ---------------------------------------------------------------

    def take_over(self, pools: Collection[str]) -> list[Org]:
        """Unfinished rows of `pools` become this build's; only while it holds their locks."""
        return self._ledger.adopt(self._run.id, pools)

    def current(self, org: Org) -> Org | None:
        """The row as the ledger has it now: unfinished and this build's, or available; else None.

        For use after an unexpected exception, which may have come after a write.
        """
        row = self._ledger.get(org.username)
        if row is None or (row.builder_id != self._run.id and row.state is not State.AVAILABLE):
            return None
        return row

    def expire(self, org: Org, why: str) -> bool:
        """Available → expired; False when the row has changed, for example by a claim."""
        return self._ledger.move(org, State.EXPIRED, note=why, error=why) is not None

    def correct_expiry(self, org: Org, expires_at: datetime | None) -> None:
        """Available or claimed, with another time of expiry. A row that has changed is left."""
        if org.state in HELD:
            self._ledger.change(org, expires_at=expires_at)

    # --- deadlines ----------------------------------------------------------------------------

    def sign_up_deadline(self, org: Org) -> Deadline:
        """`sign_up_timeout` of the pool, from the intent, or from when it was sent again."""
        limit = self._config.pools[org.pool].sign_up_timeout.total_seconds()
        return self._deadline(org.step_since, limit)

    def step_deadline(self, org: Org, timeout: float, *, is_real_time: bool = False) -> Deadline:
        """`timeout` seconds from the first request of the current step; from now without one."""
        since = org.step_since if org.step_state else None
        scale = 1.0 if is_real_time else self._time_scale
        return Deadline.since(since, self._now(), timeout, time_scale=scale)

    def login_window(self, org: Org) -> Deadline:
        """How long an org may refuse logins because it is new."""
        return self._deadline(org.active_at, PROPAGATION)

    def app_window(self, org: Org) -> Deadline:
        """How long the login app of an org may be unknown because it is new."""
        return self._deadline(org.active_at, APP_PROPAGATION)

    def _caps(self, now: datetime, *, is_bounded: bool) -> Caps:
        """`limits` of pool.yaml. No sign-up is in progress for longer than `sign_up_timeout`."""
        limits = self._config.limits
        longest = max(pool.sign_up_timeout for pool in self._config.pools.values())
        return Caps(
            limits.concurrent_signups,
            limits.keep_daily,
            limits.keep_active,
            since=now - longest * self._time_scale,
            is_bounded=is_bounded,
        )

    def _deadline(self, start: datetime | None, limit: float) -> Deadline:
        return Deadline.since(start, self._now(), limit, time_scale=self._time_scale)

    # --- compare and swap ---------------------------------------------------------------------

    def _move(self, org: Org, to: State, *, note: str = "", **changes: Any) -> Org:
        moved = self._ledger.move(org, to, note=note, **changes)
        if moved is None:
            raise RowLostError(org.username)
        return moved

    def _change(self, org: Org, state: State, *, note: str = "", **changes: Any) -> Org:
        """Change fields of a row in `state`. A move is checked by the ledger in the same way."""
        if org.state is not state:
            raise ValueError(f"{org.username} is {org.state}, not {state}")
        changed = self._ledger.change(org, note=note, **changes)
        if changed is None:
            raise RowLostError(org.username)
        return changed
