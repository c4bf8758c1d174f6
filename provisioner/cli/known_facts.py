"""What the ledger knows of the Dev Hub of a pool.yaml, for commands that only show or follow it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from provisioner.ledger.facts import HubFacts

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile


def known_facts(config: PoolFile) -> HubFacts:
    """The facts; unknown ones for a ledger file that does not exist. Raises ProvisionerError."""
    from provisioner.ledger import open_ledger

    if _is_missing(config):
        return HubFacts()
    with closing(open_ledger(config.ledger, config.directory, config.dev_hub)) as ledger:
        return ledger.facts(config.facts_subject)


def _is_missing(config: PoolFile) -> bool:
    """Whether the ledger is a file that no command has created yet."""
    from provisioner.ledger.sqlite.address import path_of

    if not config.ledger.startswith("sqlite:"):
        return False
    return not path_of(config.ledger, config.directory).exists()
