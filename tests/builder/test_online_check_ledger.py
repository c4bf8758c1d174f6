"""`check --online` asks a ledger on the Dev Hub what a build would ask, and names the fix."""

from __future__ import annotations

import pytest

from provisioner.builder.connections import Connections
from provisioner.emulator.world import DEFAULT_HUB_USERNAME
from provisioner.ledger.devhub.install import install
from tests.builder.night import Night
from tests.builder.test_online_check import check

pytestmark = pytest.mark.slow


@pytest.fixture
def hub_night(night: Night) -> Night:
    """A night whose pool.yaml puts the ledger on the Dev Hub, where nothing is installed yet."""
    night.write_pool(top="ledger: devhub")
    return night


def put_ledger_there(night: Night, *, builders: list[str], consumers: list[str]) -> None:
    with Connections(night.config(), time_scale=0.0) as connections:
        install(
            connections.hub.client,
            builders=builders,
            consumers=consumers,
            say=lambda _text: None,
            time_scale=0.0,
        )


def test_a_missing_installation_is_exit_2_with_the_fix(hub_night: Night) -> None:
    code, out, err = check(hub_night)
    assert (code, out) == (2, "")
    assert f"the Dev Hub of {DEFAULT_HUB_USERNAME} has no ledger" in err
    assert "hint: ask an administrator of the Dev Hub to run: provisioner hub install\n" in err
    assert "daily scratch orgs: 80 of 80 left" in err, "other results are reported as well"


def test_an_installation_without_permission_is_exit_2_with_the_fix(hub_night: Night) -> None:
    put_ledger_there(hub_night, builders=[], consumers=[])
    code, _, err = check(hub_night)
    assert code == 2
    assert "lacks the permission set Provisioner_Builder" in err
    assert f"provisioner hub install --builder {DEFAULT_HUB_USERNAME}\n" in err


def test_a_user_who_may_only_claim_is_reported(hub_night: Night) -> None:
    put_ledger_there(hub_night, builders=[], consumers=[DEFAULT_HUB_USERNAME])
    code, _, err = check(hub_night)
    assert code == 2
    assert "lacks the permission set Provisioner_Builder" in err


def test_an_older_installation_is_exit_2_with_the_fix(hub_night: Night) -> None:
    put_ledger_there(hub_night, builders=[DEFAULT_HUB_USERNAME], consumers=[])
    hub_night.world.hub.store.remove_field("Provisioner_Org__c", "Held_Key__c")
    code, _, err = check(hub_night)
    assert code == 2
    assert "the ledger on the Dev Hub does not match this version of provisioner" in err
    assert "  hint: ask an administrator of the Dev Hub to run: provisioner hub install\n" in err


def test_a_ledger_that_will_do_is_reported_and_nothing_is_written(hub_night: Night) -> None:
    put_ledger_there(hub_night, builders=[DEFAULT_HUB_USERNAME], consumers=[])
    code, _, err = check(hub_night)
    assert code == 0, err
    assert "ledger on the Dev Hub: 0 scratch orgs" in err
    assert hub_night.hub_rows("Provisioner_Lease__c") == []


def test_another_ledger_is_not_searched_for_on_the_hub(night: Night) -> None:
    code, _, err = check(night)
    assert code == 0, err
    assert "✓ ledger: .provisioner/ledger.db does not exist yet; the first build creates it" in err
    assert "ledger on the Dev Hub" not in err
