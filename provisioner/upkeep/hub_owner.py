"""Which orgs were given to another user of the Dev Hub, by the events of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.ledger.base import State

if TYPE_CHECKING:
    from provisioner.ledger.base import Ledger, Org

_NOTE = "given on the Dev Hub to "


def record_owner(ledger: Ledger, org: Org, user: str) -> Org | None:
    """Record, before it is done, that an org is given to `user`; None if the row has changed."""
    return ledger.change(org, note=f"{_NOTE}{user}")


def recorded_owner(ledger: Ledger, org: Org) -> str:
    """The user to whom the org was given last; "" if it never was."""
    notes = (event.note for event in reversed(ledger.events(username=org.username)))
    return next((note.removeprefix(_NOTE) for note in notes if note.startswith(_NOTE)), "")


def is_given_by_claim(ledger: Ledger, org: Org, user: str) -> bool:
    """Whether the org was given to `user` since it was claimed."""
    for event in reversed(ledger.events(username=org.username)):
        if event.note == f"{_NOTE}{user}":
            return True
        if event.to_state == State.CLAIMED != event.from_state:
            return False
    return False
