"""What the parts of one probe share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from provisioner import retry

if TYPE_CHECKING:
    from provisioner.builder.connections import Connections
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger, Run

PLAIN: Mapping[str, Any] = {"edition": "Developer"}
"""The org definition of the probe when pool.yaml has no pool."""

SIGN_UP_TIMEOUT = timedelta(hours=1)


@dataclass(frozen=True)
class ProbeContext:
    """The settings of a probe, its connections, and where it reports its progress."""

    config: PoolFile
    ledger: Ledger
    connections: Connections
    run: Run
    say: Callable[[str], None]
    warn: Callable[[str], None]
    time_scale: float = 1.0
    definition: Mapping[str, Any] = field(init=False)
    definition_name: str = field(init=False)
    sign_up_timeout: float = field(init=False)  # seconds

    def __post_init__(self) -> None:
        """Take the first definition of the first pool: its sign-ups are those of builds."""
        pool = next(iter(self.config.pools.values()), None)
        first = pool.definitions[0] if pool else None
        limit = pool.sign_up_timeout if pool else SIGN_UP_TIMEOUT
        object.__setattr__(self, "definition", first.content if first else PLAIN)
        object.__setattr__(self, "definition_name", first.name if first else "")
        object.__setattr__(self, "sign_up_timeout", limit.total_seconds())

    @property
    def hub_key(self) -> str:
        """The consumer key of the Dev Hub's app."""
        return self.config.consumer_app.consumer_key

    @property
    def subject(self) -> str:
        """What the facts are about."""
        return self.config.facts_subject

    def wait(self, seconds: float) -> None:
        """Wait, at the time scale of this probe."""
        retry.sleep(seconds * self.time_scale)

    def since(self, start: float) -> float:
        """Seconds since a time of the monotonic clock, at the time scale of this probe."""
        return (time.monotonic() - start) / self.time_scale
