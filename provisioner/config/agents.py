"""What `provisioner mcp` allows to coding agents, as `pool.yaml` declares it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from provisioner.declare.options import Finding, option


@dataclass(frozen=True, kw_only=True)
class Agents:
    """Used only by `mcp`: the limits of one agent."""

    pools: tuple[str, ...] = option(
        "the pools from which an agent may claim",
        minimum=1,
        is_single=True,
        example=("morning",),
    )
    lease: timedelta = option(
        "the longest lease of a claim", default=timedelta(hours=2), minimum=60, maximum=604_800
    )
    claims: int = option(
        "how many orgs an agent may hold at a time", default=1, minimum=1, maximum=100
    )
    commands: tuple[tuple[str, ...], ...] = option(
        "the first words of the commands that may run with a session; by default none",
        default=(),
        example=(("sf",), ("python", "seed.py")),
    )
    timeout: timedelta = option(
        "how long a command may run", default=timedelta(minutes=10), minimum=1, maximum=86_400
    )
    grace: timedelta = option(
        "how long claims last after the agent has ended",
        default=timedelta(minutes=5),
        minimum=0,
        maximum=86_400,
    )

    def check(self, directory: Path) -> Iterable[Finding]:  # noqa: ARG002 - the contract
        """Report an empty command, which would allow every command."""
        for index, command in enumerate(self.commands):
            if not command or not command[0]:
                yield Finding(f"commands.{index}", "is empty; write a program, as [sf]")
