"""`provisioner renew`: extends the lease of a claimed org."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from provisioner.ledger.base import Org


def command(
    call: Invocation,
    username: Annotated[
        str,
        typer.Argument(metavar="USERNAME", help="Username of the org that you have claimed."),
    ],
    lease: Annotated[
        str | None, typer.Option(metavar="8h", help="Length of the lease from now; default 8h.")
    ] = None,
    shorten: Annotated[
        bool, typer.Option("--shorten", help="With --lease: allow the lease to become shorter.")
    ] = False,
    owner: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Your owner name; by default git's user.email or the OS user."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Extend it even if another owner has claimed the org.")
    ] = False,
) -> None:
    """Extend the lease of a claimed org, at most until the org expires.

    A lease that already ends later is not changed; use --lease with --shorten to shorten it.
    The exit code is 7 when another owner has claimed the org.
    """
    from provisioner.claim.rules import renew
    from provisioner.cli.pools import duration, given, owner_of, pools_and_ledger
    from provisioner.ledger.document import org_document

    if shorten and lease is None:
        raise UsageError("--shorten needs --lease", hint="for example: --lease 1h --shorten")
    length = duration(lease or "8h", "--lease", least=timedelta(seconds=1)) or timedelta()
    with pools_and_ledger(call) as (_, ledger):
        org = renew(
            ledger,
            given(username, "USERNAME"),
            owner=owner_of(call, owner),
            lease=length,
            shorten=shorten,
            force=force,
        )
        now = ledger.now()
    call.output.result(
        f"{org.username} is claimed by {org.owner} {_until(org, now)}", org_document(org)
    )
    if not shorten and (org.lease_until is None or org.lease_until > now + length):
        call.output.say(
            f"The lease already ends later than in {lease or '8h'} and was not changed. "
            "Use --lease with --shorten to shorten it."
        )


def _until(org: Org, now: datetime) -> str:
    """`until 2026-11-26 02:00 UTC (in 1d 4h)`, and the reason if it ends with the org."""
    from provisioner.cli.times import lease_end

    end = lease_end(org, now)
    return f"until {end}" if end else "until it expires"
