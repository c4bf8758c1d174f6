"""What becomes of an org that failed: recorded with step and reason, ended, replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from provisioner.builder.context import BuildContext, RowLostError
from provisioner.builder.crashes import guarded
from provisioner.builder.deletions import delete, why_deleted
from provisioner.builder.events import OrgEvent
from provisioner.errors import ErrorKind, ProvisionerError
from provisioner.ledger.base import Org, State
from provisioner.plan import Creation, Removal
from provisioner.salesforce.error_kinds import sign_up_kind, sign_up_meaning

if TYPE_CHECKING:
    from provisioner.salesforce.hub import SignUpStatus

REPLACEABLE = frozenset({ErrorKind.TRANSIENT, ErrorKind.GONE, ErrorKind.REPLACE})
"""Kinds of failure that another org may not meet; content and configuration it would meet."""


def passes(status: SignUpStatus) -> bool:
    """Whether a sign-up that ended may do better when it is sent again."""
    return status.status == "Error" and sign_up_kind(status.error_code) is ErrorKind.TRANSIENT


def reason_of(status: SignUpStatus) -> str:
    """Why a sign-up made no org."""
    code = status.error_code or "no code"
    return f"sign-up: {status.status} {code}: {sign_up_meaning(status.error_code)}"


class Failures:
    """Ends failed orgs; a failing org never disturbs the others."""

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self.replace: Callable[[Creation], None] = lambda _creation: None
        """Set by the build: asks for another org of the same kind."""
        self.dispatch: Callable[[list[Creation]], None] = lambda _creations: None
        """Set by the build: sends what the circuit breaker admits after a failure."""
        self.repeat: Callable[[Creation], None] = lambda _creation: None
        """Set by the build: signs up again, after a sign-up that failed in passing."""
        self.freed: Callable[[str], None] = lambda _pool: None
        """Set by the build: a slot of a pool is free again."""

    def fail(self, org: Org, step: str, error: ProvisionerError) -> None:
        """Record the failure, end the scratch org, and ask for another where that may help."""
        details = getattr(error, "details", ())
        reason = "\n".join([f"{step}: {error.message}", *details])
        failed = self._record(org, reason, step, error.kind)
        if failed is None:
            return
        if not failed.kept:
            job = guarded(
                self._context,
                lambda: self._end(failed),
                lambda e: self._not_ended(failed, e.message),
            )
            self._context.scheduler.add(f"end {org.username}", job)
        self._replace(failed, error.kind)

    def sign_up_refused(self, org: Org, status: SignUpStatus) -> None:
        """The sign-up ended in Error: there is no org, only a reason."""
        kind, may_pass = sign_up_kind(status.error_code), passes(status)
        failed = self._record(
            org, reason_of(status), "sign-up", kind, counts_for_breaker=not may_pass
        )
        if failed is None:
            return
        self._context.ledger.move(failed, State.DELETED, note="no org was made")
        self.freed(failed.pool)
        if may_pass:
            self._repeat(failed)
        else:
            self._replace(failed, kind)

    def never_signed_up(
        self, org: Org, error: ProvisionerError, *, is_failure: bool = True
    ) -> None:
        """The Dev Hub refused the request itself: nothing was made, nothing is to be ended."""
        reason = f"sign-up: {error.message}"
        failed = self._record(org, reason, "sign-up", error.kind, is_failure=is_failure)
        if failed is not None:
            self._context.ledger.move(failed, State.DELETED, note="never signed up")
            self.freed(failed.pool)

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
        context = self._context
        reason = context.redacted(reason)
        kept = context.options.keep_failed and bool(org.org_id)
        try:
            failed = context.move(org, State.FAILED, note=reason, error=reason, kept=kept)
        except RowLostError:
            return None
        finally:
            with context.lock:
                context.under_way.discard(org.username)
        if is_failure:
            with context.lock:
                context.failed.append(failed)
            context.tell(OrgEvent(org.username, org.pool, State.FAILED, step=step, note=reason))
            if counts_for_breaker:
                self._tell_circuit_breaker(failed, kind, reason)
        return failed

    def _tell_circuit_breaker(self, org: Org, kind: ErrorKind, reason: str) -> None:
        breaker = self._context.circuit_breaker
        before = breaker.reason
        let_through = breaker.failed(org, kind, reason, len(self._context.under_way))
        if breaker.reason != before:
            text = (
                f"{breaker.reason}. No further sign-ups are sent."
                if breaker.is_closed
                else breaker.reason
            )
            self._context.say(text, is_warning=True)
        if let_through:
            self.dispatch(let_through)

    def _end(self, org: Org) -> None:
        """Delete the scratch org; what cannot be deleted now stays `failed` for `reap`."""
        for gone in delete(self._context, [Removal(org, why_deleted(org))]):
            self.freed(gone.pool)

    def _not_ended(self, org: Org, why: str) -> None:
        self._context.say(
            f"{org.username} could not be deleted; the next build or reap tries again: {why}",
            is_warning=True,
        )

    def _repeat(self, org: Org) -> None:
        """No org was made: the sign-up is sent again, by the breaker's budget, not the pool's."""
        context = self._context
        with context.lock:
            if context.limit or context.circuit_breaker.is_closed or context.scheduler.is_stopping:
                return
        self.repeat(Creation(org.pool, org.definition, org.fingerprint))

    def _replace(self, org: Org, kind: ErrorKind) -> None:
        context = self._context
        with context.lock:
            allowed = context.config.pools[org.pool].replacements
            if (
                kind not in REPLACEABLE
                or context.limit
                or context.circuit_breaker.is_closed
                or context.scheduler.is_stopping
                or context.replacements[org.pool] >= allowed
                or context.allowance.daily <= 0
            ):
                return
            context.replacements[org.pool] += 1
        self.replace(Creation(org.pool, org.definition, org.fingerprint))
