"""Marks verified orgs as complete on the Dev Hub, so that a lost ledger can be rebuilt."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from provisioner.errors import ProvisionerError
from provisioner.plain_text import quantity
from provisioner.salesforce.active_orgs import describe
from provisioner.salesforce.definition import described
from provisioner.upkeep.ownership_tag import tag_of

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.ledger.base import Org

AT_ONCE = 25  # orgs that one request marks; the last ones are marked at the end of the build


class ReadyMarks:
    """Collects verified orgs, and marks many with one request. Safe to use from several threads.

    If a kill leaves an org unmarked and the ledger is lost as well, the org is deleted.
    """

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self._waiting: dict[str, str] = {}

    def add(self, org: Org) -> None:
        """Mark this org, now or together with later ones."""
        description = self._description(org)
        with self._context.lock:
            self._waiting[org.signup_id] = description
            is_enough = len(self._waiting) >= AT_ONCE
        if is_enough:
            self.send()

    def send(self) -> None:
        """Mark the orgs that wait for it. A failure is reported, and has no other effect."""
        with self._context.lock:
            batch, self._waiting = self._waiting, {}
        try:
            describe(self._context.connections.hub, batch)
        except ProvisionerError as error:
            self._context.reporter.warn(
                f"{quantity(len(batch), 'org')} could not be marked as complete on the Dev Hub "
                f"(only needed if the ledger is lost): {error.message}"
            )

    def _description(self, org: Org) -> str:
        config = self._context.config
        definitions = config.pools[org.pool].definitions
        own = next(
            (d.content.get("description", "") for d in definitions if d.name == org.definition), ""
        )
        ready = tag_of(config, org, ready=org.available_at or datetime.now(UTC))
        return described(str(own), ready.line())
