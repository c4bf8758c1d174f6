"""The contract of a backend's `open`, and the account on the Dev Hub that it gets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from provisioner.salesforce.login_endpoints import hub_endpoints
from provisioner.salesforce.sign_in import Credentials

if TYPE_CHECKING:
    from provisioner.declare.secret import Secret
    from provisioner.ledger.base import Ledger


class HubAccount(Protocol):
    """The user and the app of a login to the Dev Hub: `dev_hub` of pool.yaml."""

    @property
    def username(self) -> str: ...
    @property
    def consumer_key(self) -> str: ...
    @property
    def private_key(self) -> Path | Secret: ...
    @property
    def former_key(self) -> Path | Secret | None: ...
    @property
    def private_key_passphrase(self) -> Secret | None: ...
    @property
    def login_url(self) -> str: ...


def hub_credentials(account: HubAccount) -> Credentials:
    """The credentials of a login to the Dev Hub."""
    return Credentials(
        account.username,
        account.consumer_key,
        account.private_key,
        account.private_key_passphrase,
        hub_endpoints(account.login_url),
        account.former_key,
    )


class Backend(Protocol):
    """The package of a backend: one of `LEDGERS`."""

    def open(self, url: str, directory: Path, account: HubAccount | None) -> Ledger:
        """Open the ledger at `url`; a relative path starts at `directory`.

        `account` is `dev_hub` of pool.yaml, or None.
        Raises UsageError for an invalid URL, LedgerError when the ledger cannot be opened.
        """
