"""`check --online` says what a build would meet: the login, the Dev Hub, its limits, packages."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from provisioner.emulator.keys import make_key_pair
from provisioner.emulator.world import Limits
from tests.builder.night import Night
from tests.proof.here import run

pytestmark = pytest.mark.slow


def check(night: Night, *options: str) -> tuple[int, str, str]:
    ended = run(night, "check", "--online", *options)
    return ended.code, ended.out, ended.err


def test_a_hub_that_will_do_is_reported_with_its_limits(night: Night) -> None:
    code, out, err = check(night, "--json")
    assert code == 0, err
    document = json.loads(out)
    assert document["problems"] == []
    assert document["hub"]["limits"]["daily_remaining"] == 80
    assert "a Dev Hub" in err


def test_the_wrong_key_is_exit_5_with_the_fix(night: Night) -> None:
    night.environ["KEY"] = make_key_pair().private_key
    code, _, err = check(night)
    assert code == 5
    assert "signature" in err
    assert "hint:" in err


def test_a_user_whom_nobody_approved_is_exit_5_with_the_fix(night: Night) -> None:
    (app,) = (a for a in night.world.hub.apps.values() if a.app.consumer_key != "PlatformCLI")
    app.approved.clear()
    code, _, err = check(night)
    assert code == 5
    assert "approved" in err


def test_an_org_that_is_no_dev_hub_is_exit_2(make_night: Callable[..., Night]) -> None:
    code, _, err = check(make_night(is_dev_hub=False))
    assert code == 2
    assert "is not a Dev Hub" in err


def test_no_sign_up_left_is_exit_4(make_night: Callable[..., Night]) -> None:
    night = make_night(limits=Limits(active=3, daily=80))
    night.write_pool(top="limits: { keep_active: 3 }")
    code, _, err = check(night)
    assert code == 4
    assert "active" in err


def test_a_package_version_that_does_not_exist_is_a_warning(night: Night) -> None:
    night.world.packages = {"04t000000000001AAA": {"name": "Billing"}}
    night.write_pool(
        steps="- install_package: { version: 04t000000000001AAA }\n"
        "- install_package: { version: 04t000000000002AAA }\n"
    )
    code, _, err = check(night)
    assert code == 0, err
    assert "04t000000000002AAA" in err
    assert "04t000000000001AAA" not in err


def test_names_of_packages_are_resolved_and_said_to_be_installable(night: Night) -> None:
    night.world.packages = {
        "04t000000000001AAA": {"name": "Billing", "version": "1.2.0.3"},
        "04t000000000002AAA": {"name": "Late", "available_after": 1e9},
    }
    night.write_pool(
        steps='- install_package: { version: "Billing@LATEST" }\n'
        '- install_package: { version: "Late@LATEST" }\n'
    )
    code, out, err = check(night, "--json")
    assert code == 0, err
    assert "pool.yaml:15: Billing@LATEST 1.2.0.3 (04t000000000001AAA) can be installed" in err
    assert "pool.yaml:16: package version Late@LATEST 1.0.0.1 (04t000000000002AAA): " in err
    assert json.loads(out)["packages"] == [
        {"name": "Billing@LATEST", "number": "1.2.0.3", "id": "04t000000000001AAA",
         "status": "NO_ERRORS_DETECTED"},
        {"name": "Late@LATEST", "number": "1.0.0.1", "id": "04t000000000002AAA",
         "status": "PACKAGE_UNAVAILABLE"},
    ]  # fmt: skip


def test_a_name_that_is_not_on_the_dev_hub_is_exit_2(night: Night) -> None:
    night.world.packages = {"04t000000000001AAA": {"name": "Billing", "version": "1.2.0.3"}}
    night.write_pool(steps='- install_package: { version: "Biling@LATEST" }\n')
    code, _, err = check(night)
    assert code == 2
    assert (
        "pool.yaml:15:9: pools.sample.steps.0.install_package.version: the Dev Hub has no package "
        "Biling; did you mean Billing?" in err
    )
