"""Orgs on an emulated Dev Hub and in the ledger, without any build: for tests of many ledgers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioner.builder.preview import Preview, preview
from provisioner.config.model import PoolFile
from provisioner.emulator.apps import InstalledApp
from provisioner.emulator.ids import to_15
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, World
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Ledger, Org, State
from provisioner.salesforce.ids import to_18
from provisioner.upkeep.ownership_tag import tag_of
from provisioner.upkeep.probes import POOL as PROBES
from tests.builder.night import Night

KINDS: dict[str, dict[str, Any]] = {
    "fresh": {"state": State.AVAILABLE},
    "old content": {"state": State.AVAILABLE, "fingerprint": "of last week"},
    "other definition": {"state": State.AVAILABLE, "definition": "config/other.json"},
    "short life": {"state": State.AVAILABLE, "hours": 3},
    "too old": {"state": State.AVAILABLE, "age": 30},
    "gone": {"state": State.AVAILABLE, "is_gone": True},
    "claimed": {"state": State.CLAIMED, "owner": "ann"},
    "claimed, old content": {"state": State.CLAIMED, "owner": "ann", "fingerprint": "old"},
    "failed": {"state": State.FAILED, "error": "deploy_source: bad"},
    "kept": {"state": State.FAILED, "error": "deploy_source: bad", "kept": True},
    "released": {"state": State.RELEASED},
    "intended": {"state": State.INTENDED, "is_sent": False},
    "building": {"state": State.BUILDING},
    "building old content": {"state": State.BUILDING, "fingerprint": "of last week"},
    "signing up": {"state": State.SIGNING_UP},
    "expired": {"state": State.AVAILABLE, "hours": -1, "is_gone": True},
    "orphan": {"state": State.DELETED},
    "history": {"state": State.DELETED, "is_sent": False, "is_verified": True},
    "of no pool": {"state": State.AVAILABLE, "pool": "removed"},
    "of a probe": {"state": State.FAILED, "pool": PROBES},
}


def plan(config: PoolFile, warn: Callable[[str], None] = pytest.fail) -> Preview:
    """What `plan` says now; it sends no change."""
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        return preview(config, list(config.pools), ledger, warn, ledger.runs())
    finally:
        ledger.close()


def put(night: Night, ledger: Ledger, number: int, fingerprint: str, pool: str, kind: str) -> None:
    """An org of a kind, on the Dev Hub and in the ledger."""
    fields = dict(KINDS[kind])
    is_sent, is_gone = fields.pop("is_sent", True), fields.pop("is_gone", False)
    age, hours = fields.pop("age", 1), fields.pop("hours", 47)
    is_verified = fields.pop("is_verified", False)
    now = night.world.now()
    row = Org(
        f"{pool}-{number}@acme.example",
        pool,
        definition="config/project-scratch-def.json",
        fingerprint=fingerprint,
        run="earlier",
        consumer_key=DEFAULT_CONSUMER_KEY,
        created_at=now - timedelta(hours=age),
    )
    row = replace(row, **fields)
    if is_sent:
        row = sign_up(night.world, row, tag_of(night.config(), row).line())
        row = replace(row, active_at=now - timedelta(hours=age))
    if row.state in (State.AVAILABLE, State.CLAIMED):
        expires = now + timedelta(hours=hours)
        row = replace(row, available_at=now - timedelta(hours=age), expires_at=expires)
    if is_verified:
        row = replace(row, available_at=now - timedelta(hours=age))
    if is_gone:
        night.world.orgs[row.org_id[:15]].end()
    assert ledger.restore(row, note="prepared")


def sign_up(world: World, row: Org, description: str, *, days: int = 2) -> Org:
    """Sign up the org of a row, active at once; returns the row with its ids."""
    hub, org = world.hub, world.add_scratch_org(row.username, days=days)
    app = hub.apps[DEFAULT_CONSUMER_KEY].app
    org.apps[DEFAULT_CONSUMER_KEY] = InstalledApp(app.replicated(), {org.admin_id})
    assert org.expires is not None
    values = {
        "Username": row.username,
        "SignupUsername": row.username,
        "Status": "Active",
        "ScratchOrg": to_15(org.id),
        "LoginUrl": world.origin(),
        "ExpirationDate": org.expires.date().isoformat(),
        "OrgName": "Company",
        "Description": description,
    }
    signup_id = hub.store.add("ScratchOrgInfo", values)
    hub.store.add("ActiveScratchOrg", {**_mirrored(values), "ScratchOrgInfoId": signup_id})
    return replace(
        row,
        signup_id=signup_id,
        org_id=to_18(org.id),
        instance_url=world.origin(),
        login_url=world.origin(),
    )


def _mirrored(values: dict[str, str]) -> dict[str, str]:
    return {name: values[name] for name in ("ExpirationDate", "ScratchOrg", "SignupUsername")}
