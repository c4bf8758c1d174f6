"""Claims of orgs that are really there: an emulated Dev Hub with scratch orgs, and a fake `sf`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioner.emulator.keys import KeyPair, make_key_pair
from provisioner.emulator.seeding import integration_user
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, DEFAULT_HUB_USERNAME, World
from provisioner.ledger.base import Ledger, Org

from .conftest import add

_KEYS: list[KeyPair] = []


def key_pair() -> KeyPair:
    """Made once for each process, because it is slow."""
    if not _KEYS:
        _KEYS.append(make_key_pair())
    return _KEYS[0]


@dataclass
class LiveOrgs:
    """The Dev Hub, and the folder with a pool.yaml that names it."""

    server: EmulatorServer
    folder: Path

    @property
    def world(self) -> World:
        """The emulated world."""
        return self.server.world

    def write_pool(
        self,
        more: str = "",
        username: str = DEFAULT_HUB_USERNAME,
        ledger: str = "sqlite:///ledger.db",
    ) -> None:
        """Write pool.yaml."""
        (self.folder / "server.key").write_text(key_pair().private_key, encoding="utf-8")
        (self.folder / "server.key").chmod(0o600)
        (self.folder / "pool.yaml").write_text(
            f"""\
dev_hub:
  username: {username}
  consumer_key: {DEFAULT_CONSUMER_KEY}
  private_key: server.key
  login_url: {self.server.url}
ledger: {ledger}
{more}
pools:
  morning: {{ size: 2, reuse: true, definitions: [a.json] }}
""",
            encoding="utf-8",
        )

    def add(self, ledger: Ledger, name: str) -> Org:
        """An available org that is on the Dev Hub and in the ledger."""
        username = f"{name}@acme.example"
        org = self.world.add_scratch_org(username)
        app = self.world.hub.apps[DEFAULT_CONSUMER_KEY].app
        self.world.register_app(app, org=org, approved=[org.admin_id])
        return add(
            ledger,
            name,
            org_id=org.id,
            consumer_key=DEFAULT_CONSUMER_KEY,
            login_url=self.server.url,
            instance_url=self.server.url,
        )


SF = """\
echo "$@" >> sf.calls
case "$*" in *"{fails_at}"*) echo "sf has failed" >&2; exit 1;; esac
echo "sf has done it"
"""


def install_sf(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, fails_at: str = "nothing of this"
) -> Path:
    """Put a program `sf` on PATH that writes down its arguments; the file that has them."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "sf").write_text("#!/bin/sh\n" + SF.format(fails_at=fails_at), encoding="utf-8")
    (programs / "sf").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.defpath}")
    return folder / "sf.calls"


def sign_up_rows(live: LiveOrgs, org: Org) -> None:
    """The rows that the Dev Hub has of an org, owned by the user of the build."""
    store, builder = live.world.hub.store, live.world.hub.admin_id
    common = {"SignupUsername": org.username, "ScratchOrg": org.org_id[:15], "OwnerId": builder}
    sign_up = {"Username": org.username, "Status": "Active", "ConnectedAppConsumerKey": "x"}
    row = store.add("ScratchOrgInfo", {**common, **sign_up}, user_id=builder)
    row_id = row if isinstance(row, str) else row["Id"]
    store.add("ActiveScratchOrg", {**common, "ScratchOrgInfoId": row_id}, user_id=builder)


def add_hub_user(live: LiveOrgs, name: str, *rights: str, is_active: bool = True) -> str:
    """A user of the Dev Hub with these rights on both objects of scratch orgs; the id."""
    world, store = live.world, live.world.hub.store
    user_id = integration_user(world.hub, name)
    store.set_fields("User", user_id, {"IsActive": is_active})
    grant(live, user_id, *rights)
    world.hub.apps[DEFAULT_CONSUMER_KEY].approved.add(user_id)
    return user_id


def limit_builder(live: LiveOrgs) -> None:
    """The user of the build is no administrator, and has the rights of a build."""
    store, user = live.world.hub.store, live.world.hub.admin_id
    [profile] = store.find_by("Profile", "Name", "Minimum Access - Salesforce")
    store.set_fields("User", user, {"ProfileId": profile["Id"]})
    grant(live, user, "Read", "Create", "Edit", "Delete")


def grant(live: LiveOrgs, user_id: str, *rights: str) -> None:
    """A permission set with these rights on both objects, for one user."""
    store, ids = live.world.hub.store, live.world.ids
    set_id = ids.new("0PS")
    store.add("PermissionSet", {"Id": set_id, "Name": f"Set{set_id}", "Label": "Set"})
    assignment = {"AssigneeId": user_id, "PermissionSetId": set_id}
    store.add("PermissionSetAssignment", {"Id": ids.new("0Pa"), **assignment})
    for name in ("ScratchOrgInfo", "ActiveScratchOrg"):
        row = {"Id": ids.new("110"), "ParentId": set_id, "SobjectType": name}
        flags = {f"Permissions{one}": one in rights for one in ("Read", "Create", "Edit", "Delete")}
        store.add("ObjectPermissions", {**row, **flags})
