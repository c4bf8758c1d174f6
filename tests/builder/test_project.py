"""A project with all that a real pool has is built: tests/projects/clinic, ten orgs."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from provisioner.builder.context import Options
from provisioner.builder.run import build
from provisioner.config.load import load
from provisioner.emulator.apps import HubApp
from provisioner.emulator.keys import KeyPair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.metadata.packages import checked_packages
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, DEFAULT_HUB_USERNAME, World
from provisioner.ledger import open_ledger
from provisioner.ledger.base import State
from tests.builder.night import TIME_SCALE, Watcher

pytestmark = pytest.mark.slow

SAMPLE = "Sample Account for Entitlements"  # is in each new org
PROJECT = Path(__file__).parents[1] / "projects/clinic"


def rows(org: EmulatedOrg, name: str) -> list[dict[str, Any]]:
    return [dict(row) for row in org.store.peek_rows(name)]


@pytest.mark.parametrize("hub_app", ["connected", "external"])
def test_the_clinic(tmp_path: Path, key_pair: KeyPair, hub_app: HubApp) -> None:
    """Packages, source with tests, a group, three data sets and two personas."""
    folder = tmp_path / "clinic"
    shutil.copytree(PROJECT, folder)
    packages = json.loads((folder / "packages.json").read_text(encoding="utf-8"))
    world = World(
        certificate=key_pair.certificate,
        hub_app=hub_app,
        packages=checked_packages(packages),
        latencies=Latencies(2000),
    )
    with EmulatorServer(world) as server:
        environ = {
            "SF_HUB_USERNAME": DEFAULT_HUB_USERNAME,
            "SF_CONSUMER_KEY": DEFAULT_CONSUMER_KEY,
            "SF_PRIVATE_KEY": key_pair.private_key,
            "SF_LOGIN_URL": server.url,
            "LEDGER_KEY": "key-of-the-ledger",
        }
        config = load(folder / "pool.yaml", environ=environ)
        ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
        result = build(config, ["clinic"], ledger, Watcher(), Options(time_scale=TIME_SCALE))
        assert result.exit_code == 0, (result.error(), [org.error for org in result.failed])
        orgs = ledger.orgs(states=[State.AVAILABLE])
        ledger.close()
    assert len(orgs) == 10
    for org in orgs:
        _assert_complete(world.orgs[org.org_id[:15]])
        personas = {user["persona"]: user["username"] for user in org.users}
        assert personas == {one: f"{one}.{org.username}" for one in ("doctor", "nurse")}


def _assert_complete(org: EmulatedOrg) -> None:
    """Each step has had its effect, once."""
    installed = [
        row["SubscriberPackageVersionId"] for row in rows(org, "InstalledSubscriberPackage")
    ]
    assert sorted(installed) == ["04t000000000001AAA", "04t000000000002AAA"]
    assert {row["Name"] for row in rows(org, "ApexClass")} >= {"AppointmentService"}
    accounts = {row["Id"]: row["Name"] for row in rows(org, "Account") if row["Name"] != SAMPLE}
    assert Counter(accounts.values()) == Counter(["Clinic North", "Clinic South"])
    named = {row["Key__c"]: row["Name"] for row in rows(org, "Appointment__c")}
    assert named == {
        "A-1": "First visit",
        "A-2": "Second visit",
        "A-3": "Third; with a semicolon",
    }
    contacts = {row["LastName"]: accounts[row["AccountId"]] for row in rows(org, "Contact")}
    assert contacts == {"Ada": "Clinic North", "Bob": "Clinic South"}
    (group,) = (row["Id"] for row in rows(org, "PermissionSetGroup"))
    members = [
        row["AssigneeId"]
        for row in rows(org, "PermissionSetAssignment")
        if row["PermissionSetGroupId"] == group
    ]
    assert len(set(members)) == len(members) == 3, "the admin and both personas"
