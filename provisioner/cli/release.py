"""`provisioner release`: a claimed org is given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation

if TYPE_CHECKING:
    from provisioner.ledger.base import Ledger, Org

_PACE = 0.2  # of the waits for a Dev Hub that does not answer: a build comes by later anyway


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
    """Give a claimed org back: it is deleted, unless it is reused.

    Where the Dev Hub lets you not delete it, or cannot be reached, the next build or reap does.
    Exits with 7 when another holds it. Releasing an org twice is no error.
    """
    from provisioner.claim import release
    from provisioner.cli.pools import given, owner_of, pools_and_ledger
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
        may_end = released.state in TO_DELETE and not released.kept
        org = _ended(call, ledger, released) if may_end else released
    call.output.result(f"{org.username} {_outcome(released, org)}", org_document(org))


def _outcome(released: Org, org: Org) -> str:
    """What became of it: `released` in the ledger, and `org` after the try to delete it."""
    from provisioner.claim.refusal import deleted_by
    from provisioner.ledger.base import State

    if released.state is State.AVAILABLE:
        return "is available again" if released.fence else "is available: nobody has claimed it"
    if released.state is State.DELETED:
        return "is deleted already"
    if org.state is State.DELETED:
        return f"is {released.state} and deleted"
    return f"is {released.state}; {deleted_by(org)} deletes it"


def _ended(call: Invocation, ledger: Ledger, org: Org) -> Org:
    """Delete an org that was given back, or say why it is still there; its row.

    Whoever only claims need not be allowed to delete orgs of the Dev Hub, or to see them.
    """
    from provisioner.builder.connections import Connections
    from provisioner.errors import ProvisionerError
    from provisioner.removal import Removed, end_orgs

    try:
        pool_file = call.load("hub_and_ledger")
        unseen = f"{pool_file.dev_hub.username} does not see it on the Dev Hub"
        with Connections(pool_file, pace=_PACE) as connections:
            outcome = end_orgs(connections.hub, ledger, [org], unseen=unseen)
    except ProvisionerError as error:
        outcome = Removed(left=[(org, error.message.partition("\n")[0])])
    if outcome.ended:
        return outcome.ended[0]
    for _, why in outcome.left:
        call.output.say(f"{org.username} could not be deleted from here: {why}")
    return org if outcome.left else ledger.get(org.username) or org
