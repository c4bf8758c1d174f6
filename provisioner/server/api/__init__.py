"""The operations of the API: one file per resource, and its line here."""

from __future__ import annotations

from provisioner.server.api import claims, pools, runs
from provisioner.server.operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    *pools.OPERATIONS,
    *claims.OPERATIONS,
    *runs.OPERATIONS,
)
