"""An org that was given back is deleted at once, where whoever gives it back may do so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger, Org

_TIME_SCALE = 0.2  # of the waits for a Dev Hub that does not answer: a build comes by later anyway


def ended(
    org: Org, ledger: Ledger, load: Callable[[], PoolFile], say: Callable[[str], None]
) -> Org:
    """Delete an org that was given back, or say why it is still there; its row.

    Whoever only claims need not be allowed to delete orgs of the Dev Hub, or to see them.
    `load` reads the Dev Hub's part of pool.yaml.
    """
    from provisioner.builder.connections import Connections
    from provisioner.errors import ProvisionerError
    from provisioner.upkeep.deletion import Deletions, delete_orgs

    try:
        pool_file = load()
        unseen = f"{pool_file.dev_hub.username} cannot see it on the Dev Hub"
        with Connections(pool_file, time_scale=_TIME_SCALE) as connections:
            outcome = delete_orgs(connections.hub, ledger, [org], unseen=unseen)
    except ProvisionerError as error:
        outcome = Deletions(left=[(org, error.message.partition("\n")[0])])
    if outcome.deleted:
        return outcome.deleted[0]
    for _, why in outcome.left:
        say(f"{org.username} could not be deleted now: {why}")
    return ledger.get(org.username) or org
