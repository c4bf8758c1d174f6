"""What `claim` also does with the org, by its options: a session, the Salesforce CLI, an owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioner.claim.undo import undone_on_error
from provisioner.cli.sf_handover import log_sf_in, sf_options
from provisioner.errors import UsageError
from provisioner.ledger.base import State

if TYPE_CHECKING:
    from provisioner.claim.transfer import Transfer
    from provisioner.cli.invocation import Invocation
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger, Org


class AfterClaim:
    """Made before the claim, so that a wrong option, key, user or program claims nothing.

    Raises UsageError, ConfigError, LoginError, SalesforceError.
    """

    def __init__(
        self,
        call: Invocation,
        ledger: Ledger,
        key: str,
        *,
        login: bool,
        sf: bool,
        alias: str,
        owner_user: str,
    ) -> None:
        """`key` is the idempotency key of the claim."""
        self._call = call
        self._ledger = ledger
        self._login = login
        if alias and not sf:
            raise UsageError("--alias needs --sf", hint="pass --sf as well")
        self._options = sf_options(alias, default=False, sf=sf)
        self._sf = _find_sf() if sf else ""
        self._config = call.load("hub_and_ledger")
        self._key = key
        self._held = _held_under(ledger, key) if key else set()
        self._transfer = _transfer(self._config, owner_user) if owner_user else None

    def carry_out(self, org: Org) -> tuple[Org, dict[str, Any], str]:
        """All that the options ask for.

        Returns the row, what the JSON document has besides, and why the claim must not be undone
        any more. When it fails, the org is released, unless the key held it before.
        """
        held = self._key if (org.username, org.fence) in self._held else ""
        with undone_on_error(self._ledger, org, held, self._call.output.warn):
            more = self._log_in(org) if self._login or self._sf else {}
        if self._transfer is None:
            return org, more, ""
        org = self._give(self._transfer, org, held)
        user = self._transfer.user
        self._call.output.say(f"{user} owns {org.username} on the Dev Hub now, and can delete it.")
        return org, {**more, "hub_owner": user}, f"{user} owns it on the Dev Hub"

    def _log_in(self, org: Org) -> dict[str, Any]:
        from provisioner.credentials import of_row
        from provisioner.login import login_by_any

        session, used = login_by_any(of_row(org, self._config))
        if self._sf:
            log_sf_in(self._call, self._sf, used.credentials, session, self._options)
        return session.as_json() if self._login else {}

    def _give(self, transfer: Transfer, org: Org, held: str) -> Org:
        from provisioner.claim.transfer import is_unknown

        try:
            return transfer.carry_out(self._ledger, org)
        except BaseException as error:
            unknown = f"{transfer.user} may own it on the Dev Hub now" if is_unknown(error) else ""
            with undone_on_error(
                self._ledger, org, held, self._call.output.warn, kept_because=unknown
            ):
                raise

    def close(self) -> None:
        """Close the session with the Dev Hub, if there is one."""
        if self._transfer is not None:
            self._transfer.close()


def _held_under(ledger: Ledger, key: str) -> set[tuple[str, int]]:
    """Username and fence of the org that the key holds already, if any."""
    claimed = ledger.orgs(states=[State.CLAIMED])
    return {(org.username, org.fence) for org in claimed if org.idempotency_key == key}


def _transfer(config: PoolFile, user: str) -> Transfer:
    from provisioner.claim.transfer import Transfer

    return Transfer(config, user)


def _find_sf() -> str:
    from provisioner.cli.salesforce_cli import find_sf

    return find_sf()
