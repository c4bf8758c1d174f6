"""What follows when an org is available, has failed, or is left to the next build.

An outcome is recorded in the row, counted and reported. It may lead to further sign-ups: those that
the circuit breaker held back, a retry, or a replacement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.builder.circuit_breaker import content_of
from provisioner.builder.crashes import guarded, harmless
from provisioner.builder.deletions import delete, warn_not_deleted, why_deleted
from provisioner.builder.events import OrgEvent
from provisioner.builder.lifecycle import RowLostError
from provisioner.builder.snapshot_trust import UNUSABLE
from provisioner.errors import ErrorKind, ProvisionerError
from provisioner.ledger.base import Org, State
from provisioner.plan import Creation, Removal
from provisioner.salesforce.error_kinds import sign_up_kind, sign_up_meaning

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.login_way import LoginWay
    from provisioner.builder.ready_marks import ReadyMarks
    from provisioner.builder.room import Room
    from provisioner.builder.signup_queue import SignUpQueue
    from provisioner.builder.snapshots import Snapshots
    from provisioner.salesforce.hub import SignUpStatus

REPLACEABLE = frozenset({ErrorKind.TRANSIENT, ErrorKind.GONE, ErrorKind.REPLACE})
"""Kinds of failure that another org may not have; content and configuration fail every org."""


def is_transient(org: Org, status: SignUpStatus) -> bool:
    """Whether the failed sign-up of an org may succeed when it is sent again.

    From a snapshot that cannot be used it does not.
    """
    if org.snapshot and status.error_code in UNUSABLE:
        return False
    return status.status == "Error" and sign_up_kind(status.error_code) is ErrorKind.TRANSIENT


def reason_of(status: SignUpStatus) -> str:
    """Why a sign-up made no org."""
    code = status.error_code or "no code"
    return f"sign-up: {status.status} {code}: {sign_up_meaning(status.error_code)}"


class Outcomes:
    """Records the outcome of each org; a failed org never disturbs the others."""

    def __init__(
        self,
        context: BuildContext,
        queue: SignUpQueue,
        room: Room,
        marks: ReadyMarks,
        way: LoginWay,
        snapshots: Snapshots,
    ) -> None:
        self._context = context
        self._queue = queue
        self._room = room
        self._marks = marks
        self._way = way
        self._snapshots = snapshots

    def available(self, org: Org) -> None:
        """An org is verified, and may be claimed."""
        self._context.progress.complete(org)
        self._room.keep(org.pool, org.username)
        self._context.reporter.org(OrgEvent(org.username, org.pool, State.AVAILABLE))
        what = f"continuing after {org.username} became available"
        harmless(self._context.reporter, what, lambda: self._after_available(org))

    def _after_available(self, org: Org) -> None:
        self._snapshots.available(org)
        released = self._context.circuit_breaker.available(org)
        # Meanwhile there may be a snapshot, from which they are signed up: admit them once more.
        marked = [creation for creation in released if self._snapshots.has_marker(creation)]
        if marked and not org.snapshot:
            self._queue.request(marked)
            released = [creation for creation in released if creation not in marked]
        self._queue.add(released)
        self._marks.add(org)

    def failed(
        self, org: Org, step: str, error: ProvisionerError, *, is_interrupted: bool = False
    ) -> None:
        """A sign-up or step failed for good: delete the org, and replace it where that may help.

        When an earlier build was interrupted in the step, this says nothing about other orgs: the
        circuit breaker does not count it, its successor does not count as a replacement, and its
        snapshot is still used.
        """
        details = getattr(error, "details", ())
        hints = [f"hint: {error.hint}"] if error.hint else []
        reason = "\n".join([f"{step}: {error.message}", *details, *hints])
        is_about_others = not is_interrupted and error.kind is not ErrorKind.GONE
        is_rejected = is_about_others and self._snapshots.reject(org, reason)
        counts = not (is_interrupted or is_rejected)
        failed = self._record(org, reason, step, error.kind, counts_for_breaker=counts)
        if failed is None:
            return
        self._delete_later(failed)
        if is_rejected:
            self._build_in_full(failed)
        else:
            self._replace(failed, error.kind, is_counted=not is_interrupted)

    def not_copied(self, org: Org, step: str, error: ProvisionerError) -> None:
        """The org does not have the Dev Hub's app: it is deleted, and signed up in another way.

        It is no failure, and its successor no replacement.
        """
        reason = f"{step}: {error.message}"
        failed = self._record(org, reason, step, error.kind, is_failure=False)
        if failed is not None:
            self._delete_later(failed)
            self._retry(failed)

    def sign_up_failed(self, org: Org, status: SignUpStatus) -> None:
        """The sign-up ended in Error or Deleted: there is no org, only a reason."""
        kind, may_retry = sign_up_kind(status.error_code), is_transient(org, status)
        is_way = self._way.is_refused_by_sign_up(org, status)
        why, code = reason_of(status), status.error_code
        is_rejected = not may_retry and self._snapshots.reject(org, why, code)
        may_retry = may_retry or is_way
        failed = self._record(
            org,
            reason_of(status),
            "sign-up",
            kind,
            is_failure=not is_way,
            counts_for_breaker=not (may_retry or is_rejected),
        )
        if failed is None:
            return
        self._close(failed, "no org was created")
        if is_rejected:
            self._build_in_full(failed)
        elif may_retry:
            self._retry(failed)
        else:
            self._replace(failed, kind)

    def never_signed_up(
        self, org: Org, error: ProvisionerError, *, is_failure: bool = True
    ) -> None:
        """The Dev Hub refused the request itself: there is no org."""
        reason = f"sign-up: {error.message}"
        failed = self._record(org, reason, "sign-up", error.kind, is_failure=is_failure)
        if failed is not None:
            self._close(failed, "was not signed up")

    def left(self, org: Org, why: str, *, what: str = "which looks up its sign-up") -> None:
        """The next build continues: a sign-up may have been sent, or an org may still exist."""
        self._context.progress.leave(org)
        self._snapshots.ended(org)
        self._way.wake()
        text = f"{org.username} is left to the next build, {what}: {why}"
        self._context.reporter.warn(text)

    def postponed(self, org: Org, step: str, error: ProvisionerError) -> None:
        """The org may be in maintenance, or this network out of order: nothing is deleted.

        The next build tries again. If the org still refuses requests then, it fails.
        """
        why = self._context.reporter.redacted(f"{step}: {error.message}".partition("\n")[0])
        left = self._context.lifecycle.postpone(org, why)
        self.left(left, why, what="which continues its steps")
        self._queue.add(self._context.circuit_breaker.instead(content_of(org)))  # if a canary

    def lost(self, org: Org) -> None:
        """The row was changed by somebody else: this build leaves the org alone."""
        self._context.progress.drop(org.username)
        self._snapshots.ended(org)
        self._way.wake()
        self._room.keep(org.pool, org.username)

    def _record(
        self,
        org: Org,
        reason: str,
        step: str,
        kind: ErrorKind,
        *,
        is_failure: bool = True,
        counts_for_breaker: bool = True,
    ) -> Org | None:
        """Record a failure; None when the row was changed by somebody else."""
        context = self._context
        reason = context.reporter.redacted(reason)
        kept = context.options.keep_failed and bool(org.org_id)
        has_ended = kept and kind is ErrorKind.CONTENT
        try:
            failed = context.lifecycle.fail(org, reason, kept=kept, starts_again=has_ended)
        except RowLostError:
            self.lost(org)
            return None
        context.progress.fail(failed, is_counted=is_failure)
        self._snapshots.ended(failed)
        self._way.wake()
        if kept:
            self._room.keep(failed.pool, failed.username)
        if is_failure:
            event = OrgEvent(org.username, org.pool, State.FAILED, step=step, note=reason)
            context.reporter.org(event)
            if counts_for_breaker:
                self._count(failed, kind, reason)
        return failed

    def _count(self, org: Org, kind: ErrorKind, reason: str) -> None:
        """Count the failure in the circuit breaker, and report what that decides."""
        breaker = self._context.circuit_breaker
        before = breaker.reason
        self._queue.add(breaker.failed(org, kind, reason, len(self._context.progress.pending)))
        if breaker.reason != before:
            end = ". No further sign-ups are sent." if breaker.is_tripped else ""
            self._context.reporter.warn(f"{breaker.reason.rstrip('.')}{end}")

    def _close(self, org: Org, note: str) -> None:
        self._room.hold([org])
        self._context.lifecycle.close(org, note)
        self._room.give(org.pool, org.username)

    def _delete_later(self, failed: Org) -> None:
        if failed.kept:
            return
        job = guarded(
            self._context.reporter,
            lambda: self._delete(failed),
            lambda e: warn_not_deleted(self._context, failed, e.message),
        )
        self._context.scheduler.add(f"delete {failed.username}", job)

    def _delete(self, org: Org) -> None:
        """Delete the scratch org; one that cannot be deleted now stays `failed` for `reap`."""
        self._room.hold([org])
        for deleted in delete(self._context, [Removal(org, why_deleted(org))]):
            self._room.give(deleted.pool, deleted.username)

    def _build_in_full(self, org: Org) -> None:
        """The first org from a snapshot has failed: it and those behind it are built in full."""
        held = self._context.circuit_breaker.release(org)
        if self._may_send_more():
            self._queue.request([_creation(org), *held])

    def _retry(self, org: Org) -> None:
        """Send the sign-up again: no org was created, so it is not a replacement."""
        if self._may_send_more():
            self._queue.retry(_creation(org))

    def _replace(self, org: Org, kind: ErrorKind, *, is_counted: bool = True) -> None:
        progress = self._context.progress
        if kind not in REPLACEABLE or not self._may_send_more() or progress.allowance.daily <= 0:
            return
        most = self._context.config.pools[org.pool].replacements
        if not is_counted or progress.take_replacement(org.pool, most):
            self._queue.request([_creation(org)])

    def _may_send_more(self) -> bool:
        context = self._context
        has_stopped = context.circuit_breaker.is_tripped or context.scheduler.is_stopping
        return not (context.progress.limit or has_stopped or context.options.retry)


def _creation(org: Org) -> Creation:
    """Another org of the same kind."""
    return Creation(org.pool, org.definition, org.fingerprint, org.snapshot)
