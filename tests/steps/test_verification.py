"""The verification: a new login, a query of the org's identity, its exact expiry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.errors import ErrorKind, LoginError, SalesforceError
from provisioner.steps.base import Done, StartAgain, StepFailed
from provisioner.steps.verification import Verification
from tests.steps.step_runner import StepRunner


def test_a_verified_org_has_its_exact_expiry(runner: StepRunner) -> None:
    done = runner.finish(Verification())
    assert done.note == "verified"
    expires = runner.emulated_org.expires
    assert expires is not None
    assert abs((done.changes["expires_at"] - expires).total_seconds()) < 1
    assert done.changes["instance_url"] == runner.emulated.server.url
    assert done.changes["proven_at"].tzinfo is not None


def test_the_verification_logs_in_with_a_session_of_its_own(runner: StepRunner) -> None:
    runner.org  # noqa: B018 - the session of the steps before
    before = runner.emulated.requests("oauth.token")
    used = runner.org.session.grant
    runner.finish(Verification())
    assert runner.emulated.requests("oauth.token") == before + 1
    assert runner.org.session.grant is used


def test_two_requests_verify_an_org(runner: StepRunner) -> None:
    runner.org  # noqa: B018 - logs in
    before = len(runner.emulated.world.log.entries())
    runner.finish(Verification())
    assert len(runner.emulated.world.log.entries()) - before == 2


def test_another_org_behind_the_username_is_noticed(runner: StepRunner) -> None:
    context = replace(runner.context(), org_id="00D000000000009EAA")
    with pytest.raises(StepFailed, match="instead of 00D000000000009EAA") as caught:
        Verification().start(context)
    assert caught.value.kind is ErrorKind.REPLACE


def test_an_org_that_refuses_the_login_is_not_verified(runner: StepRunner) -> None:
    context = runner.context()
    runner.emulated_org.apps.clear()
    with pytest.raises(LoginError):
        Verification().start(context)


def test_an_org_that_does_not_return_its_identity_is_not_verified(runner: StepRunner) -> None:
    context = runner.context()
    runner.emulated.fault({"route": "query"}, {"do": "answer", "status": 420}, times=4)
    with pytest.raises(SalesforceError, match="deleted, expired or under maintenance") as caught:
        Verification().start(context)
    assert caught.value.kind is ErrorKind.GONE
    runner.emulated.fault(
        {"route": "query"}, {"do": "answer", "status": 200, "body": {"records": []}}, times=4
    )
    with pytest.raises(StepFailed, match="the org does not return its id") as failed:
        Verification().start(context)
    assert failed.value.kind is ErrorKind.REPLACE


def test_a_verification_may_be_repeated(runner: StepRunner) -> None:
    assert isinstance(runner.finish(Verification()), Done)
    assert isinstance(Verification().poll(runner.context(), StartAgain()), Done)
    assert list(Verification().inputs(runner.directory)) == []
