"""Scratch orgs that an emulated Dev Hub has without any request, for tests of many ledgers."""

from __future__ import annotations

from dataclasses import replace

from provisioner.emulator.apps import InstalledApp
from provisioner.emulator.ids import to_15
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, World
from provisioner.ledger.base import Org
from provisioner.salesforce.ids import to_18


def sign_up(world: World, row: Org, *, days: int = 2) -> Org:
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
