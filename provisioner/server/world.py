"""What all requests share: pool.yaml, the ledger, the rules of access, and who signs in how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.access.person import Person
from provisioner.access.roles import Access
from provisioner.config.server import Server
from provisioner.ledger.base import Event

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger

ACCESS = "access"
"""The state of events about people: sign-ins, sessions and refusals. They change no org."""


@dataclass(frozen=True)
class World:
    """The server's surroundings. Safe to use from several threads."""

    config: PoolFile
    ledger: Ledger
    warn: Callable[[str], None]
    local_token: str = ""  # of the token file; "" where people sign in otherwise

    @property
    def server(self) -> Server:
        """The part `server` of pool.yaml."""
        return self.config.server or Server()

    @property
    def access(self) -> Access:
        """The rules of pool.yaml."""
        return Access(self.server.roles, self.config.pools)

    @property
    def directory(self) -> Path:
        """The folder of pool.yaml."""
        return self.config.directory

    def record(self, person: Person, what: str, username: str = "") -> None:
        """Add an event to the ledger: who did what, from where, with which org."""
        now = self.ledger.now()
        note = f"{what}: {person.name} from {person.address or 'an unknown address'}"
        if person.way:
            note += f" ({person.way})"
        self.ledger.note(Event(now, username, "", ACCESS, ACCESS, note))
