"""`provisioner release`: releases a claimed org."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation

if TYPE_CHECKING:
    from provisioner.ledger.base import Org


def command(
    call: Invocation,
    username: Annotated[
        str,
        typer.Argument(metavar="USERNAME", help="Username of the org that you have claimed."),
    ],
    owner: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Your owner name; by default git's user.email or the OS user."
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Release it even if another owner, or nobody, has claimed it."
        ),
    ] = False,
    reuse: Annotated[
        bool,
        typer.Option("--reuse", help="Return it to its pool; needs `reuse: true` in pool.yaml."),
    ] = False,
) -> None:
    """Release a claimed org: it is deleted, or with --reuse returned to its pool.

    If the Dev Hub cannot be reached, or you may not delete the org there, the next build or reap
    deletes it. The exit code is 7 when another owner has claimed the org. Releasing an org twice
    is not an error. If the Salesforce CLI of this machine is logged in to the org, it is logged
    out.
    """
    from provisioner.claim.deletion import delete_released
    from provisioner.claim.rules import release
    from provisioner.cli.pools import given, owner_of, pools_and_ledger
    from provisioner.cli.sf_logout import log_sf_out
    from provisioner.ledger.base import TO_DELETE
    from provisioner.ledger.document import org_document

    with pools_and_ledger(call) as (part, ledger):
        released = release(
            ledger,
            given(username, "USERNAME"),
            owner=owner_of(call, owner),
            force=force,
            reuse=reuse,
            reusable=[pool.name for pool in part.pools.values() if pool.reuse],
        )
        load = partial(call.load, "hub_and_ledger")
        org = released
        if released.state in TO_DELETE and not released.kept:
            org = delete_released(released, ledger, load, call.output.say)
    call.output.result(f"{org.username} {_outcome(released, org)}", org_document(org))
    log_sf_out(call, org.username)


def _outcome(released: Org, org: Org) -> str:
    """The result: `released` is the row after the release, `org` the row after the deletion."""
    from provisioner.claim.refusal import deleted_by
    from provisioner.ledger.base import State

    if released.state is State.AVAILABLE:
        return "is available again" if released.fence else "is available; it was not claimed"
    if released.state is State.DELETED:
        return "was already deleted"
    if org.state is State.DELETED:
        return f"was {released.state} and deleted"
    return f"is {released.state}; {deleted_by(org)} will delete it"
