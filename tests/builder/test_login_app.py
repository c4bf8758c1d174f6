"""The login app of an org: each trap of such a deploy, and what goes wrong on the way."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest
import requests

from provisioner.builder.result import BuildResult
from provisioner.emulator.behavior import Behavior
from provisioner.emulator.keys import KeyPair, make_key_pair
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY
from provisioner.errors import SalesforceError
from provisioner.ledger.base import Org, State
from provisioner.salesforce.app_keys import derived_consumer_key
from provisioner.salesforce.authorization_code import FirstSession, exchange
from provisioner.salesforce.deploy_body import deploy_body
from provisioner.salesforce.external_client_app import ExternalClientApp, package
from provisioner.salesforce.grant import Grant
from provisioner.salesforce.hub import DevHub
from provisioner.steps.login_app import NAME
from tests.builder.night import Night
from tests.builder.test_interruption import held_build
from tests.builder.test_login_way import log_in, sign_ups

pytestmark = pytest.mark.slow

MakeNight = Callable[..., Night]


@pytest.fixture(scope="module")
def other_key_pair() -> KeyPair:
    """A key that belongs to no app of ours."""
    return make_key_pair()


def deployed(make_night: MakeNight, *, size: int = 1, pool: str = "", **world: Any) -> Night:
    """A Dev Hub whose orgs get apps of their own, and a small pool."""
    night = make_night(hub_app="external", **world)
    night.login_app("deployed")
    night.write_pool(size=size, steps="", pool=pool)
    return night


def built(night: Night) -> list[Org]:
    """A build that succeeds; each of its orgs lets a consumer log in."""
    result = night.build()
    assert result.exit_code == 0, (result.error(), [org.error for org in result.failed])
    orgs = night.orgs(State.AVAILABLE)
    for org in orgs:
        log_in(night, org)
    return orgs


def failed(result: BuildResult) -> str:
    """The error of the only org that has failed."""
    assert result.exit_code == 6
    (org,) = result.failed
    return org.error


@pytest.mark.parametrize("access", ["by_deploy", "inserted"])
def test_whoever_creates_the_link_to_the_permission_set(make_night: MakeNight, access: Any) -> None:
    night = deployed(make_night, behavior=Behavior(setup_entity_access=access))
    (org,) = built(night)
    rows = night.rows_in(org, "SetupEntityAccess")
    assert len(rows) == 1


def test_a_key_that_the_org_does_not_keep(make_night: MakeNight) -> None:
    night = deployed(make_night, behavior=Behavior(requested_key="replaced"))
    (org,) = built(night)
    assert org.consumer_key.startswith("3MVG9")
    assert org.consumer_key != DEFAULT_CONSUMER_KEY


def test_a_key_that_is_taken_elsewhere(
    make_night: MakeNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another org has it: the app is deployed once more, with a generated key."""
    night = deployed(make_night, size=2)
    monkeypatch.setattr(
        "provisioner.steps.login_app.derived_consumer_key", lambda _: "0123456789abcdef" * 4
    )
    keys = sorted(org.consumer_key for org in built(night))
    assert keys[0] == "0123456789abcdef" * 4
    assert keys[1].startswith("3MVG9")
    settings = 2
    assert night.requests("deploy.start") == settings + 3


def test_an_app_that_is_usable_only_later(make_night: MakeNight) -> None:
    night = deployed(make_night, app_latency=120.0)
    built(night)
    assert [status for status, _ in sign_ups(night)] == ["Active"]


def test_an_app_that_never_becomes_usable(make_night: MakeNight) -> None:
    """After half an hour the org is replaced; the error has the refusal and its fix."""
    night = deployed(make_night, pool="replacements: 0", app_latency=1e6)
    error = failed(night.build())
    assert error.startswith("login app: login of ")
    assert "does not know the consumer key" in error
    assert night.active() == []


def test_a_code_that_was_used_already(make_night: MakeNight) -> None:
    """Nobody can log in to such an org: it is deleted and replaced, and that is counted."""
    night = deployed(make_night, pool="replacements: 1")
    keep = night.world.new_auth_code
    used: list[Any] = []

    def new_code(org: Any, **named: Any) -> str:
        code = keep(org, **named)
        if not used:
            used.append(night.world.auth_codes.pop(code))
        return code

    night.world.new_auth_code = new_code  # type: ignore[method-assign]
    result = night.build()
    assert [len(result.built), len(result.failed)] == [1, 1]
    assert "invalid authorization code" in result.failed[0].error
    assert [status for status, _ in sign_ups(night)] == ["Deleted", "Active"]


def test_a_code_that_is_too_old(make_night: MakeNight) -> None:
    night = deployed(make_night, pool="replacements: 0", behavior=Behavior(auth_code_life=0))
    assert "authorization code" in failed(night.build())
    assert night.active() == []


def test_the_answer_with_the_tokens_is_lost(make_night: MakeNight) -> None:
    """The code is used, and its tokens are gone."""
    night = deployed(make_night, pool="replacements: 1")
    night.fault({"route": "oauth.token", "nth": 2}, {"do": "reset", "at": "after"})
    result = night.build()
    assert [len(result.built), len(result.failed)] == [1, 1]
    assert len(night.active()) == 1


def test_a_refused_deploy_is_no_fault_of_the_org(make_night: MakeNight) -> None:
    """Every other org would refuse it, too: no replacement is signed up."""
    night = deployed(make_night, pool="replacements: 2")
    problem = {"fileName": "externalClientApps/x.eca", "problem": "You can't create it here"}
    night.fault(
        {"route": "deploy.status"},
        {
            "do": "answer",
            "status": 200,
            "body": {
                "id": "0Af000000000001AAA",
                "deployResult": {
                    "status": "Failed",
                    "done": True,
                    "success": False,
                    "details": {"componentFailures": [problem]},
                },
            },
        },
        times=0,
    )
    error = failed(night.build())
    assert "You can't create it here" in error
    assert len(sign_ups(night)) == 1


def test_a_second_app_of_the_same_name(
    make_night: MakeNight, monkeypatch: pytest.MonkeyPatch, other_key_pair: KeyPair
) -> None:
    """As in an org from a snapshot: it gets our certificate, and keeps its consumer key."""

    def exchanged(*arguments: Any) -> FirstSession:
        session = exchange(*arguments)
        deploy_app(session.grant, other_key_pair.certificate, consumer_key="fedcba98" * 8)
        return session

    monkeypatch.setattr("provisioner.builder.first_logins.exchange", exchanged)
    (org,) = built(deployed(make_night))
    assert org.consumer_key == "fedcba98" * 8


def deploy_app(grant: Grant, certificate: str, consumer_key: str) -> None:
    """Deploy an app of our name to an org, and wait until it is there."""
    app = ExternalClientApp(
        name=NAME,
        label="Other",
        description="Of somebody else",
        contact_email="a@b.example",
        certificate=certificate,
        consumer_key=consumer_key,
    )
    url = f"{grant.instance_url}/services/data/v68.0/metadata/deployRequest"
    body = deploy_body(package(app, "68.0"))
    headers = {"Authorization": f"Bearer {grant.access_token}"}
    sent = requests.post(
        url, body.content, headers={**headers, "Content-Type": body.content_type}, timeout=30
    )
    result: dict[str, Any] = {}
    while not result.get("done"):
        answer = requests.get(f"{url}/{sent.json()['id']}", headers=headers, timeout=30)
        result = answer.json()["deployResult"]
    assert result["status"] == "Succeeded"


def test_a_permission_set_of_the_same_name(make_night: MakeNight) -> None:
    night = deployed(make_night)
    add = night.world.add_scratch_org

    def with_set(*arguments: Any, **named: Any) -> Any:
        org = add(*arguments, **named)
        org.store.add("PermissionSet", {"Name": NAME, "Label": "Other"}, user_id=org.admin_id)
        return org

    night.world.add_scratch_org = with_set  # type: ignore[method-assign]
    built(night)


def test_the_first_session_is_revoked(make_night: MakeNight) -> None:
    night = deployed(make_night, size=2)
    for org in built(night):
        assert not any(
            session.consumer_key == "PlatformCLI" and session.org.id == org.org_id
            for session in night.world.sessions._by_token.values()
        )
        assert org.consumer_key == derived_consumer_key(org.username)
    assert night.requests("oauth.revoke") == 2


def test_a_revocation_that_fails_for_good_costs_the_org(make_night: MakeNight) -> None:
    """Otherwise tokens that are in no file would stay valid."""
    night = deployed(make_night, pool="replacements: 0")
    night.fault({"route": "oauth.revoke"}, {"do": "answer", "status": 400, "body": {}}, times=0)
    assert "revocation" in failed(night.build())
    assert night.active() == []


@pytest.mark.parametrize(("way", "most"), [("replicated", 4), ("deployed", 15)])
def test_requests_are_few(make_night: MakeNight, way: str, most: int) -> None:
    """The one-time code comes with the poll: the way costs no request to the Dev Hub."""
    night = make_night()
    night.world.latencies.instant = True
    night.login_app(way)
    night.write_pool(size=1, steps="")
    result = night.build()
    assert result.exit_code == 0
    assert result.api_calls["hub"] == 7, result.api_calls
    assert result.api_calls["org"] <= most


def test_a_kept_org_has_no_session_that_nobody_knows(make_night: MakeNight) -> None:
    night = deployed(make_night, pool="replacements: 0", app_latency=1e6)
    result = night.build(keep_failed=True)
    assert result.exit_code == 6
    assert len(night.active()) == 1
    assert night.requests("oauth.revoke") == 1


def test_an_interrupted_build_revokes_what_it_has(make_night: MakeNight) -> None:
    """The org is replaced by the next build, and that is counted and reported."""
    night = deployed(make_night)
    command, _ = held_build(night, route="soap.metadata")
    command.process.send_signal(signal.SIGTERM)
    night.world.holds.release()
    code, _, err = command.end()
    assert code == 130, err
    assert night.requests("oauth.revoke") == 1
    built(night)
    assert [status for status, _ in sign_ups(night)] == ["Deleted", "Active"]
    assert any("1 org: an earlier build was interrupted" in m for m in night.watcher.messages)


def test_a_user_who_may_not_read_the_code(
    make_night: MakeNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the right; the org is deleted by the next build or `reap`."""
    night = deployed(make_night, pool="replacements: 0")
    readable = DevHub.readable

    def without_code(hub: DevHub, soql: str, *arguments: Any) -> Any:
        if "AuthCode" in soql:
            text = "No such column 'AuthCode' on entity 'ScratchOrgInfo'"
            raise SalesforceError(text, error_code="INVALID_FIELD", status=400)
        return readable(hub, soql, *arguments)

    monkeypatch.setattr(DevHub, "readable", without_code)
    assert "read access to the field AuthCode" in failed(night.build())
