"""/v1/pools and /v1/orgs: the pools and orgs that a person may see."""

from __future__ import annotations

from typing import Any

from provisioner.access.claims import claim_key
from provisioner.access.roles import Role
from provisioner.access.visible import visible_org, visible_orgs
from provisioner.ledger.base import LIVE, Org, State
from provisioner.ledger.document import org_document
from provisioner.report.status import PoolStatus, summarise
from provisioner.server.api.schemas import given, named
from provisioner.server.operation import Operation
from provisioner.server.request import Call

_FILTERS = {
    "pool": given("only orgs of this pool"),
    "state": given("only orgs in this state", enum=sorted(map(str, LIVE))),
    "owner": given("only orgs claimed by this owner"),
    "idempotency_key": given("only the org that you have claimed with this key", maxLength=100),
}


def visible_pools(call: Call) -> list[PoolStatus]:
    """The pools in which the person has a role."""
    sizes = {pool.name: pool.size for pool in call.world.config.pools.values()}
    found = summarise(sizes, call.world.ledger.orgs(), (), call.world.ledger.waiters())
    access = call.world.access
    return [pool for pool in found if access.role(call.person, pool.name) >= Role.VIEWER]


def _pools(call: Call) -> dict[str, Any]:
    return {"pools": [pool.document() for pool in visible_pools(call)]}


def _orgs(call: Call) -> dict[str, Any]:
    found = visible_orgs(call.world, call.person)
    return {"orgs": [org_document(org) for org in found if _is_asked(call, org)]}


def _is_asked(call: Call, org: Org) -> bool:
    owner, key = call.text("owner").casefold(), call.text("idempotency_key")
    if key and (org.idempotency_key != claim_key(call.person, key) or org.state != State.CLAIMED):
        return False
    return (
        call.text("pool") in ("", org.pool)
        and call.text("state") in ("", org.state)
        and owner in ("", org.owner.casefold())
    )


def _org(call: Call) -> dict[str, Any]:
    return org_document(visible_org(call.world, call.person, call.path["username"]))


OPERATIONS = (
    Operation(
        "listPools", "GET", "/pools", "List the pools and their orgs.", _pools, named("Pools")
    ),
    Operation(
        "listOrgs",
        "GET",
        "/orgs",
        "List the orgs, or those that match all given filters.",
        _orgs,
        named("Orgs"),
        query=_FILTERS,
    ),
    Operation("getOrg", "GET", "/orgs/{username}", "Show one org.", _org, named("Org")),
)
