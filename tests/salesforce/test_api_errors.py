"""The errors of the API: what an answer with an error, or a lost answer, says to callers."""

from __future__ import annotations

import json
import ssl
from typing import Any

import pytest

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.api_errors import (
    NO_ANSWER,
    NOT_SENT,
    TIMED_OUT,
    Call,
    error_codes,
    lost,
    refused,
)
from provisioner.salesforce.http_client import NotConnectedError
from provisioner.salesforce.network_errors import network_reason

CALL = Call("me", "GET", "limits")


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ([{"errorCode": "A", "message": "one"}, {"errorCode": "B"}], [("A", "one"), ("B", "")]),
        ({"error": "invalid_grant", "error_description": "why"}, [("invalid_grant", "why")]),
        ([{"statusCode": "A", "message": "one", "fields": []}], [("A", "one")]),
        ({"message": "no code"}, []),
        ("text", []),
    ],
    ids=["REST", "token endpoint", "composite", "no code", "no object"],
)
def test_each_form_of_an_error_is_read(body: Any, codes: list[tuple[str, str]]) -> None:
    """Source: docs/reference/http.md#error-bodies."""
    assert error_codes(json.dumps(body)) == codes


def test_the_text_of_an_error_decides_on_its_kind() -> None:
    def kind(message: str) -> ErrorKind:
        body = json.dumps([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": message}])
        return refused(CALL, 403, body, "application/json").kind

    assert kind("TotalRequests Limit exceeded.") is ErrorKind.LIMIT
    assert kind("ConcurrentPerOrgLongTxn Limit exceeded.") is ErrorKind.TRANSIENT


def test_an_answer_without_an_error_code_has_neither_code_nor_hint() -> None:
    error = refused(CALL, 404, "", "text/plain")
    assert (error.error_code, error.hint) == ("", "")
    assert str(error).endswith("HTTP 404: an empty answer")


def not_connected(cause: OSError) -> NotConnectedError:
    error = NotConnectedError(*cause.args)
    error.__cause__ = cause
    return error


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


def without_tls() -> ssl.SSLError:
    error = ssl.SSLError(1, "wrong version number")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


LOST = [
    (not_connected(ConnectionRefusedError(111, "x")), NOT_SENT, "not sent: connection refused"),
    (not_connected(without_tls()), NOT_SENT, "not sent: no TLS: WRONG_VERSION_NUMBER"),
    (not_connected(OSError(113, "No route to host")), NOT_SENT, "not sent: No route to host"),
    (TimeoutError("timed out"), TIMED_OUT, "no answer in time"),
    (ConnectionResetError(104, "reset"), NO_ANSWER, "the answer was lost: connection closed"),
    (OSError(5, ""), NO_ANSWER, "the answer was lost: OSError"),
]


@pytest.mark.parametrize(("error", "code", "text"), LOST, ids=lambda value: str(value)[:30])
def test_a_lost_answer_says_whether_the_request_was_sent(
    error: OSError, code: str, text: str
) -> None:
    """`unreachable` lets a build ask the Dev Hub whether the org is deleted."""
    found = lost(CALL, error)
    assert isinstance(found, SalesforceError)
    assert (found.error_code, found.code, found.kind) == (code, "unreachable", ErrorKind.TRANSIENT)
    assert text in found.message


def test_a_certificate_that_is_not_trusted_is_an_error_of_the_configuration() -> None:
    found = lost(CALL, not_connected(untrusted()))
    assert (found.error_code, found.code) == (NOT_SENT, "tls_certificate")
    assert found.kind is ErrorKind.CONFIGURATION
    assert network_reason(untrusted()) == "certificate: self-signed certificate"
