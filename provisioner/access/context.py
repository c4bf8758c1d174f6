"""What claims of people and jobs need: pool.yaml, the ledger, and the rules of access."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.access.person import Person
from provisioner.access.roles import Access
from provisioner.config.server import Server
from provisioner.ledger.base import Event

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger

ACCESS = "access"
"""The state of events about people: sign-ins, claims, sessions and refusals. They change no org."""


@dataclass(frozen=True)
class AccessContext:
    """Safe to use from several threads."""

    config: PoolFile
    ledger: Ledger
    warn: Callable[[str], None]

    @property
    def server(self) -> Server:
        """The part `server` of pool.yaml."""
        return self.config.server or Server()

    @property
    def access(self) -> Access:
        """The rules of pool.yaml."""
        return Access(self.server.roles, self.config.pools)

    def record(
        self, person: Person, what: str, username: str = "", *, why: str = "", run: str = ""
    ) -> None:
        """Add an event to the ledger: who did what, from where, with which org.

        `run` is by what the event is found again.
        """
        note = f"{what}: {person.name} from {person.address or 'an unknown address'}"
        if person.way:
            note += f" ({person.way})"
        if why:
            note += f": {why}"
        if what == "claim":
            run = self.run_of(person)
        self.ledger.note(Event(self.ledger.now(), username, run, ACCESS, ACCESS, note))

    def run_of(self, person: Person) -> str:
        """By what the claim of a CI job's token is found among the events; "" for people."""
        return f"token-{person.token_id}" if person.token_id else ""
