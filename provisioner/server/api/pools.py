"""/v1/pools and /v1/orgs: the pools and orgs that a person may see."""

from __future__ import annotations

from typing import Any

from provisioner.access.roles import Role
from provisioner.claim.refusal import unknown_username
from provisioner.ledger.document import org_document
from provisioner.report.status import PoolStatus, summarise
from provisioner.server.api.schemas import named
from provisioner.server.operation import Operation
from provisioner.server.request import Call


def visible_pools(call: Call) -> list[PoolStatus]:
    """The pools in which the person has a role."""
    sizes = {pool.name: pool.size for pool in call.world.config.pools.values()}
    found = summarise(sizes, call.world.ledger.orgs(), (), call.world.ledger.waiters())
    access = call.world.access
    return [pool for pool in found if access.role(call.person, pool.name) >= Role.VIEWER]


def _pools(call: Call) -> dict[str, Any]:
    return {"pools": [pool.document() for pool in visible_pools(call)]}


def _org(call: Call) -> dict[str, Any]:
    username = call.path["username"]
    org = call.world.ledger.get(username)
    if org is None or call.world.access.role(call.person, org.pool) < Role.VIEWER:
        raise unknown_username(call.world.ledger, username)
    return org_document(org)


OPERATIONS = (
    Operation(
        "listPools", "GET", "/pools", "List the pools and their orgs.", _pools, named("Pools")
    ),
    Operation("getOrg", "GET", "/orgs/{username}", "Show one org.", _org, named("Org")),
)
