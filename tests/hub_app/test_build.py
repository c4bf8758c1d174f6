"""A build by a user of the Salesforce Integration licence, who has what `hub app` grants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.cli.sample_project import sample_files
from tests.hub_app.hub import Hub

pytestmark = pytest.mark.slow


@pytest.fixture(params=["external", "external-replicated"])
def ready(make_hub: Callable[..., Hub], request: pytest.FixtureRequest) -> Hub:
    """A Dev Hub with our app, whose sign-ups carry the app or do not."""
    hub = make_hub(hub_app=request.param)
    hub.give_license()
    for name, content in sample_files().items():
        path = hub.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    hub.write_pool()
    pool(hub, hub.installed())
    return hub


def pool(hub: Hub, consumer_key: str, private_key: str = "0.key", limits: str = "") -> None:
    """Write a pool of one org."""
    more = (
        f"  consumer_key: {consumer_key}\n{limits}pools:\n  morning:\n    size: 1\n"
        "    definitions: [config/project-scratch-def.json]\n"
    )
    hub.write_pool(private_key, more)


def key_of(hub: Hub) -> str:
    [key] = [key for key, one in hub.world.hub.apps.items() if one.app_id]
    return key


def build(hub: Hub) -> int:
    done = hub.provisioner("build", "--time-scale", "0.002")
    return done.code


def test_the_orgs_are_built_claimed_and_deleted(ready: Hub) -> None:
    assert build(ready) == 0, ready.outputs[-1]
    done = ready.provisioner("claim", "--json")
    username = done.json["username"]
    assert ready.provisioner("login", username, "--json").code == 0
    assert ready.provisioner("release", username, "--owner", done.json["owner"]).code == 0
    assert ready.provisioner("status", "--json").json["pools"][0]["orgs"] == []


def test_unreadable_limits_are_a_warning_that_names_the_right(ready: Hub) -> None:
    ready.world.behavior = replace(ready.world.behavior, limits_readable="no")
    for command in (["check", "--online"], ["plan"], ["build", "--time-scale", "0.002"]):
        done = ready.provisioner(*command)
        assert done.code == 0, done.err
        assert "cannot read the limits of the Dev Hub" in done.err
        assert "View Setup and Configuration" in done.err
    checked = ready.provisioner("check", "--online", "--json").json
    assert checked["hub"]["limits"] is None


def test_sign_ups_that_are_kept_for_people_need_the_limits(ready: Hub) -> None:
    ready.world.behavior = replace(ready.world.behavior, limits_readable="no")
    pool(ready, key_of(ready), limits="limits: { keep_daily: 5 }\n")
    signups = len(ready.query("SELECT Id FROM ScratchOrgInfo"))
    codes = []
    for command in ("build", "plan"):
        done = ready.provisioner(command, "--json")
        error = done.json["error"]
        codes.append((done.code, error["code"]))
        assert "View Setup and Configuration" in error["hint"]
    assert codes == [(6, "limits_unreadable")] * 2
    assert len(ready.query("SELECT Id FROM ScratchOrgInfo")) == signups


def test_orgs_that_were_built_before_a_rotation_are_claimed_after_it(
    ready: Hub, tmp_path: Path
) -> None:
    """Their own apps, or the copies of the Dev Hub's, keep the certificate of the old key."""
    assert build(ready) == 0, ready.outputs[-1]
    key = key_of(ready)
    pool(ready, key, "[1.key, 0.key]")
    assert ready.app("--rotate").code == 0, ready.outputs[-1]
    assert build(ready) == 0, ready.outputs[-1]
    assert ready.provisioner("status", "--prove").code == 0
    done = ready.provisioner("claim", "--json")
    assert done.code == 0, done.err
    logged_in = ready.provisioner("login", done.json["username"], "--json")
    assert logged_in.code == 0, logged_in.err
    assert tmp_path == ready.folder

    assert build(ready) == 0, ready.outputs[-1]  # a new org, with the new certificate
    pool(ready, key, "1.key")
    [new] = [
        org["username"]
        for org in ready.provisioner("status", "--json").json["pools"][0]["orgs"]
        if org["state"] == "available"
    ]
    assert ready.provisioner("login", new, "--json").code == 0
