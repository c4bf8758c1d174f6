"""The JSON of an org, as `claim`, `status` and `build` print it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from provisioner.ledger.base import Org
from provisioner.salesforce.app_keys import PLATFORM_CLI


def org_document(org: Org) -> dict[str, Any]:
    """The org with the keys that scripts rely on; an unknown value is null."""
    return {
        "username": org.username,
        "pool": org.pool,
        "state": org.state.value,
        "org_id": org.org_id or None,
        "instance_url": org.instance_url or None,
        "login_url": org.login_url or None,
        "created_at": _utc(org.created_at),
        "expires_at": _utc(org.expires_at),
        "definition": org.definition or None,
        "fingerprint": org.fingerprint or None,
        "snapshot": org.snapshot or None,
        "owner": org.owner or None,
        "purpose": org.purpose or None,
        "team": org.team or None,
        "borrowed_from": org.lender or None,
        "lease_until": _utc(org.lease_until),
        "fence": org.fence,
        "consumer_key": login_key(org) or None,
        "users": [dict(user) for user in org.users],
        "error": org.error or None,
    }


def login_key(org: Org) -> str:
    """The consumer key that logs in to the org; "" until it has an app that consumers can use."""
    return "" if org.consumer_key == PLATFORM_CLI else org.consumer_key


def _utc(at: datetime | None) -> str | None:
    """UTC, ISO 8601, to the second: `2026-11-24T02:00:00Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
