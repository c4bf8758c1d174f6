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

if TYPE_CHECKING:
    from provisioner.access.person import Person
    from provisioner.server.world import World


def claim(
    world: World,
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
    world.access.require(person, pool, Role.CLAIMER)
    key = f"{person.name} {idempotency_key}" if idempotency_key else ""
    org = rules.claim(
        world.ledger,
        owner=person.name,
        pool=pool,
        username=username,
        purpose=clean_text(purpose, "purpose"),
        lease=lease,
        idempotency_key=clean_text(key, "idempotency_key"),
        min_life=min_life,
        wait=wait,
        pools=world.config.pools,
        on_wait=on_wait,
        on_undone=world.warn,
        verify=partial(_verified, world),
    )
    world.record(person, "claim", org.username)
    return org


def extend(world: World, person: Person, username: str, lease: timedelta) -> Org:
    """Let the lease of a claim end `lease` from now. Only its owner, or an operator, may."""
    org = _found(world, username)
    is_operator = world.access.role(person, org.pool) >= Role.OPERATOR
    _require_claim(world, person, org)
    renewed = rules.renew(
        world.ledger, org.username, owner=person.name, lease=lease, force=is_operator
    )
    world.record(person, "extension", org.username)
    return renewed


def release(world: World, person: Person, username: str, *, reuse: bool = False) -> Org:
    """End a claim: the org is deleted, or with `reuse` available again."""
    org = _found(world, username)
    _require_claim(world, person, org)
    reusable = [pool.name for pool in world.config.pools.values() if pool.reuse]
    force = not person.owns(org.owner)
    row = rules.release(
        world.ledger,
        org.username,
        owner=person.name,
        force=force,
        reuse=reuse,
        reusable=reusable,
    )
    world.record(person, "release", org.username)
    if row.state in TO_DELETE and not row.kept:
        row = delete_released(row, world.ledger, lambda: world.config, world.warn)
    return row


def session(world: World, person: Person, username: str) -> Session:
    """A new session of an org that the person has claimed. Nobody else gets one."""
    org = _found(world, username)
    if org.state is not State.CLAIMED:
        raise UsageError(
            f"{org.username} is not claimed", code="not_claimed", hint="claim an org first"
        )
    world.access.require_owner(person, org)
    found, _ = login_by_any(of_row(org, world.config))
    world.record(person, "session", org.username)
    return found


def _require_claim(world: World, person: Person, org: Org) -> None:
    """Raises AccessError unless the person may change this claim."""
    world.access.require(person, org.pool, Role.CLAIMER)
    is_operator = world.access.role(person, org.pool) >= Role.OPERATOR
    if not (is_operator or person.owns(org.owner)):
        raise AccessError(
            f"{org.username} is claimed by {org.owner or 'nobody'}, not by {person.name}",
            hint="an operator of the pool can change claims of others",
        )


def _found(world: World, username: str) -> Org:
    org = world.ledger.get(username)
    if org is None:
        raise unknown_username(world.ledger, username)
    return org


def _verified(world: World, org: Org) -> Org | None:
    return verified(org, world.config, world.ledger, lambda: world.config, world.warn)
