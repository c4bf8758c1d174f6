"""Deletes a released org at once, if the user may delete orgs on the Dev Hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger, Org

_TIME_SCALE = 0.2  # of the waits between retries: a later build deletes the org in any case


def delete_released(
    org: Org, ledger: Ledger, load: Callable[[], PoolFile], on_message: Callable[[str], None]
) -> Org:
    """Delete a released org; its row. `on_message` gets the reason if it could not be deleted.

    A user who only claims orgs may lack the permission to see or delete them on the Dev Hub.
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
        on_message(f"{org.username} could not be deleted now: {why}")
    return ledger.get(org.username) or org
