"""The whole exchange over real HTTP: what a host may do to a login, and what is sent to it."""

from __future__ import annotations

import socket
import time
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from provisioner.errors import LoginError
from provisioner.retry import CALL
from provisioner.salesforce.assertion import App
from provisioner.salesforce.grant import Grant, sign_in
from provisioner.salesforce.keys import SigningKey
from provisioner.salesforce.login_endpoints import SANDBOX, LoginEndpoint, scratch_endpoints
from provisioner.salesforce.post import post_form
from tests.login.host import (
    CONSUMER_KEY,
    ORG,
    USER,
    USERNAME,
    LoginHost,
    Scripted,
    refused,
)


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once; how many there are stays as it is."""
    monkeypatch.setattr("provisioner.retry.sleep", lambda _: None)


def log_in(app: App, host: LoginHost, username: str = USERNAME) -> Grant:
    return sign_in(app, username, scratch_endpoints(host.url), post_form)


def refuse(app: App, host: LoginHost, username: str = USERNAME) -> LoginError:
    with pytest.raises(LoginError) as caught:
        log_in(app, host, username)
    return caught.value


def test_a_host_that_wants_its_own_address_as_audience_gets_it(app: App, host: LoginHost) -> None:
    host.audiences = {host.url}
    assert log_in(app, host).org_id == ORG
    assert [seen.claims["aud"] for seen in host.seen] == [SANDBOX, host.url]


@pytest.mark.parametrize("username", ["o'neil\"; --@acme.example", "zoë+π&x=1@acme.example"])
def test_usernames_with_quotes_and_other_scripts_log_in(
    username: str, app: App, host: LoginHost
) -> None:
    host.users = {username}
    assert log_in(app, host, username).user_id == USER


def test_a_wrong_key_is_reported_after_one_request(
    host: LoginHost, other_key: RSAPrivateKey
) -> None:
    error = refuse(App(CONSUMER_KEY, SigningKey(other_key)), host)
    assert error.code == "login_bad_signature"
    assert "does not match the app's certificate" in error.message
    assert "openssl x509" in error.hint
    assert len(host.seen) == 1


def test_a_wrong_consumer_key_and_a_wrong_username_are_distinguished(
    app: App, host: LoginHost
) -> None:
    assert refuse(App("3MVG9.other", app.key), host).code == "login_unknown_key"
    assert refuse(app, host, "nobody@acme.example").code == "login_not_approved"


def test_a_slow_clock_is_reported_with_its_lag(app: App, host: LoginHost) -> None:
    with pytest.raises(LoginError, match=r"clock of this machine is behind \(by (59|60)\d s\)"):
        sign_in(
            app, USERNAME, scratch_endpoints(host.url), post_form, now=lambda: time.time() - 600
        )


def test_a_deleted_org_is_known_by_its_420(app: App, host: LoginHost) -> None:
    host.script = [Scripted(420, b"<html>gone</html>", {"Content-Type": "text/html"})] * CALL.tries
    error = refuse(app, host)
    assert error.code == "org_gone"
    assert "deleted, expired or under maintenance" in error.message
    assert error.is_transient, "an active org in maintenance answers the same"


def test_a_redirect_is_reported_and_not_followed(app: App, host: LoginHost) -> None:
    """Its target would get an assertion that opens the org."""
    target = f"{host.url}/elsewhere?secret=1"
    host.script = [Scripted(302, b"", {"Location": target}), Scripted(307, b"", {"Location": "/x"})]
    error = refuse(app, host)
    assert error.code == "login_redirected"
    assert f"302 no content to {host.url}/elsewhere" in error.message
    assert "secret" not in error.message
    assert [seen.path for seen in host.seen] == ["/services/oauth2/token"]


@pytest.mark.parametrize(
    "trouble",
    [
        Scripted(503),
        Scripted(502, b"<html>", {"Content-Type": "text/html"}),
        Scripted(400, b'{"error": "unknown_error", "error_description": "retry your request"}'),
        Scripted(403, b"<html>Access Declined</html>", {"Content-Type": "text/html"}),
        Scripted(close=True),
    ],
    ids=["503", "502 with HTML", "unknown_error", "Access Declined", "connection closed"],
)
def test_two_errors_are_retried_and_errors_without_end_are_reported(
    trouble: Scripted, app: App, host: LoginHost
) -> None:
    """A token may be asked for again: the assertion opens the same session."""
    host.script = [trouble] * 2
    assert log_in(app, host).org_id == ORG
    host.script = [trouble] * CALL.tries
    assert refuse(app, host).code in ("server_error", "unreachable")
    assert not host.script


def test_a_host_that_never_answers_is_given_up(app: App, host: LoginHost) -> None:
    host.script = [Scripted(delay=5)]
    with pytest.raises(LoginError, match="timed out") as caught:
        sign_in(app, USERNAME, scratch_endpoints(host.url), partial(post_form, timeout=0.1))
    assert caught.value.code == "unreachable"
    assert caught.value.is_transient
    assert len(host.seen) == 1, "nor is it asked again with another audience"


def test_a_port_where_nobody_listens_is_reported(app: App) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(LoginError, match="connection refused") as caught:
            sign_in(app, USERNAME, scratch_endpoints(url), post_form)
    assert caught.value.code == "unreachable"


def test_a_name_that_does_not_resolve_is_reported(app: App) -> None:
    """`.invalid` is kept free of hosts for ever (RFC 6761)."""
    endpoints = (LoginEndpoint("https://org.invalid", SANDBOX),)
    with pytest.raises(LoginError, match="no such host") as caught:
        sign_in(app, USERNAME, endpoints, post_form)
    assert caught.value.is_transient


def test_the_refusal_of_a_real_host_is_quoted(app: App, host: LoginHost) -> None:
    status, body = refused("inactive_user", "user is inactive")
    host.script = [Scripted(status, str(body).replace("'", '"').encode())]
    assert "400 inactive_user: user is inactive" in refuse(app, host).message
