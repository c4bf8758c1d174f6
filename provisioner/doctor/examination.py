"""What one run of the checks knows: pool.yaml, the sessions, and what earlier checks found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from provisioner.ledger.facts import HubFacts

if TYPE_CHECKING:
    from provisioner.builder.connections import Connections
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Org
    from provisioner.salesforce.hub import HubLimits


@dataclass
class Examination:
    """The first three fields are given; the others are set by the checks that find them out."""

    config: PoolFile
    connections: Connections
    now: datetime  # by the clock of this machine
    failed: set[str] = field(default_factory=set)  # names of the checks that have not passed
    facts: HubFacts = field(default_factory=HubFacts)
    rows: Sequence[Org] | None = None  # of the ledger; None: it could not be read
    limits: HubLimits | None = None
    packages: list[dict[str, Any]] = field(default_factory=list)  # as `--json` prints them
    other_requests: int = 0  # to the Dev Hub, apart from those of `connections`

    @property
    def requests(self) -> int:
        """How many requests were sent to the Dev Hub."""
        return self.connections.calls.totals()["hub"] + self.other_requests
