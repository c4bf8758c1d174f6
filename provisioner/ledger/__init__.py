"""The ledger backends by URL scheme. A new backend is one package and one line in `LEDGERS`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from provisioner.errors import UsageError

if TYPE_CHECKING:
    from provisioner.ledger.account import Backend, HubAccount
    from provisioner.ledger.base import Ledger

LEDGERS = {
    "sqlite": "provisioner.ledger.sqlite",
    "postgresql": "provisioner.ledger.postgresql",
    "devhub": "provisioner.ledger.devhub",
}
"""Scheme → package, which has the function `open` of `Backend`."""


def open_ledger(
    url: str,
    directory: Path,
    dev_hub: HubAccount | None = None,
    *,
    retry_seconds: float | None = None,
) -> Ledger:
    """Open the ledger at `url`; a relative path starts at `directory`, the folder of pool.yaml.

    `dev_hub` is that of pool.yaml: the ledger `devhub` logs in with it when it is first used.

    `retry_seconds`: for how long PostgreSQL is asked again when it is not reached.

    Raises UsageError for an unknown scheme, LedgerError when the ledger cannot be opened.
    """
    scheme = url.partition(":")[0]
    if scheme not in LEDGERS:
        # The message omits the URL, because it may contain a password: see Address.secrets.
        named = f" {scheme!r}" if "://" in url and scheme.isalnum() else ""
        raise UsageError(
            f"ledger: unknown kind of ledger{named}",
            hint="write one of: sqlite:///…, postgresql://…, devhub",
        )
    if scheme == "postgresql":
        from provisioner.ledger import postgresql

        return postgresql.open(url, directory, dev_hub, retry_seconds=retry_seconds)
    backend = cast("Backend", import_module(LEDGERS[scheme]))
    return backend.open(url, directory, dev_hub)
