"""Marks proven orgs as complete on the Dev Hub: so a ledger that is lost can be rebuilt."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from provisioner.errors import ProvisionerError
from provisioner.salesforce.active_orgs import describe
from provisioner.salesforce.definition import described
from provisioner.upkeep.ownership_tag import tag_of

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.ledger.base import Org

AT_ONCE = 25  # orgs that one request marks; the last ones are marked at the end of the build


class ReadyMarks:
    """Collects proven orgs; many are marked by one request.

    An org that a kill left unmarked is ended, not lost, if the ledger is lost, too.
    """

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self._waiting: dict[str, str] = {}

    def add(self, org: Org) -> None:
        """Mark this org, sooner or later."""
        with self._context.lock:
            self._waiting[org.signup_id] = self._description(org)
            is_enough = len(self._waiting) >= AT_ONCE
        if is_enough:
            self.send()

    def send(self) -> None:
        """Mark what waits. What cannot be marked is said, and does no other harm."""
        with self._context.lock:
            batch, self._waiting = self._waiting, {}
        try:
            describe(self._context.connections.hub, batch)
        except ProvisionerError as error:
            self._context.say(
                f"{len(batch)} orgs could not be marked as complete on the Dev Hub (only needed if "
                f"the ledger is lost): {error.message}",
                is_warning=True,
            )

    def _description(self, org: Org) -> str:
        config = self._context.config
        definitions = config.pools[org.pool].definitions
        own = next(
            (d.content.get("description", "") for d in definitions if d.name == org.definition), ""
        )
        ready = tag_of(config, org, ready=org.available_at or datetime.now(UTC))
        return described(str(own), ready.line())
