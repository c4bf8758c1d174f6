"""The ledger `devhub`: the Dev Hub itself, for consumers that have no database.

A consumer needs only a private key, a consumer key and the username of a Dev Hub user. `provisioner
hub install` creates the custom objects, which docs/devhub-ledger.md describes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.errors import UsageError

if TYPE_CHECKING:
    from provisioner.ledger.account import HubAccount
    from provisioner.ledger.devhub.ledger import DevhubLedger


def open(url: str, directory: Path, account: HubAccount | None) -> DevhubLedger:
    """The ledger of the Dev Hub that `account` logs in to; nothing is sent yet.

    Raises UsageError for a URL of another form, or without an account.
    """
    if url != "devhub":
        raise UsageError("ledger: write devhub, and nothing after it")
    if account is None:
        raise UsageError("ledger: devhub needs a pool.yaml that has the key dev_hub")
    from provisioner.ledger.devhub.ledger import DevhubLedger

    return DevhubLedger(account)
