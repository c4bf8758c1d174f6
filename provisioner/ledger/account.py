"""What a backend is opened with: its URL, the folder of pool.yaml, an account on the Dev Hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from provisioner.salesforce.login_endpoints import hub_endpoints
from provisioner.salesforce.sign_in import Credentials

if TYPE_CHECKING:
    from provisioner.declare.secret import Secret
    from provisioner.ledger.base import Ledger


class HubAccount(Protocol):
    """The user and the app by which the ledger is reached: `dev_hub` of pool.yaml."""

    @property
    def username(self) -> str: ...
    @property
    def consumer_key(self) -> str: ...
    @property
    def private_key(self) -> Path | Secret: ...
    @property
    def private_key_passphrase(self) -> Secret | None: ...
    @property
    def login_url(self) -> str: ...


def hub_credentials(account: HubAccount) -> Credentials:
    """What a login to the Dev Hub needs."""
    return Credentials(
        account.username,
        account.consumer_key,
        account.private_key,
        account.private_key_passphrase,
        hub_endpoints(account.login_url),
    )


class Backend(Protocol):
    """The package of a backend: one of `LEDGERS`."""

    def open(self, url: str, directory: Path, account: HubAccount | None) -> Ledger:
        """The ledger at `url`, where a relative path starts at `directory`.

        `account` is `dev_hub` of pool.yaml, None where there is none.
        Raises UsageError for a URL of another form, LedgerError when it cannot be opened.
        """
