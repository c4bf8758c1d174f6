"""/v1/claims: claim, extend and release an org, and get a session of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from provisioner.access import claims
from provisioner.claim.undo import undone_on_error
from provisioner.errors import UsageError
from provisioner.ledger.document import org_document
from provisioner.server.api.schemas import duration, given, named
from provisioner.server.operation import Operation
from provisioner.server.request import Call
from provisioner.server.waiting import require_bound

_CLAIM = {
    "type": "object",
    "required": ["pool"],
    "additionalProperties": False,
    "properties": {
        "pool": given("the pool from which to claim"),
        "username": given("one org of the pool; by default any"),
        "purpose": given("what the org is claimed for"),
        "lease": duration("as 8h; by default until the org expires; of a CI job 6h"),
        "min_life": duration("minimum time to expiry; by default 12h"),
        "wait": duration("if no org is available, wait this long, at most 10m"),
        "idempotency_key": given(
            "a repeated claim with this key gives the same org", maxLength=100
        ),
    },
}
_EXTEND = {
    "type": "object",
    "required": ["lease"],
    "additionalProperties": False,
    "properties": {"lease": duration("from now, as 4h")},
}
_RELEASE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "reuse": {"type": "boolean", "description": "make the org available again, not deleted"}
    },
}


def _claim(call: Call) -> dict[str, Any]:
    """The claim is undone when the client goes, unless it has a key to repeat it with."""
    wait = call.duration("wait") or timedelta()
    require_bound(wait)
    key = call.text("idempotency_key")
    org = claims.claim(
        call.world,
        call.person,
        pool=call.text("pool"),
        username=call.text("username"),
        purpose=call.text("purpose"),
        lease=call.duration("lease"),
        idempotency_key=key,
        min_life=call.duration("min_life"),
        wait=wait,
        before_poll=call.connection.require,
    )
    with undone_on_error(call.world.ledger, org, key, call.world.warn):
        call.connection.require_client()
    return org_document(org)


def _extend(call: Call) -> dict[str, Any]:
    lease = call.duration("lease")
    if lease is None:
        raise UsageError("lease is empty", code="bad_request", hint='send {"lease": "4h"}')
    return org_document(claims.extend(call.world, call.person, call.path["username"], lease))


def _release(call: Call) -> dict[str, Any]:
    username, reuse = call.path["username"], call.flag("reuse")
    return org_document(claims.release(call.world, call.person, username, reuse=reuse))


def _session(call: Call) -> dict[str, Any]:
    return claims.session(call.world, call.person, call.path["username"]).as_json()


OPERATIONS = (
    Operation(
        "claimOrg",
        "POST",
        "/claims",
        "Claim an org.",
        _claim,
        named("Org"),
        _CLAIM,
        status=201,
        can_wait=True,
    ),
    Operation(
        "extendClaim",
        "POST",
        "/claims/{username}/extend",
        "Extend the lease of a claim.",
        _extend,
        named("Org"),
        _EXTEND,
    ),
    Operation(
        "releaseOrg",
        "POST",
        "/claims/{username}/release",
        "Release an org.",
        _release,
        named("Org"),
        _RELEASE,
    ),
    Operation(
        "openSession",
        "POST",
        "/claims/{username}/session",
        "Get a new session of an org that you have claimed. It is not stored.",
        _session,
        named("Session"),
    ),
)
