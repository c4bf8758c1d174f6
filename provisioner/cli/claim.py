"""`provisioner claim`: one org for one owner, by its username or any of a pool."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation

if TYPE_CHECKING:
    from datetime import datetime

    from provisioner.config.ledger_part import LedgerPart
    from provisioner.ledger.base import Ledger, Org


def command(
    call: Invocation,
    username: Annotated[
        str | None,
        typer.Argument(help="The org to take; by default any that is available."),
    ] = None,
    pool: Annotated[str | None, typer.Option(metavar="POOL", help="Any org of this pool.")] = None,
    owner: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Who takes it; by default git's e-mail or the OS user."),
    ] = None,
    purpose: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is for.")] = None,
    lease: Annotated[
        str | None,
        typer.Option(metavar="8h", help="For how long; by default as long as the org lives."),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="The same key gives the same org again."),
    ] = None,
    min_life: Annotated[
        str | None,
        typer.Option(metavar="12h", help="How long it must live; 12h, and by name 0s."),
    ] = None,
    wait: Annotated[
        str | None, typer.Option(metavar="10m", help="How long to wait for one.")
    ] = None,
) -> None:
    """Take one org for one owner: USERNAME, or the one that dies first of those that suffice.

    Exits with 3 when none is available, with 7 when another holds the named org. Nobody else
    gets the org until it is released; log in to it with `provisioner login`. When the answer
    cannot be written, the org is given back, or kept under its key.
    """
    from provisioner.claim import claim
    from provisioner.claim.untold import given_back_unless_told
    from provisioner.cli.pools import duration, given, owner_of, pools_and_ledger
    from provisioner.ledger.document import org_document
    from provisioner.ledger.rows import utc_now

    second = timedelta(seconds=1)
    key = given(idempotency_key, "--idempotency-key")
    call.output.refuse_without_reader()
    with pools_and_ledger(call) as (part, ledger):
        org = claim(
            ledger,
            username=given(username, "USERNAME"),
            pool=given(pool, "--pool"),
            owner=owner_of(call, owner),
            purpose=given(purpose, "--purpose"),
            lease=duration(lease, "--lease", least=second),
            idempotency_key=key,
            min_life=duration(min_life, "--min-life"),
            wait=duration(wait, "--wait") or timedelta(),
            pools=part.pools,
            prove=lambda org: _proven(call, part, ledger, org),
            on_wait=lambda why: call.output.say(f"{why}; waiting up to {wait} (Ctrl-C ends it)"),
            on_undone=call.output.warn,
        )
        with given_back_unless_told(ledger, org, key, call.output.warn):
            call.output.result(_told(call, org, utc_now()), org_document(org))
    if lease is not None and org.lease_until is not None and org.lease_until == org.expires_at:
        call.output.say("the lease was cut: it ends with the org")


def _proven(call: Invocation, part: LedgerPart, ledger: Ledger, org: Org) -> Org | None:
    """The org, when it lives or cannot be looked at; None when it is dead, and quarantined.

    Only to look at it are the keys of pool.yaml read. Raises UnusableError when it refuses the
    login, and the Dev Hub does not say that it is gone.
    """
    from provisioner.config.model import DEFAULT_PROVE_AFTER

    pool = part.pools.get(org.pool)
    now = ledger.now()
    after = pool.prove_after if pool else DEFAULT_PROVE_AFTER
    if org.proven_at is not None and now - after < org.proven_at <= now + timedelta(minutes=5):
        return org  # before anything about logins is imported; a proof of the future is none
    from provisioner.claim.aside import UnusableError
    from provisioner.cli.health import confirmed
    from provisioner.errors import ConfigError
    from provisioner.health import examine, record

    try:
        pool_file = call.load("hub_and_ledger")
    except ConfigError as error:
        why = error.message.partition("\n")[0]
        call.output.warn(f"{org.username} could not be proven: {why}")
        return org
    (health,) = confirmed(pool_file, [examine(org, pool_file)])
    if health.is_alive is None and not health.is_usable:
        call.output.warn(f"{org.username} could not be used and is left: {health.why}")
        raise UnusableError(org, health.why)
    if health.is_alive is None:
        call.output.warn(f"{org.username} could not be proven: {health.why}")
    elif not health.is_alive:
        call.output.warn(f"{org.username} is dead and quarantined: {health.why}")
    changed = record(ledger, health, now)
    if health.is_alive is False:
        return None
    return changed or _still_ours(ledger, org)


def _still_ours(ledger: Ledger, org: Org) -> Org | None:
    """The row of a claim that somebody changed while we looked; None when the claim is over."""
    row = ledger.get(org.username)
    is_ours = row is not None and (row.state, row.fence) == (org.state, org.fence)
    return row if is_ours else None


def _told(call: Invocation, org: Org, now: datetime) -> list[str]:
    from provisioner.cli.pools import command_line
    from provisioner.cli.times import lease_end, moment

    facts = [
        ("instance", org.instance_url),
        ("expires", moment(org.expires_at, now) if org.expires_at else ""),
        ("yours until", lease_end(org, now) if org.lease_until else ""),
        ("log in", command_line(call, f"login {org.username}")),
    ]
    lines = [f"  {name:<12}{value}" for name, value in facts if value]
    return [org.username, *lines]
