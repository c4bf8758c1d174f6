"""`provisioner renew`: a claimed org is kept for longer."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from provisioner.cli.invocation import Invocation


def command(
    call: Invocation,
    username: Annotated[str, typer.Argument(help="The org that you hold.")],
    lease: Annotated[str, typer.Option(metavar="8h", help="How long from now.")] = "8h",
    owner: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The claim's; by default git's e-mail or the OS user."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also when another holds it.")] = False,
) -> None:
    """Let the lease of a claimed org end later. Exits with 7 when another holds it."""
    from provisioner.claim import renew
    from provisioner.cli.pools import duration, given, owner_of, pools_and_ledger
    from provisioner.cli.times import moment
    from provisioner.ledger.document import org_document
    from provisioner.ledger.rows import utc_now

    length = duration(lease, "--lease", least=timedelta(seconds=1)) or timedelta()
    with pools_and_ledger(call) as (_, ledger):
        org = renew(
            ledger,
            given(username, "USERNAME"),
            owner=owner_of(owner),
            lease=length,
            force=force,
        )
    assert org.lease_until is not None
    until = moment(org.lease_until, utc_now())
    call.output.result(f"{org.username} is {org.owner}'s until {until}", org_document(org))
