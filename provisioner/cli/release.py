"""`provisioner release`: a claimed org is given back."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.cli.invocation import Invocation


def command(
    call: Invocation,
    username: Annotated[str, typer.Argument(help="The org that you hold.")],
    owner: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The claim's; by default git's e-mail or the OS user."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also when another holds it, or nobody.")
    ] = False,
    reuse: Annotated[
        bool, typer.Option("--reuse", help="Back into its pool, where pool.yaml allows it.")
    ] = False,
) -> None:
    """Give a claimed org back: the next build or reap deletes it, unless it is reused.

    Exits with 7 when another holds it. Releasing an org twice is no error.
    """
    from provisioner.claim import release
    from provisioner.cli.pools import given, owner_of, pools_and_ledger
    from provisioner.ledger.base import State
    from provisioner.ledger.document import org_document

    with pools_and_ledger(call) as (pool_file, ledger):
        org = release(
            ledger,
            given(username, "USERNAME"),
            owner=owner_of(owner),
            force=force,
            reuse=reuse,
            reusable=[pool.name for pool in pool_file.pools.values() if pool.reuse],
        )
    outcome = {
        State.AVAILABLE: "is available again",
        State.RELEASED: "is released; the next build or reap deletes it",
    }.get(org.state, f"was given back before; it is {org.state}")
    call.output.result(f"{org.username} {outcome}", org_document(org))
