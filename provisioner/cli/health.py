"""The Dev Hub's word on orgs that refuse a login, for commands that have no session with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.health import Health


def confirmed(pool_file: PoolFile, found: Sequence[Health]) -> list[Health]:
    """`found`, with what the Dev Hub says of those in doubt; it is entered only for such."""
    if not any(health.is_in_doubt for health in found):
        return list(found)
    from provisioner import health
    from provisioner.builder.connections import Connections

    def gone(usernames: list[str]) -> set[str]:
        with Connections(pool_file) as connections:
            return connections.hub.gone(usernames)

    return health.confirmed(found, gone)
