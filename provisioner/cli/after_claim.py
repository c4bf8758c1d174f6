"""What `claim` also does with the org, by its options: a session, the Salesforce CLI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.claim.undo import undone_on_error
from provisioner.cli.sf_handover import log_sf_in, sf_options
from provisioner.credentials import of_row
from provisioner.ledger.base import State
from provisioner.login import login_by_any

if TYPE_CHECKING:
    from provisioner.cli.invocation import Invocation
    from provisioner.ledger.base import Ledger, Org
    from provisioner.login import Session


class AfterClaim:
    """Made before the claim, so that a wrong option, key or program claims nothing.

    Raises UsageError and ConfigError.
    """

    def __init__(self, call: Invocation, ledger: Ledger, key: str, *, sf: bool, alias: str) -> None:
        """`key` is the idempotency key of the claim."""
        self._call = call
        self._ledger = ledger
        self._key = key
        self._options = sf_options(alias, default=False, sf=sf)
        self._sf = _find_sf() if sf else ""
        self._config = call.load("hub_and_ledger")
        self._held = _held_under(ledger, key) if key else set()

    def log_in(self, org: Org) -> Session:
        """A session of the claimed org, and with --sf also one of the Salesforce CLI.

        When it fails, the org is released, unless the key of the claim held it before. Raises
        LoginError, UsageError.
        """
        key = self._key if (org.username, org.fence) in self._held else ""
        with undone_on_error(self._ledger, org, key, self._call.output.warn):
            session, used = login_by_any(of_row(org, self._config))
            if self._sf:
                log_sf_in(self._call, self._sf, used.credentials, session, self._options)
        return session


def _held_under(ledger: Ledger, key: str) -> set[tuple[str, int]]:
    """Username and fence of the org that the key holds already, if any."""
    claimed = ledger.orgs(states=[State.CLAIMED])
    return {(org.username, org.fence) for org in claimed if org.idempotency_key == key}


def _find_sf() -> str:
    from provisioner.cli.salesforce_cli import find_sf

    return find_sf()
