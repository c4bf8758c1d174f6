"""A login tries its endpoints in order until one returns a session."""

from __future__ import annotations

import json

import pytest

from provisioner.errors import LoginError, UsageError
from provisioner.salesforce.grant import App, Grant, Reply, sign_in
from tests.login.endpoints import (
    ENDPOINTS,
    HTML,
    NOT_YET,
    OWN,
    TEST,
    WHO,
    WRONG_AUDIENCE,
    Answer,
    Hosts,
    granted,
    refusal,
    refuse,
)


def test_the_endpoints_are_tried_until_one_returns_a_session(app: App) -> None:
    hosts = Hosts(WRONG_AUDIENCE, NOT_YET, granted())
    grant = sign_in(app, WHO, ENDPOINTS, hosts)
    assert grant.org_id == "00D000000000062EAA"
    assert hosts.asked == [f"{endpoint.host}/services/oauth2/token" for endpoint in ENDPOINTS]


def test_a_refusal_that_every_host_would_repeat_ends_the_login(app: App) -> None:
    hosts = Hosts(refusal("invalid_grant", "invalid assertion"), granted())
    with pytest.raises(LoginError, match="signature"):
        sign_in(app, WHO, ENDPOINTS, hosts)
    assert len(hosts.asked) == 1


def test_a_refusal_in_the_form_of_the_rest_api_is_read_like_one_of_the_token_endpoint(
    app: App,
) -> None:
    errors = [{"errorCode": "invalid_grant", "message": "invalid assertion"}]
    error = refuse(app, Reply(400, json.dumps(errors).encode(), "application/json"))
    assert error.code == "login_bad_signature"
    assert "invalid assertion" in error.message


@pytest.mark.parametrize("answer", [TimeoutError(), Reply(503, b""), Reply(302, b""), HTML])
def test_a_host_that_does_not_serve_is_not_asked_again_with_another_audience(
    app: App, answer: Answer
) -> None:
    hosts = Hosts(answer, granted())
    assert sign_in(app, WHO, ENDPOINTS, hosts).access_token
    assert [url.split("/")[2] for url in hosts.asked] == [OWN[8:], TEST[8:]]


def test_each_endpoint_gets_an_assertion_of_its_own_time(app: App) -> None:
    """A host that takes its time must not use up the life of the next one's assertion."""
    hosts = Hosts(WRONG_AUDIENCE)
    times = iter([1000.0, 2000.0, 3000.0, 4000.0])
    with pytest.raises(LoginError):
        sign_in(app, WHO, ENDPOINTS, hosts, now=lambda: next(times))
    assert len(set(hosts.assertions)) == 3


@pytest.mark.parametrize(
    ("changes", "org", "user"),
    [
        ({}, "00D000000000062EAA", "005000000000001AAA"),
        (
            {"id": f"{TEST}/id/00D000000000062/005000000000001/"},
            "00D000000000062EAA",
            "005000000000001AAA",
        ),
        (
            {"id": f"{TEST}/id/00D000000000062/005000000000001?next=/a/b"},
            "00D000000000062EAA",
            "005000000000001AAA",
        ),
        ({"id": None, "access_token": "00D000000000062!a!b"}, "00D000000000062EAA", ""),
        ({"id": f"{TEST}/id/00D000000000099/me"}, "00D000000000099EAA", ""),
        ({"id": f"{TEST}/id/x/005000000000001"}, "00D000000000062EAA", "005000000000001AAA"),
        ({"id": None}, "00D000000000062EAA", ""),
        ({"id": 7}, "00D000000000062EAA", ""),
        (
            {"token_type": None, "sfdc_community_url": "x"},
            "00D000000000062EAA",
            "005000000000001AAA",
        ),
    ],
)
def test_ids_come_out_of_the_identity_url_or_the_token(
    app: App, changes: dict[str, object], org: str, user: str
) -> None:
    grant = sign_in(app, WHO, ENDPOINTS, Hosts(granted(**changes)))
    assert (grant.org_id, grant.user_id) == (org, user)


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": {"a": 1}},
        {"instance_url": None},
        {"instance_url": "https://"},
        {"instance_url": "https://me@acme.my.salesforce.com"},
        {"access_token": "opaque", "id": "nothing"},
    ],
)
def test_a_token_answer_without_what_everything_rests_on_is_refused(
    app: App, changes: dict[str, object]
) -> None:
    assert refuse(app, granted(**changes)).code == "login_bad_answer"


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example",
        "https://salesforce.com.elsewhere.example",
        "http://acme.my.salesforce.com",
        "http://127.0.0.1:8080",
        "https://localhost",
    ],
)
def test_a_session_for_a_host_that_is_not_salesforces_is_refused(app: App, url: str) -> None:
    """Whoever answers for Salesforce, no token and no further assertion goes where they say."""
    error = refuse(app, granted(instance_url=url))
    assert error.code == "foreign_host"
    assert f"200 a session for {url}" in error.message
    assert "nothing was sent to it" in error.message
    assert not error.is_transient


def test_a_slash_after_the_instance_url_is_dropped(app: App) -> None:
    grant = sign_in(app, WHO, ENDPOINTS, Hosts(granted(instance_url=OWN + "/")))
    assert grant.instance_url == OWN


def test_nothing_is_asked_without_a_username_or_a_host(app: App) -> None:
    hosts = Hosts(granted())
    with pytest.raises(UsageError, match="has no username"):
        sign_in(app, "  ", ENDPOINTS, hosts)
    with pytest.raises(LoginError, match="no login endpoint") as caught:
        sign_in(app, WHO, (), hosts)
    assert caught.value.code == "login_url"
    assert hosts.asked == []


def test_a_token_is_never_printed(app: App) -> None:
    grant = sign_in(app, WHO, ENDPOINTS, Hosts(granted()))
    assert isinstance(grant, Grant)
    assert "planted" not in repr(grant)
    assert "planted" not in repr(granted())
