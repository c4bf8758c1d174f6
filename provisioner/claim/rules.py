"""Claim, renew and release: who gets which org, and until when. Uses only the ledger."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provisioner.claim.refusal import Refusal, expired, not_claimable, not_yours, unknown_username
from provisioner.claim.team_shares import TeamShares
from provisioner.claim.undo import undone_on_error
from provisioner.claim.unusable import UNCLAIMED, UnusableOrgs
from provisioner.config.quotas import MINIMUM_LIFE
from provisioner.errors import ClaimError, LedgerError, UsageError
from provisioner.ledger.base import TO_DELETE, Claim, Ledger, Org, State
from provisioner.ledger.changes import limited_lease

if TYPE_CHECKING:
    from provisioner.config.model import Pool

_ATTEMPTS = 20  # of a compare-and-swap that fails because the row has changed
_PART = 2.0  # seconds

Clock = Callable[[], datetime]


def claim(
    ledger: Ledger,
    *,
    owner: str,
    pool: str = "",
    username: str = "",
    purpose: str = "",
    lease: timedelta | None = None,
    idempotency_key: str = "",
    min_life: timedelta | None = None,
    wait: timedelta = timedelta(),
    team: str = "",
    pools: Collection[str] | Mapping[str, Pool] = (),
    on_wait: Callable[[str], None] | None = None,
    before_poll: Callable[[], None] | None = None,
    on_undone: Callable[[str], None] = lambda _text: None,
    verify: Callable[[Org], Org | None] | None = None,
    now: Clock | None = None,
) -> Org:
    """Claim `username`, or any available org (of `pool`), for `owner`.

    `verify` checks a claimed org: it returns the row, or None after it has marked a deleted org as
    expired. It raises UnusableError for an org that refuses the login and may be active; that org
    is released later. In both cases the claim tries the next org. When `verify` is interrupted,
    the claim is undone or, with a key, kept; `on_undone` gets a message about it.

    `min_life` is 12 hours by default, and zero for an org that is claimed by name. `pools` are
    those of pool.yaml; given as a mapping, the claim keeps to the shares of their teams, as one of
    `team`. `on_wait` gets one message when the claim starts to wait. While it waits, `before_poll`
    is called every other second; what it raises ends the waiting.

    Waiting claims are served in the order of their arrival, before claims that do not wait. The
    lease ends no later than the org expires; times are those of the ledger's clock (`now`).

    Raises NoOrgError when no org is available within `wait`, or for an unknown username;
    ClaimError when the named org, or the key, is in use; UsageError for an unknown pool.
    """
    if min_life is None:
        min_life = timedelta() if username else MINIMUM_LIFE
    shares = TeamShares(ledger, pools, team)
    asked = Claim(owner, pool, username, purpose, idempotency_key=idempotency_key)
    give_up = time.monotonic() + wait.total_seconds()
    with _queue(ledger) as join, _unusable_orgs(ledger) as unusable:
        while True:
            moment = (now or ledger.now)()
            wanted = _wanted(asked, lease, min_life, moment)
            org = shares.claim(wanted, moment)
            if org is not None:
                checked = _checked(org, wanted)
                with undone_on_error(ledger, org, idempotency_key, on_undone):
                    usable = unusable.usable(checked, wanted, verify) if verify else checked
                if usable is not None:
                    return usable
                continue
            left = give_up - time.monotonic()
            if unusable.release_and_wait(left):
                continue
            if left <= 0 or username or not asked.waiter:  # a poll of a pool's waiter is cheap
                refused = shares.refusal()
                refusal = (
                    Refusal(refused, can_wait=True)
                    if refused
                    else not_claimable(ledger, wanted, pools, moment)
                )
                if left <= 0 or not refusal.can_wait:
                    raise refusal.error
            if asked.waiter:
                _pause(ledger, asked, left, before_poll)
                continue
            asked = replace(asked, waiter=join())  # the next poll adds it to the queue, at once
            if on_wait is not None:
                on_wait(refusal.error.message)


def _pause(
    ledger: Ledger, asked: Claim, left: float, before_poll: Callable[[], None] | None
) -> None:
    """Wait until the next poll, in parts when `before_poll` may end the waiting."""
    if before_poll is None:
        ledger.wait(asked, left)
        return
    for _ in range(max(1, round(ledger.poll_every / _PART))):
        ledger.wait(asked, min(left, _PART))
        before_poll()


@contextmanager
def _unusable_orgs(ledger: Ledger) -> Iterator[UnusableOrgs]:
    """The unusable orgs that the block holds are available again after it."""
    orgs = UnusableOrgs(ledger)
    try:
        yield orgs
    finally:
        with suppress(LedgerError):  # their leases end; the claim must not fail because of them
            orgs.release()


@contextmanager
def _queue(ledger: Ledger) -> Iterator[Callable[[], str]]:
    """A function that gives the id of a new place in the queue, left at the end of the block."""
    ids: list[str] = []

    def join() -> str:
        ids.append(os.urandom(8).hex())
        return ids[-1]

    try:
        yield join
    finally:
        for waiter in ids:
            with suppress(LedgerError):  # an abandoned place is skipped, and deleted later
                ledger.leave(waiter)


def renew(
    ledger: Ledger,
    username: str,
    *,
    owner: str,
    lease: timedelta,
    shorten: bool = False,
    force: bool = False,
    now: Clock | None = None,
) -> Org:
    """Let the lease end `lease` from now by the ledger's clock (`now`), or when the org expires.

    A lease that already ends later is changed only with `shorten`. Raises NoOrgError for an unknown
    username; ClaimError when the org is not claimed, has expired, or is claimed by another owner
    (unless `force`).
    """

    def attempt(org: Org) -> Org | None:
        _require_owner(org, owner, force=force)
        moment = (now or ledger.now)()
        if org.expires_at and org.expires_at <= moment:
            raise expired(org, org.expires_at)
        until = _renewed(org, moment + lease, shorten=shorten)
        return org if until == org.lease_until else ledger.change(org, lease_until=until)

    return _until_done(ledger, username, attempt)


def _renewed(org: Org, asked: datetime, *, shorten: bool) -> datetime | None:
    """The new end of the lease, for a renewal until `asked`; None: when the org expires."""
    current = limited_lease(org.lease_until, org)
    if not shorten and (current is None or current > asked):
        return current
    return limited_lease(asked, org)


def release(
    ledger: Ledger,
    username: str,
    *,
    owner: str,
    force: bool = False,
    reuse: bool = False,
    reusable: Collection[str] = (),
) -> Org:
    """Mark an org for deletion or, with `reuse`, make it available again.

    `reusable` are the pools that allow reuse. A second release is no error. `force` releases the
    org of any owner, and also an available org. Raises NoOrgError for an unknown username,
    ClaimError when `owner` has not claimed it, UsageError when its pool does not allow reuse.
    """

    def attempt(org: Org) -> Org | None:
        if org.state in TO_DELETE or org.state is State.DELETED:
            if reuse or not (force or _is_owner(org, owner)):
                raise not_yours(org, owner)
            return org
        if org.state is State.AVAILABLE and force:
            return org if reuse else _mark_for_deletion(ledger, org, owner)
        _require_owner(org, owner, force=force)
        if not reuse:
            return _mark_for_deletion(ledger, org, owner)
        if org.pool not in reusable:
            raise _no_reuse(org)
        return _make_available(ledger, org, owner)

    return _until_done(ledger, username, attempt)


def _wanted(claim: Claim, lease: timedelta | None, min_life: timedelta, now: datetime) -> Claim:
    lease_until = None if lease is None else now + lease
    return replace(claim, lease_until=lease_until, usable_until=now + min_life)


def _checked(org: Org, wanted: Claim) -> Org:
    """`org`, unless the key holds it for another owner, pool or username. Raises ClaimError."""
    is_other = (wanted.pool and wanted.pool != org.pool) or (
        wanted.username and wanted.username.lower() != org.username.lower()
    )
    if is_other or not _is_owner(org, wanted.owner):
        raise ClaimError(
            f"the idempotency key {wanted.idempotency_key} is in use: {org.owner} has claimed "
            f"{org.username} with it",
            code="key_in_use",
            hint="use another key for a claim with another owner, pool or username",
        )
    return org


def _until_done(ledger: Ledger, username: str, attempt: Callable[[Org], Org | None]) -> Org:
    """Read the row and try `attempt`, again when the row has changed in between."""
    for _ in range(_ATTEMPTS):
        org = ledger.get(username)
        if org is None:
            raise unknown_username(ledger, username)
        changed = attempt(org)
        if changed is not None:
            return changed
    raise ClaimError(
        f"{username} was not changed: other processes keep changing its row",
        code="claim_lost",
        hint="try again",
    )


def _is_owner(org: Org, owner: str) -> bool:
    return bool(org.owner) and org.owner.casefold() == owner.casefold()


def _require_owner(org: Org, owner: str, *, force: bool) -> None:
    if org.state is not State.CLAIMED or not (force or _is_owner(org, owner)):
        raise not_yours(org, owner)


def _mark_for_deletion(ledger: Ledger, org: Org, owner: str) -> Org | None:
    return ledger.move(org, State.RELEASED, note=f"released by {owner}", lease_until=None)


def _make_available(ledger: Ledger, org: Org, owner: str) -> Org | None:
    """Available again, without a verification: its owner may have changed anything."""
    return ledger.move(
        org,
        State.AVAILABLE,
        note=f"released by {owner} for reuse",
        proven_at=None,
        **UNCLAIMED,
    )


def _no_reuse(org: Org) -> UsageError:
    return UsageError(
        f"{org.username} was not released: the pool {org.pool} does not allow reuse",
        code="reuse_not_allowed",
        hint="release it without --reuse, or set `reuse: true` for the pool in pool.yaml",
    )
