"""Each refusal of Salesforce becomes an error that names the probable cause and the fix."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from email.utils import formatdate

import pytest

from provisioner.errors import LoginError
from provisioner.salesforce.grant import App, Reply, sign_in
from provisioner.salesforce.login_errors import LOGIN_ERROR_TYPES, Then
from tests.login.endpoints import (
    ENDPOINTS,
    HTML,
    NOT_YET,
    OWN,
    TEST,
    WHO,
    WRONG_AUDIENCE,
    Answer,
    refusal,
    refuse,
)


@pytest.mark.parametrize(
    ("answer", "code", "cause", "is_transient"),
    [
        (NOT_YET, "login_not_approved", "app is not approved", True),
        (WRONG_AUDIENCE, "login_audience", "does not match the type of org", False),
        (refusal("invalid_grant", "Audience validation failed"), "login_audience", "match", False),
        (refusal("invalid_grant", "invalid assertion"), "login_bad_signature", "certifi", False),
        (
            refusal("invalid_grant", "expired authorization code"),
            "login_clock_skew",
            "clock",
            False,
        ),
        (refusal("invalid_grant", "authentication failure"), "login_authentication", "user", True),
        (refusal("inactive_user", "User is inactive"), "login_user_inactive", "locked", False),
        (refusal("invalid_grant", "inactive user"), "login_user_inactive", "locked", False),
        (refusal("inactive_org", "org is locked"), "org_gone", "locked or under", True),
        (refusal("invalid_grant", "ip restricted"), "login_ip_restricted", "IP address", False),
        (refusal("invalid_grant", "ip_address restricted"), "login_ip_restricted", "IP", False),
        (
            refusal("invalid_client_id", "client identifier invalid"),
            "login_unknown_key",
            "consumer key",
            True,
        ),
        (
            refusal("invalid_client", "invalid client credentials", 401),
            "login_client_credentials",
            "no certificate, or another one",
            False,
        ),
        (refusal("app_not_found", "no such app"), "login_app_missing", "not in the org", True),
        (
            refusal("invalid_grant", "External client app is not installed in this org"),
            "login_app_missing",
            "cannot find it",
            True,
        ),
        (
            refusal("invalid_app_access", "user is not admin approved to access this app"),
            "login_not_admin_approved",
            "administrator approved",
            False,
        ),
        (
            refusal("OAUTH_APPROVAL_ERROR_GENERIC", "this app is blocked"),
            "login_app_blocked",
            "not installed",
            False,
        ),
        (refusal("invalid_app_access", "app is uninstalled"), "login_app_blocked", "block", False),
        (
            refusal("unsupported_grant_type", "grant type not supported"),
            "login_jwt_disabled",
            "JWT",
            False,
        ),
        (refusal("rate_limit_exceeded", "login rate exceeded"), "login_rate", "3,600", True),
        (refusal("invalid_grant", "something new"), "login_refused", "refused", False),
        (Reply(420, b"<html>", "text/html"), "org_gone", "deleted, expired or under", True),
        (
            refusal("unknown_error", "retry your request"),
            "server_error",
            "temporarily unavailable",
            True,
        ),
        (refusal("server_error", "x", 500), "server_error", "temporarily unavailable", True),
        (
            refusal("temporarily_unavailable", "x", 503),
            "server_error",
            "temporarily unavailable",
            True,
        ),
        (
            Reply(403, b"<html><h1>Access Declined</h1>", "text/html"),
            "server_error",
            "temporarily unavailable",
            True,
        ),
        (
            refusal(
                "invalid_request",
                "refresh_token scope is required and the connected app should be installed and "
                "preauthorized",
            ),
            "login_scope_refresh",
            "lacks the scope refresh_token",
            False,
        ),
        (
            refusal("invalid_grant", "no valid scopes defined"),
            "login_scope_missing",
            "no sc",
            False,
        ),
        (
            refusal("invalid_client", "app must be installed into org"),
            "login_app_not_installed",
            "not installed",
            False,
        ),
        (Reply(503, b"", ""), "server_error", "maintenance", True),
        (
            Reply(500, b'[{"errorCode":"UNKNOWN_EXCEPTION"}]', ""),
            "server_error",
            "internal error",
            True,
        ),
        (Reply(429, b"", ""), "login_rate", "too many", True),
        (HTML, "login_bad_answer", "not answer like a Salesforce login host", False),
        (Reply(404, b"", "text/html"), "login_bad_answer", "not answer like", False),
        (
            Reply(200, b'["a list"]', "application/json"),
            "login_bad_answer",
            "not answer like",
            False,
        ),
        (
            Reply(200, b"[" * 100_000, "application/json"),
            "login_bad_answer",
            "not answer like",
            False,
        ),
        (
            Reply(302, b"", location="https://sso.acme.example/?RelayState=x"),
            "login_redirected",
            "redirect",
            False,
        ),
        (
            socket.gaierror(-2, "Name or service not known"),
            "unreachable",
            "cannot be resolved",
            True,
        ),
        (
            ConnectionRefusedError(111, "Connection refused"),
            "unreachable",
            "the host refused the connection",
            True,
        ),
        (ConnectionResetError(104, "reset"), "unreachable", "the connection failed, or", True),
        (TimeoutError("timed out"), "unreachable", "no answer was received in time", True),
        (OSError(113, "No route to host"), "unreachable", "the connection failed, or", True),
        (OSError("Tunnel connection failed: 407 Auth"), "proxy_refused", "proxy", False),
        (ssl.SSLCertVerificationError("self-signed"), "tls_certificate", "does not trust", False),
        (
            ssl.SSLError(1, "WRONG_VERSION_NUMBER"),
            "unreachable",
            "the connection failed, or",
            True,
        ),
    ],
)
def test_each_refusal_names_cause_fix_user_and_host(
    app: App, answer: Answer, code: str, cause: str, is_transient: bool
) -> None:
    error = refuse(app, answer)
    assert error.code == code
    assert error.exit_code == (9 if isinstance(answer, OSError) else 5)
    assert error.is_transient is is_transient
    assert cause in error.message
    assert WHO in error.message
    assert OWN in error.message
    assert error.hint


def test_every_row_says_what_it_is_what_to_do_and_the_last_one_takes_all() -> None:
    for row in LOGIN_ERROR_TYPES:
        assert row.code
        assert row.cause
        assert row.fix
        assert not row.cause.endswith(".")
    assert LOGIN_ERROR_TYPES[-1].pattern == ""
    stops = [row.then is Then.STOP for row in LOGIN_ERROR_TYPES]
    assert stops == sorted(stops, reverse=True), (
        "a refusal that ends the login must be the one that is shown"
    )


def test_the_most_specific_refusal_leads_and_each_answer_is_listed(app: App) -> None:
    unknown = refusal("invalid_client_id", "client identifier invalid")
    error = refuse(app, WRONG_AUDIENCE, NOT_YET, unknown)
    assert error.code == "login_not_approved"
    assert error.message.splitlines()[1:] == [
        f"  {OWN}, audience {TEST}: 400 invalid_grant: audience is invalid",
        f"  {OWN}, audience {OWN}: 400 invalid_grant: user hasn't approved this consumer",
        f"  {TEST}, audience {TEST}: 400 invalid_client_id: client identifier invalid",
    ]


def test_waiting_is_advised_when_one_host_may_still_learn_of_the_user(app: App) -> None:
    not_resolved = socket.gaierror(-2, "Name or service not known")
    assert refuse(app, not_resolved, WRONG_AUDIENCE).is_transient
    assert not refuse(app, NOT_YET, refusal("inactive_user", "locked")).is_transient


def test_a_slow_clock_is_measured_against_the_servers(app: App) -> None:
    late = refusal("invalid_grant", "expired authorization code")
    dated = Reply(
        late.status, late.body, late.content_type, date=formatdate(1e9 + 420, usegmt=True)
    )
    assert "behind (by 420 s)" in refuse(app, dated).message
    undated = Reply(late.status, late.body, late.content_type, date="no date")
    assert "by" not in refuse(app, undated).message.splitlines()[0].partition("behind")[2]


def test_a_host_that_echoes_the_request_does_not_get_the_assertion_into_the_error(
    app: App,
) -> None:
    seen: list[str] = []

    def echo(_url: str, form: Mapping[str, str]) -> Reply:
        seen.append(form["assertion"])
        return refusal(f"bad\n{form['assertion']}", f"token 00D000000000062!planted {form}")

    with pytest.raises(LoginError) as caught:
        sign_in(app, WHO, ENDPOINTS, echo)
    shown = str(caught.value) + repr(caught.value) + caught.value.hint
    assert "planted" not in shown
    assert not any(part in shown for text in seen for part in text.split("."))
    assert len(caught.value.message.splitlines()) == 1 + len(seen), "one line for each answer"
