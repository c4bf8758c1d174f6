"""Claim, extend, release and session of an org for one person: the rules of access, then those of
the command line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from provisioner.access.roles import Role
from provisioner.access.visible import visible_org
from provisioner.claim import rules
from provisioner.claim.deletion import delete_released
from provisioner.claim.owner import clean_text
from provisioner.claim.undo import undone_on_error
from provisioner.claim.verification import verified
from provisioner.credentials import of_row
from provisioner.errors import AccessError, UsageError
from provisioner.ledger.base import TO_DELETE, Org, State
from provisioner.login import Session, login_by_any
from provisioner.shares import Shares

if TYPE_CHECKING:
    from provisioner.access.context import AccessContext
    from provisioner.access.person import Person


LEASE_OF_JOBS = timedelta(hours=6)
"""The lease of a CI job that asks for none: a job of GitHub's runners takes at most 6 hours
(https://docs.github.com/en/actions/reference/limits). The org of a lost job is free again then."""
LONGEST_OF_JOBS = timedelta(hours=24)
"""The longest lease of a CI job."""


def claim(
    context: AccessContext,
    person: Person,
    *,
    pool: str,
    username: str = "",
    purpose: str = "",
    lease: timedelta | None = None,
    idempotency_key: str = "",
    min_life: timedelta | None = None,
    wait: timedelta = timedelta(),
    on_wait: Callable[[str], None] | None = None,
    before_poll: Callable[[], None] | None = None,
) -> Org:
    """Claim an org of `pool`, or the org `username` of it, for the person.

    A token of a CI job makes one claim. Repeated with the same key, or without one as before, it
    gives the same org, until that is released. `before_poll` is that of `rules.claim`.

    Raises AccessError, and the errors of `provisioner.claim.rules.claim`.
    """
    context.access.require(person, pool, Role.CLAIMER)
    key = claim_key(person, idempotency_key)
    if person.token_id:
        lease = min(lease or LEASE_OF_JOBS, LONGEST_OF_JOBS)
        _refuse_used_token(context, person, key)
    org = rules.claim(
        context.ledger,
        owner=person.name,
        pool=pool,
        username=username,
        purpose=clean_text(purpose, "purpose"),
        lease=lease,
        idempotency_key=key,
        min_life=min_life,
        wait=wait,
        team=_team_of(context, person, pool),
        pools=context.config.pools,
        on_wait=on_wait,
        before_poll=before_poll,
        on_undone=context.warn,
        verify=partial(_verified, context),
    )
    context.record(person, "claim", org.username)
    with undone_on_error(context.ledger, org, "", context.warn):
        _require_own_token(context, person, org)  # a request at the same time may have won
    return org


def _team_of(context: AccessContext, person: Person, pool: str) -> str:
    """The team of a person in a pool, by its groups; of several, one with a free share."""
    known = context.config.pools.get(pool)
    teams = known.teams if known else {}
    own = [
        name for name, team in teams.items() if person.groups & frozenset(team.groups or (name,))
    ]
    if len(own) < 2:
        return own[0] if own else ""
    rows = context.ledger.orgs(pool=pool, states=[State.AVAILABLE, State.CLAIMED])
    shares = Shares(teams, rows, context.ledger.now())
    return max(own, key=shares.unused)


def claim_key(person: Person, idempotency_key: str) -> str:
    """The key of a claim in the ledger, with the person's name, as two people may use the same key.

    Raises UsageError for a key that the ledger cannot store.
    """
    own = idempotency_key or person.token_id
    return clean_text(f"{person.name} {own}", "idempotency_key") if own else ""


def _refuse_used_token(context: AccessContext, person: Person, key: str) -> None:
    """Raises AccessError for a token that has made another claim, or whose claim has ended."""
    username = _claimed_with(context, person)
    row = context.ledger.get(username) if username else None
    if username and (row is None or row.state is not State.CLAIMED or row.idempotency_key != key):
        raise _used(username)


def _require_own_token(context: AccessContext, person: Person, org: Org) -> None:
    """Raises AccessError for a token that has claimed another org.

    One without a claim is allowed: a job may send a new token with each request.
    """
    username = _claimed_with(context, person)
    if username and username != org.username:
        raise _used(username)


def _claimed_with(context: AccessContext, person: Person) -> str:
    """The org that the token of a CI job has claimed; "" if none, and for people."""
    events = context.ledger.events(run=context.run_of(person)) if person.token_id else []
    return events[0].username if events else ""


def _used(username: str) -> AccessError:
    return AccessError(
        f"this token has already claimed {username}, and is valid for that claim only",
        code="token_used",
        hint="ask the CI system for a new token for each claim",
    )


def extend(context: AccessContext, person: Person, username: str, lease: timedelta) -> Org:
    """Let the lease of a claim end `lease` from now. Only its owner, or an operator, may."""
    org = visible_org(context, person, username)
    is_operator = context.access.role(person, org.pool) >= Role.OPERATOR
    require_change(context, person, org)
    renewed = rules.renew(
        context.ledger, org.username, owner=person.name, lease=lease, force=is_operator
    )
    context.record(person, "extension", org.username)
    return renewed


def release(context: AccessContext, person: Person, username: str, *, reuse: bool = False) -> Org:
    """End a claim: the org is deleted, or with `reuse` available again."""
    org = visible_org(context, person, username)
    require_change(context, person, org)
    reusable = [pool.name for pool in context.config.pools.values() if pool.reuse]
    force = not person.owns(org.owner)
    row = rules.release(
        context.ledger,
        org.username,
        owner=person.name,
        force=force,
        reuse=reuse,
        reusable=reusable,
    )
    context.record(person, "release", org.username)
    if row.state in TO_DELETE and not row.kept:
        row = delete_released(row, context.ledger, lambda: context.config, context.warn)
    return row


def session(context: AccessContext, person: Person, username: str) -> Session:
    """A new session of an org that the person has claimed. Nobody else gets one."""
    org = visible_org(context, person, username)
    if org.state is not State.CLAIMED:
        raise UsageError(
            f"{org.username} is not claimed", code="not_claimed", hint="claim an org first"
        )
    context.access.require_owner(person, org)
    _require_own_token(context, person, org)
    found, _ = login_by_any(of_row(org, context.config))
    context.record(person, "session", org.username)
    return found


def require_change(context: AccessContext, person: Person, org: Org) -> None:
    """Raises AccessError unless the person may change this claim."""
    context.access.require(person, org.pool, Role.CLAIMER)
    is_operator = context.access.role(person, org.pool) >= Role.OPERATOR
    if not (is_operator or person.owns(org.owner)):
        raise AccessError(
            f"{org.username} is claimed by {org.owner or 'nobody'}, not by {person.name}",
            hint="an operator of the pool can change claims of others",
        )
    _require_own_token(context, person, org)


def _verified(context: AccessContext, org: Org) -> Org | None:
    return verified(org, context.config, context.ledger, lambda: context.config, context.warn)
