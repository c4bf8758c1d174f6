"""With `scratch_app` the consumers' key opens the orgs, and not the Dev Hub."""

from __future__ import annotations

import json

import pytest

from provisioner.emulator.apps import app_from_certificate
from provisioner.emulator.keys import make_key_pair
from tests.builder.night import Night
from tests.builder.test_interruption import Command
from tests.builder.test_online_check import check

pytestmark = pytest.mark.slow

KEY = "3MVG9SecondApp"


@pytest.fixture
def second(night: Night) -> Night:
    """A night with a second app on the hub that approves nobody there."""
    pair = make_key_pair()
    night.world.register_app(app_from_certificate(KEY, pair.certificate), approved=[])
    night.environ["SECOND"] = pair.private_key
    night.write_pool(
        size=1, steps="", top=f"scratch_app: {{ consumer_key: {KEY}, private_key: '${{SECOND}}' }}"
    )
    return night


def test_orgs_are_signed_up_with_and_proven_by_the_second_key(second: Night) -> None:
    assert second.build().exit_code == 0
    (org,) = second.orgs()
    assert org.consumer_key == KEY
    code, out, err = Command(second, "login", org.username, "--json").end()
    assert code == 0, err
    assert json.loads(out)["consumer_key"] == KEY


def test_the_second_key_opens_no_dev_hub_and_check_says_so(second: Night) -> None:
    code, _, err = check(second)
    assert code == 0, err
    assert "✓ scratch app: its key cannot log in to the Dev Hub, as it should be\n" in err


def test_check_warns_when_the_second_key_opens_the_hub_after_all(second: Night) -> None:
    second.world.hub.apps[KEY].approved.add(second.world.hub.admin_id)
    code, _, err = check(second)
    assert code == 0, err
    assert "scratch_app" in err
    assert "can also log in to the Dev Hub" in err
