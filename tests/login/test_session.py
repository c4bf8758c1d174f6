"""A session: what it takes to get one, and what it is good for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.credentials import Options, from_options
from provisioner.errors import LoginError
from provisioner.login import Session, identity, login
from provisioner.salesforce.sign_in import Credentials
from provisioner.salesforce.singleaccess import single_use_link
from tests.login.host import (
    CONSUMER_KEY,
    ORG,
    OTP,
    TOKEN,
    USER,
    USERNAME,
    LoginHost,
    Scripted,
)


@pytest.fixture
def credentials(host: LoginHost, key_file: Path) -> Credentials:
    return from_options(USERNAME, Options(CONSUMER_KEY, key_file, host.url), {}).credentials


def test_username_consumer_key_and_key_file_are_enough(
    credentials: Credentials, host: LoginHost
) -> None:
    session = login(credentials)
    assert session.as_json() == {
        "username": USERNAME,
        "org_id": ORG,
        "instance_url": host.url,
        "access_token": TOKEN,
        "consumer_key": CONSUMER_KEY,
    }
    assert [seen.path for seen in host.seen] == ["/services/oauth2/token"], "one request"
    assert set(host.seen[0].form) == {"grant_type", "assertion"}
    assert TOKEN not in repr(session) + repr(credentials)


def test_who_the_token_belongs_to_is_asked_of_the_org_itself(credentials: Credentials) -> None:
    who = identity(login(credentials))
    assert (who["username"], who["organization_id"]) == (USERNAME, ORG)


@pytest.mark.parametrize(
    "answer",
    [
        Scripted(404),
        Scripted(403, b'{"error": "Wrong_Org"}'),
        Scripted(302, b"", {"Location": "/"}),
        Scripted(200, b"<html>"),
    ],
)
def test_userinfo_answers_when_the_identity_url_does_not(
    answer: Scripted, credentials: Credentials, host: LoginHost
) -> None:
    session = login(credentials)
    host.script = [answer]
    assert identity(session)["user_id"] == USER
    assert [seen.path for seen in host.seen[1:]] == [
        f"/id/{ORG}/{USER}",
        "/services/oauth2/userinfo",
    ]


def ended(session: Session) -> Session:
    return Session(session.username, ORG, session.instance_url, "planted-ended", "", USER)


@pytest.mark.parametrize(
    "ask",
    [identity, lambda session: single_use_link(session.instance_url, session.access_token)],
    ids=["identity", "browser link"],
)
def test_an_ended_session_is_reported_without_its_token(
    ask: Callable[[Session], object], credentials: Credentials
) -> None:
    with pytest.raises(LoginError, match="HTTP 401") as caught:
        ask(ended(login(credentials)))
    assert "planted" not in repr(caught.value)


def test_a_browser_link_is_asked_for_with_the_token_in_the_header_only(
    credentials: Credentials, host: LoginHost
) -> None:
    session = login(credentials)
    link = single_use_link(session.instance_url, session.access_token, "/lightning/setup?a=1&b")
    assert link == f"{host.url}/secur/frontdoor.jsp?otp={OTP}"
    path = host.seen[-1].path
    assert path == "/services/oauth2/singleaccess?redirect_uri=%2Flightning%2Fsetup%3Fa%3D1%26b"
    assert TOKEN not in path


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b'{"frontdoor_uri": 1}', b'{"frontdoor_uri": "javascript:x"}']
)
def test_what_is_no_link_is_not_opened(
    body: bytes, credentials: Credentials, host: LoginHost
) -> None:
    session = login(credentials)
    host.script = [Scripted(200, body)]
    with pytest.raises(LoginError, match="returned no login link"):
        single_use_link(session.instance_url, session.access_token)


@pytest.mark.parametrize(
    "url", ["https://elsewhere.example/x?otp=1", "https://[::1/", "http://a:b"]
)
def test_a_link_to_another_host_is_not_opened(
    url: str, credentials: Credentials, host: LoginHost
) -> None:
    """A link is a credential."""
    session = login(credentials)
    host.script = [Scripted(200, json.dumps({"frontdoor_uri": url}).encode())]
    with pytest.raises(LoginError, match="neither Salesforce's nor its own") as caught:
        single_use_link(session.instance_url, session.access_token)
    assert caught.value.code == "foreign_host"
