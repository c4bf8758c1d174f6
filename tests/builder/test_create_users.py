"""Personas in whole builds: created, logged in, recorded, restored, and found by a login."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from provisioner.credentials import Options, find_credentials
from provisioner.emulator.apps import HUB_APPS
from provisioner.emulator.resources import scim
from provisioner.ledger.base import Org, State
from provisioner.login import Session, login_by_any
from provisioner.steps.persona_names import persona_username
from tests.builder.night import Night
from tests.builder.test_interruption import Command
from tests.builder.test_lost import lose_ledger, reap

pytestmark = pytest.mark.slow

STEPS = """\
- deploy_source: { path: . }
- create_users: { definitions: [config/agent-user.json] }
- assign_permission_sets: { sets: [Visit_Planner], licenses: [SalesConsoleUser], users: [agent] }
"""


def prepared(night: Night, *, size: int = 1, steps: str = STEPS) -> Night:
    night.write_json("config/agent-user.json", {"LastName": "Agent"})
    night.write_pool(size=size, steps=steps, pool="replacements: 0", top="project: personas")
    return night


def log_in(night: Night, username: str, **options: Any) -> Session:
    found = find_credentials(username, Options(**options), night.environ, night.config)
    return login_by_any(found)[0]


def agent_of(org: Org) -> str:
    return persona_username("agent", org.username)


def built(night: Night) -> list[Org]:
    result = night.build()
    assert result.exit_code == 0, (result.error(), [org.error for org in result.failed])
    return night.orgs(State.AVAILABLE)


@pytest.mark.parametrize("way", ["auto", "deployed"])
@pytest.mark.parametrize("hub_app", HUB_APPS)
def test_personas_log_in_with_the_same_certificate_on_each_kind_of_hub(
    make_night: Callable[..., Night], hub_app: str, way: str
) -> None:
    night = prepared(make_night(hub_app=hub_app), size=2)
    night.login_app(way)
    prepared(night, size=2)
    for org in built(night):
        assert org.users == ({"persona": "agent", "username": agent_of(org)},)
        (user,) = [r for r in night.rows_in(org, "User") if r["Username"] == agent_of(org)]
        assert user["LastName"] == "Agent"
        assert len(night.rows_in(org, "PermissionSetLicenseAssign")) == 1
        for session in (
            log_in(night, agent_of(org)),
            log_in(night, agent_of(org).upper()),
            log_in(night, org.username, user="agent"),
        ):
            assert (session.username, session.user_id) == (agent_of(org), user["Id"])
        assert log_in(night, org.username).user_id != user["Id"]


def test_the_command_line_shows_the_users_and_logs_them_in(night: Night) -> None:
    (org,) = built(prepared(night))
    users = [{"persona": "agent", "username": agent_of(org)}]
    code, out, err = Command(night, "status", "--manifest").end()
    assert (code, json.loads(out)["orgs"][0]["users"]) == (0, users), err
    (night.folder / "orgs.json").write_text(out)
    code, out, err = Command(night, "status", "--json").end()
    assert [o["users"] for o in json.loads(out)["pools"][0]["orgs"]] == [users]
    for arguments in (
        [agent_of(org)],
        [org.username, "--user", "agent"],
        [agent_of(org), "--manifest", "orgs.json"],
        [org.username, "--user", "agent", "--manifest", "orgs.json"],
    ):
        code, out, err = Command(night, "login", *arguments, "--json").end()
        assert code == 0, (out, err)
        assert json.loads(out)["username"] == agent_of(org)
    code, out, err = Command(night, "login", org.username, "--user", "agnet", "--json").end()
    error = json.loads(out)["error"]
    assert (code, error["code"]) == (3, "unknown_persona")
    assert error["message"] == (
        f"the scratch org {org.username} has no user of the persona agnet; did you mean agent?"
    )


def test_a_key_alone_logs_a_persona_in_where_the_org_has_an_app_of_its_own(
    make_night: Callable[..., Night],
) -> None:
    night = make_night(hub_app="external")
    night.login_app("deployed")
    (org,) = built(prepared(night))
    key = night.folder / "server.key"
    key.write_text(night.environ["KEY"])
    key.chmod(0o600)
    options = {"key": key, "login_url": org.login_url, "is_without_pool_file": True}
    assert log_in(night, org.username, user="agent", **options).username == agent_of(org)


def test_a_lost_ledger_is_restored_with_the_users(night: Night) -> None:
    before = built(prepared(night))
    lose_ledger(night)
    reap(night, "--rebuild")
    assert {org.username: org.users for org in night.orgs()} == {
        org.username: org.users for org in before
    }
    assert log_in(night, agent_of(before[0])).username == agent_of(before[0])


def test_an_app_that_the_platform_does_not_approve_stops_the_build_with_the_fix(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As perhaps where the instance is on Hyperforce: SCIM creates the user, approves nothing."""
    monkeypatch.setattr(scim, "_approve", lambda _call, _user_id: "5Aep861none")
    prepared(night)
    result = night.build()
    assert result.exit_code == 6
    (org,) = result.failed
    assert "agent: the Dev Hub's app in the org is not approved for the user" in org.error
    assert "write dev_hub.login_app: deployed" in org.error


def test_a_used_up_licence_fails_in_words(night: Night) -> None:
    for name in ("a", "b", "c", "d", "e"):
        night.write_json(f"config/{name}-user.json", {})
    files = ", ".join(f"config/{name}-user.json" for name in "abcde")
    night.write_pool(size=1, steps=f"- create_users: [{files}]\n", pool="replacements: 0")
    result = night.build()
    (org,) = result.failed
    assert "the org has no free Salesforce licence for the profile Standard User" in org.error
