"""How large a case is, and how long its locks last."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How large a case is."""

    orgs: int = 200
    pools: int = 8
    builders: int = 4
    speed: float = 50.0  # divides the durations of the platform

    @property
    def each(self) -> int:
        """Orgs of one pool."""
        return self.orgs // self.pools

    @property
    def slots(self) -> int:
        """`concurrent_signups`, of all builders together."""
        return max(self.builders, self.orgs // 10)

    @property
    def time_scale(self) -> str:
        """Of all waits of a build: twice as long as the durations that they wait for."""
        return f"{2 / self.speed:g}"


@dataclass(frozen=True)
class LockTimes:
    """Seconds of `build_lock.Times` in the processes of a case."""

    ping: float
    deadline: float
    timeout: float
    late_call: float
    margin: float

    @property
    def grace(self) -> float:
        """Until no call of a builder that lost its lock can be in progress."""
        return self.deadline + self.late_call + self.margin

    def program(self) -> str:
        """Python that sets them in a process before its command runs."""
        values = (self.ping, self.deadline, self.timeout, self.late_call, self.margin)
        return (
            "from provisioner.ledger.postgresql import build_lock\n"
            f"build_lock.Times.__init__.__defaults__ = {values}\n"
        )


KEPT = LockTimes(ping=0.5, deadline=30.0, timeout=45.0, late_call=3.0, margin=1.0)
"""Nobody loses a lock by silence: the processes of the victims end."""
SILENT = LockTimes(ping=0.3, deadline=4.0, timeout=6.0, late_call=6.0, margin=1.0)
"""Soon lost by one who is silent; long enough for a machine that has much to do."""
