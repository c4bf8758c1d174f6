"""The names that a shell completes: pools of pool.yaml, and usernames of a ledger that is a file.

Nothing is sent and no variable is read. A file that cannot be read has no names: a shell shows no
errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.errors import ProvisionerError

if TYPE_CHECKING:
    from yaml.nodes import Node

    from provisioner.ledger.base import State

SECONDS = 0.5
"""How long the ledger may be locked by another process: somebody waits at a keyboard."""


def pools(path: Path) -> list[str]:
    """The names of the pools in the order of pool.yaml."""
    with suppress(ProvisionerError):
        return list(_entries(_top(path).get("pools"), "pools"))
    return []


def usernames(path: Path, command: str) -> Iterator[str]:
    """The orgs that `command` accepts, each with its pool and state."""
    with suppress(ProvisionerError):
        yield from _orgs(path, command)


def _orgs(path: Path, command: str) -> list[str]:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.sqlite.address import path_of
    from provisioner.ledger.sqlite.ledger import SqliteLedger

    url = getattr(_top(path).get("ledger"), "value", PoolFile.ledger)
    if not str(url).startswith("sqlite:") or not path_of(url, path.parent).is_file():
        return []
    with closing(SqliteLedger(path_of(url, path.parent), retry_seconds=SECONDS)) as ledger:
        found = ledger.orgs(states=_states(command))
    return [f"{org.username}\t{org.pool}, {org.state}" for org in found]


def _states(command: str) -> tuple[State, ...]:
    from provisioner.ledger.base import LIVE, State

    accepted = {
        "claim": (State.AVAILABLE,),
        "login": (State.AVAILABLE, State.CLAIMED),
        "renew": (State.CLAIMED,),
        "release": (State.CLAIMED,),
        "retry": (State.FAILED,),
    }
    return accepted.get(command, tuple(LIVE))


def _top(path: Path) -> dict[str, Node]:
    """The keys of the whole file. Raises ConfigError."""
    from provisioner.config.document import compose, read_text

    return _entries(compose(read_text(path), path), "")


def _entries(node: Node | None, path: str) -> dict[str, Node]:
    from yaml.nodes import MappingNode

    from provisioner.config.document import Mappings, Problems

    if not isinstance(node, MappingNode):
        return {}
    entries = Mappings(Problems("")).entries(node, path)
    return {name: value for name, (_, value) in entries.items()}
