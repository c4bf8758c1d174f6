"""The part of `provisioner reap` that deletes org snapshots which no pool uses any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.errors import ProvisionerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.builder.connections import Connections
    from provisioner.cli.invocation import Invocation
    from provisioner.ledger.base import Ledger
    from provisioner.salesforce.org_snapshots import OrgSnapshot

REASON = "no pool of pool.yaml uses it"


@dataclass(frozen=True)
class ReapedSnapshot:
    """One org snapshot, and why it could not be deleted."""

    name: str
    id: str
    left_because: str = ""
    reason: str = REASON

    def document(self, *, dry_run: bool) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "id": self.id,
            "reason": self.reason,
            "deleted": not (dry_run or self.left_because),
            "left_because": self.left_because,
        }


def reap_snapshots(
    call: Invocation, connections: Connections, ledger: Ledger, *, dry_run: bool
) -> Sequence[ReapedSnapshot]:
    """Delete the snapshots of this project that no pool uses; with `dry_run` only find them.

    The steps of all pools are needed to know which are used. A problem with them, or with the
    snapshots, is a warning: the orgs are deleted anyway.
    """
    from provisioner.builder.unused_snapshots import unused_snapshots
    from provisioner.config.load import load
    from provisioner.errors import ConfigError

    past = ledger.past_orgs()
    try:
        found = unused_snapshots(load(call.config, environ=call.environ), connections, past)
        return (
            [ReapedSnapshot(one.name, one.id) for one in found]
            if dry_run
            else _delete(connections, found)
        )
    except ProvisionerError as error:
        # A pool.yaml that only names the Dev Hub and the ledger has no steps, and no snapshots.
        if not isinstance(error, ConfigError) or past.snapshots:
            first_line = error.message.partition("\n")[0]
            call.output.say(f"Org snapshots that no pool uses were not deleted: {first_line}")
        return []


def _delete(connections: Connections, found: Sequence[OrgSnapshot]) -> list[ReapedSnapshot]:
    refusals = connections.snapshots.delete([one.id for one in found])
    why = dict(refusal.split(": ", 1) for refusal in refusals)
    return [ReapedSnapshot(one.name, one.id, why.get(one.id, "")) for one in found]
