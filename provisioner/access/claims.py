"""Claim, extend, release and session of an org for one person: the rules of access, then those of
the command line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from provisioner.access.roles import Role
from provisioner.claim import rules
from provisioner.claim.deletion import delete_released
from provisioner.claim.owner import clean_text
from provisioner.claim.refusal import unknown_username
from provisioner.claim.verification import verified
from provisioner.credentials import of_row
from provisioner.errors import AccessError, UsageError
from provisioner.ledger.base import TO_DELETE, Org, State
from provisioner.login import Session, login_by_any
from provisioner.shares import Shares

if TYPE_CHECKING:
    from provisioner.access.context import AccessContext
    from provisioner.access.person import Person


LONGEST_OF_JOBS = timedelta(hours=24)
"""The longest lease of a CI job: no job of GitHub's runners takes longer than 6 hours, of GitLab's
rarely more; an org of a job that was lost is free again after it."""


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
) -> Org:
    """Claim an org of `pool`, or the org `username` of it, for the person.

    Raises AccessError, and the errors of `provisioner.claim.rules.claim`.
    """
    context.access.require(person, pool, Role.CLAIMER)
    if person.token_id:
        idempotency_key = person.token_id
        lease = LONGEST_OF_JOBS if lease is None else min(lease, LONGEST_OF_JOBS)
        _refuse_used_token(context, person)
    key = f"{person.name} {idempotency_key}" if idempotency_key else ""
    org = rules.claim(
        context.ledger,
        owner=person.name,
        pool=pool,
        username=username,
        purpose=clean_text(purpose, "purpose"),
        lease=lease,
        idempotency_key=clean_text(key, "idempotency_key"),
        min_life=min_life,
        wait=wait,
        team=_team_of(context, person, pool),
        pools=context.config.pools,
        on_wait=on_wait,
        on_undone=context.warn,
        verify=partial(_verified, context),
    )
    context.record(person, "claim", org.username)
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


def _refuse_used_token(context: AccessContext, person: Person) -> None:
    """Raises AccessError for a token whose claim has ended. A running claim is given again."""
    used = context.ledger.events(run=context.run_of(person))
    for event in used:
        row = context.ledger.get(event.username)
        key = f"{person.name} {person.token_id}"
        if row is None or row.state is not State.CLAIMED or row.idempotency_key != key:
            raise AccessError(
                f"this token has already claimed {event.username}",
                code="token_used",
                hint="ask the CI system for a new token for each claim",
            )


def extend(context: AccessContext, person: Person, username: str, lease: timedelta) -> Org:
    """Let the lease of a claim end `lease` from now. Only its owner, or an operator, may."""
    org = _found(context, username)
    is_operator = context.access.role(person, org.pool) >= Role.OPERATOR
    require_change(context, person, org)
    renewed = rules.renew(
        context.ledger, org.username, owner=person.name, lease=lease, force=is_operator
    )
    context.record(person, "extension", org.username)
    return renewed


def release(context: AccessContext, person: Person, username: str, *, reuse: bool = False) -> Org:
    """End a claim: the org is deleted, or with `reuse` available again."""
    org = _found(context, username)
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
    org = _found(context, username)
    if org.state is not State.CLAIMED:
        raise UsageError(
            f"{org.username} is not claimed", code="not_claimed", hint="claim an org first"
        )
    context.access.require_owner(person, org)
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


def _found(context: AccessContext, username: str) -> Org:
    org = context.ledger.get(username)
    if org is None:
        raise unknown_username(context.ledger, username)
    return org


def _verified(context: AccessContext, org: Org) -> Org | None:
    return verified(org, context.config, context.ledger, lambda: context.config, context.warn)
