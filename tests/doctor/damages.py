"""Ways in which a Dev Hub, its app, its user, a key, a ledger or this machine can be wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

from provisioner.emulator.keys import make_key_pair
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY
from provisioner.ledger import open_ledger
from tests.builder.night import Night
from tests.doctor.conftest import put_key

RIGHTS = {
    "ScratchOrgInfo": {"Read", "Create", "Edit", "Delete"},
    "ActiveScratchOrg": {"Read", "Edit", "Delete"},
}


def write(night: Night, old: str, new: str) -> None:
    """Replace a text in pool.yaml."""
    path = night.folder / "pool.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def limit_rights(night: Night, **without: str) -> None:
    """The user has a profile without rights, and a permission set without one right of an object.

    "all" takes all rights of the object.
    """
    store, user = night.world.hub.store, night.world.hub.admin_id
    [profile] = store.find_by("Profile", "Name", "Minimum Access - Salesforce")
    store.set_fields("User", user, {"ProfileId": profile["Id"]})
    set_id = night.world.ids.new("0PS")
    store.add("PermissionSet", {"Id": set_id, "Name": "Builds", "Label": "Builds"})
    store.add(
        "PermissionSetAssignment",
        {"Id": night.world.ids.new("0Pa"), "AssigneeId": user, "PermissionSetId": set_id},
    )
    for name, rights in RIGHTS.items():
        lost = without.get(name, "")
        row: dict[str, str | bool] = {
            "Id": night.world.ids.new("110"),
            "ParentId": set_id,
            "SobjectType": name,
        }
        for right in ("Read", "Create", "Edit", "Delete"):
            row[f"Permissions{right}"] = right in rights and lost not in (right, "all")
        store.add("ObjectPermissions", row)


def hide_codes(night: Night) -> None:
    """Orgs get login apps of their own, and the user does not see the field that this needs."""
    night.login_app("deployed")
    night.write_pool(steps="")
    night.world.hub.store.remove_field("ScratchOrgInfo", "AuthCode")


def disable_app(night: Night) -> None:
    """The app is off."""
    installed = night.world.hub.apps[DEFAULT_CONSUMER_KEY]
    installed.app = replace(installed.app, is_enabled=False)


def clock_and_app(night: Night, seconds: float) -> None:
    """The Dev Hub's clock is different, and the app is off."""
    night.world.clock.advance(seconds)
    disable_app(night)


def use_up_requests(night: Night) -> None:
    """The Dev Hub refuses further API requests when the rights are read."""
    answer = {"do": "answer", "status": 403, "error": "REQUEST_LIMIT_EXCEEDED"}
    night.fault({"route": "describe"}, {**answer, "message": "TotalRequests Limit exceeded."})


def install_unknown_package(night: Night) -> None:
    """A step installs a version that no Dev Hub has."""
    night.world.packages = {}
    night.write_pool(steps="- install_package: { version: 04t000000000002AAA }\n")


def approve_nobody(night: Night) -> None:
    """The app is approved for no user."""
    night.world.hub.apps[DEFAULT_CONSUMER_KEY].approved.clear()


def deactivate_user(night: Night) -> None:
    """The user of the build is not active."""
    night.world.hub.store.set_fields("User", night.world.hub.admin_id, {"IsActive": False})


def refuse_audience(night: Night) -> None:
    """The host accepts no audience."""
    answer = {"do": "answer", "status": 400, "error": "invalid_grant"}
    night.fault({"route": "oauth.token"}, {**answer, "message": "audience is invalid"}, times=9)


def expire_certificate(night: Night) -> None:
    """The certificate of the key expired yesterday."""
    put_key(night, make_key_pair(days=-1))


def wrong_key(night: Night) -> None:
    """The key and its certificate are those of another app."""
    put_key(night, make_key_pair())


def other_certificate(night: Night) -> None:
    """The file beside the key is the certificate of another key."""
    other = make_key_pair().certificate
    (night.folder / "hub.crt").write_text(other, encoding="utf-8")


def no_key(night: Night) -> None:
    """The key file has no key."""
    (night.folder / "hub.key").write_text("not a key\n", encoding="utf-8")


def damage_ledger(night: Night) -> None:
    """The ledger is not a database."""
    path = night.folder / ".provisioner/ledger.db"
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 100)


def empty_ledger(night: Night) -> None:
    """A ledger without rows."""
    config = night.config()
    open_ledger(config.ledger, config.directory).close()


def newer_ledger(night: Night) -> None:
    """A newer version of the program has written the ledger."""
    empty_ledger(night)
    with closing(sqlite3.connect(night.folder / ".provisioner/ledger.db")) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
        connection.commit()


def read_only_folder(night: Night) -> None:
    """The folder of the ledger cannot be written."""
    folder = night.folder / "ledgers"
    folder.mkdir(mode=0o500)
    night.write_pool(steps="", top="ledger: sqlite:///ledgers/ledger.db")
