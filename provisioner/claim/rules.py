"""The rules of claim, renew and release: who gets which org, until when. Needs only a ledger."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from provisioner.claim.aside import UNCLAIMED, Aside
from provisioner.claim.refusal import expired, not_claimable, not_yours, unknown_username
from provisioner.claim.untold import given_back_unless_told
from provisioner.errors import ClaimError, LedgerError, UsageError
from provisioner.ledger.base import TO_DELETE, Claim, Ledger, Org, State
from provisioner.ledger.changes import cut_to_life
from provisioner.plan import MINIMUM_LIFE

_ATTEMPTS = 20  # times that others may change a row between our read and our move

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
    pools: Collection[str] = (),
    on_wait: Callable[[str], None] | None = None,
    on_undone: Callable[[str], None] = lambda _text: None,
    prove: Callable[[Org], Org | None] | None = None,
    now: Clock | None = None,
) -> Org:
    """Claim `username`, or any available org (of `pool`), for `owner`.

    `prove` looks whether a claimed org lives: it answers with the row, or None when the org is
    dead and has been quarantined; then the next is tried. It raises UnusableError for one that
    refuses the login and may live: that is left, and the next is tried.

    When the look at an org is broken off, the claim is undone, and `on_undone` told how: it is
    kept under its key, or given back.

    `min_life` is 12 hours by default, for an org claimed by name: none. `pools` are those of
    pool.yaml; `on_wait` is told once what is waited for.

    Who waits is served in the order in which they came, before all who do not wait. The lease,
    cut to the org's own life, and the org's age are reckoned by the ledger's clock (`now`).

    Raises NoOrgError when there is none within `wait`, or no such username; ClaimError when the
    named org, or the key, is in use; UsageError for an unknown pool.
    """
    if min_life is None:
        min_life = timedelta() if username else MINIMUM_LIFE
    asked = Claim(owner, pool, username, purpose, idempotency_key=idempotency_key)
    give_up = time.monotonic() + wait.total_seconds()
    with _place(ledger) as join, _set_aside(ledger) as aside:
        while True:
            moment = (now or ledger.now)()
            wanted = _wanted(asked, lease, min_life, moment)
            org = ledger.claim(wanted, now=moment)
            if org is not None:
                checked = _checked(org, wanted)
                with given_back_unless_told(ledger, org, idempotency_key, on_undone):
                    proven = aside.usable(checked, wanted, prove) if prove else checked
                if proven is not None:
                    return proven
                continue
            left = give_up - time.monotonic()
            if aside.is_put_back(left):
                continue
            if left <= 0 or username or not asked.waiter:  # a poll of a pool's waiter is cheap
                refusal = not_claimable(ledger, wanted, pools, moment)
                if left <= 0 or not refusal.may_pass:
                    raise refusal.error
            if asked.waiter:
                pause = ledger.poll_every * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
                time.sleep(min(left, pause))
                continue
            asked = replace(asked, waiter=join())  # the next poll takes the place, at once
            if on_wait is not None:
                on_wait(refusal.error.message)


@contextmanager
def _set_aside(ledger: Ledger) -> Iterator[Aside]:
    """What is set aside in the block is available again after it."""
    aside = Aside(ledger)
    try:
        yield aside
    finally:
        with suppress(LedgerError):  # their leases end, and the claim is what counts
            aside.put_back()


@contextmanager
def _place(ledger: Ledger) -> Iterator[Callable[[], str]]:
    """A place in the queue for whoever asks for one, given up at the end of the block."""
    places: list[str] = []

    def join() -> str:
        places.append(os.urandom(8).hex())
        return places[-1]

    try:
        yield join
    finally:
        for place in places:
            with suppress(LedgerError):  # it lapses by itself, and the claim is what counts
                ledger.leave(place)


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
    """Let the lease end `lease` from now by the ledger's clock (`now`), or with the org.

    A lease that ends later already, or not before the org does, stays as it is, unless told to
    `shorten` it. Raises NoOrgError for an unknown username, ClaimError when `owner` does not hold
    it (and not `force`), nobody does, or the org's own life is over.
    """

    def attempt(org: Org) -> Org | None:
        _refuse_stranger(org, owner, force=force)
        moment = (now or ledger.now)()
        if org.expires_at and org.expires_at <= moment:
            raise expired(org, org.expires_at)
        until = _renewed(org, moment + lease, shorten=shorten)
        return org if until == org.lease_until else ledger.change(org, lease_until=until)

    return _until_done(ledger, username, attempt)


def _renewed(org: Org, asked: datetime, *, shorten: bool) -> datetime | None:
    """The end of the lease of `org` when it is to end at `asked`; None: with the org."""
    current = cut_to_life(org.lease_until, org)
    if not shorten and (current is None or current > asked):
        return current
    return cut_to_life(asked, org)


def release(
    ledger: Ledger,
    username: str,
    *,
    owner: str,
    force: bool = False,
    reuse: bool = False,
    reusable: Collection[str] = (),
) -> Org:
    """Give an org back: to be deleted, or with `reuse` into its pool, if it is in `reusable`.

    Releasing twice is no error. `force` releases anybody's org, and retires an available one.
    Raises NoOrgError for an unknown username, ClaimError when `owner` does not hold it,
    UsageError when its pool does not allow reuse.
    """

    def attempt(org: Org) -> Org | None:
        if org.state in TO_DELETE or org.state is State.DELETED:
            if reuse or not (force or _is_owner(org, owner)):
                raise not_yours(org, owner)
            return org
        if org.state is State.AVAILABLE and force:
            return org if reuse else _to_be_deleted(ledger, org, owner)
        _refuse_stranger(org, owner, force=force)
        if not reuse:
            return _to_be_deleted(ledger, org, owner)
        if org.pool not in reusable:
            raise _no_reuse(org)
        return _back_into_pool(ledger, org, owner)

    return _until_done(ledger, username, attempt)


def _wanted(claim: Claim, lease: timedelta | None, min_life: timedelta, now: datetime) -> Claim:
    lease_until = None if lease is None else now + lease
    return replace(claim, lease_until=lease_until, usable_until=now + min_life)


def _checked(org: Org, wanted: Claim) -> Org:
    """Refuse an org that the key holds for somebody, or something, else."""
    is_other = (wanted.pool and wanted.pool != org.pool) or (
        wanted.username and wanted.username.lower() != org.username.lower()
    )
    if is_other or not _is_owner(org, wanted.owner):
        raise ClaimError(
            f"the idempotency key {wanted.idempotency_key} holds {org.username} "
            f"for {org.owner} already",
            code="key_in_use",
            hint="use a key once for one claim: another owner, pool or username wants another key",
        )
    return org


def _until_done(ledger: Ledger, username: str, attempt: Callable[[Org], Org | None]) -> Org:
    """Look, judge and move, again when somebody changed the row in between."""
    for _ in range(_ATTEMPTS):
        org = ledger.get(username)
        if org is None:
            raise unknown_username(ledger, username)
        changed = attempt(org)
        if changed is not None:
            return changed
    raise ClaimError(
        f"others keep changing {username}; nothing was done", code="claim_lost", hint="try again"
    )


def _is_owner(org: Org, owner: str) -> bool:
    return bool(org.owner) and org.owner.casefold() == owner.casefold()


def _refuse_stranger(org: Org, owner: str, *, force: bool) -> None:
    if org.state is not State.CLAIMED or not (force or _is_owner(org, owner)):
        raise not_yours(org, owner)


def _to_be_deleted(ledger: Ledger, org: Org, owner: str) -> Org | None:
    return ledger.move(org, State.RELEASED, note=f"released by {owner}", lease_until=None)


def _back_into_pool(ledger: Ledger, org: Org, owner: str) -> Org | None:
    """Available again, and unproven: who had it may have changed anything."""
    return ledger.move(
        org,
        State.AVAILABLE,
        note=f"released by {owner} for reuse",
        proven_at=None,
        **UNCLAIMED,
    )


def _no_reuse(org: Org) -> UsageError:
    return UsageError(
        f"the pool {org.pool} does not take released orgs back; {org.username} is still yours",
        code="reuse_not_allowed",
        hint="release it without --reuse, or set `reuse: true` for the pool in pool.yaml",
    )
