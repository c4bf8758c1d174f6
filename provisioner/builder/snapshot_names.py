"""The names of the org snapshots that the pools of a pool.yaml use.

A name comes from all that the content of the snapshot depends on: the org definition and the steps
above the marker. So two pools that share both share one snapshot, and a change gives a new name.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b32encode
from collections.abc import Iterable
from typing import TYPE_CHECKING

from provisioner.builder.fingerprint import is_marker, step_digest
from provisioner.steps.snapshot import Snapshot
from provisioner.upkeep.ownership_tag import project_identity

if TYPE_CHECKING:
    from provisioner.config.model import Definition, Pool, PoolFile, StepEntry

PROJECT_LENGTH, CONTENT_LENGTH = 4, 8  # characters; with P and two digits they are 15
LENGTH = 1 + PROJECT_LENGTH + CONTENT_LENGTH + 2  # of each name; the platform allows no more
GENERATIONS = 100  # a snapshot that will expire is followed by the next generation

Key = tuple[str, str]
"""A pool, and a definition file as it names it."""


def marker(pool: Pool) -> Snapshot | None:
    """The options of the marker of a pool; None for a pool without one."""
    steps = (entry.step for entry in pool.steps)
    return next((step for step in steps if isinstance(step, Snapshot)), None)


def upper_steps(pool: Pool, definition: str) -> list[StepEntry]:
    """The steps above the marker that run in orgs of a definition."""
    found: list[StepEntry] = []
    for entry in pool.steps:
        if is_marker(entry):
            break
        if entry.runs_in(definition):
            found.append(entry)
    return found


def lower_steps(pool: Pool, definition: str) -> list[StepEntry]:
    """The steps below the marker that run in orgs of a definition."""
    index = next(number for number, entry in enumerate(pool.steps) if is_marker(entry))
    return [entry for entry in pool.steps[index + 1 :] if entry.runs_in(definition)]


def prefix(config: PoolFile) -> str:
    """How the names of all snapshots of this pool.yaml begin; no other project has them."""
    return "P" + _letters(project_identity(config).encode())[:PROJECT_LENGTH]


def bases(config: PoolFile, pools: Iterable[str]) -> dict[Key, str]:
    """(pool, definition) → the name without its generation, for the pools that have a marker.

    Reads the inputs of the steps above the marker, and raises what these raise.
    """
    return {
        (name, definition.name): _base(config, config.pools[name], definition)
        for name in pools
        if marker(config.pools[name]) is not None
        for definition in config.pools[name].definitions
    }


def _base(config: PoolFile, pool: Pool, definition: Definition) -> str:
    content = json.dumps(definition.content, sort_keys=True).encode()
    steps = upper_steps(pool, definition.name)
    digests = b"".join(step_digest(config, entry) for entry in steps)
    whole = content + b"\0" + hashlib.sha256(digests).digest()
    return prefix(config) + _letters(whole)[:CONTENT_LENGTH]


def with_generation(base: str, generation: int) -> str:
    """The name of a generation: the base and two digits."""
    return f"{base}{generation % GENERATIONS:02}"


def base_of(name: str) -> str:
    """A name without its generation."""
    return name[:-2]


def generation_of(name: str) -> int:
    """The generation in a name; 0 for one that has none."""
    return int(name[-2:]) if name[-2:].isdecimal() else 0


def _letters(content: bytes) -> str:
    """A hash in letters and digits, in which no case matters: names are compared without it."""
    return b32encode(hashlib.sha256(content).digest()).decode("ascii").lower()
