"""What all requests share: pool.yaml, the ledger, the rules of access, and who signs in how."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.access.context import AccessContext


@dataclass(frozen=True)
class World(AccessContext):
    """The server's surroundings. Safe to use from several threads."""

    local_token: str = ""  # of the token file; "" where people sign in otherwise
