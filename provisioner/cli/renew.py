"""`provisioner renew`: a claimed org is kept for longer."""

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
    username: Annotated[str, typer.Argument(help="The org that you hold.")],
    lease: Annotated[
        str | None, typer.Option(metavar="8h", help="How long from now; by default 8h.")
    ] = None,
    shorten: Annotated[
        bool, typer.Option("--shorten", help="With --lease: also when it ends sooner than now.")
    ] = False,
    owner: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The claim's; by default git's e-mail or the OS user."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also when another holds it.")] = False,
) -> None:
    """Let the lease of a claimed org end later, but not later than the org itself.

    A lease that ends later already stays as it is; --lease with --shorten lets it end sooner.
    Exits with 7 when another holds the org.
    """
    from provisioner.claim.rules import renew
    from provisioner.cli.pools import duration, given, owner_of, pools_and_ledger
    from provisioner.ledger.document import org_document

    if shorten and lease is None:
        raise UsageError("--shorten needs a length", hint="write: --lease 1h --shorten")
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
    call.output.result(f"{org.username} is {org.owner}'s {_until(org, now)}", org_document(org))
    if not shorten and (org.lease_until is None or org.lease_until > now + length):
        call.output.say(
            f"the lease ended later than in {lease or '8h'} already, and is unchanged; "
            "--lease with --shorten ends it sooner"
        )


def _until(org: Org, now: datetime) -> str:
    """`until 2026-11-26 02:00 UTC (in 1d 4h)`, and why not later."""
    from provisioner.cli.times import lease_end

    end = lease_end(org, now)
    return f"until {end}" if end else "for as long as it lives"
