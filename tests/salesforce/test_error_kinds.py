"""Every error of Salesforce has one kind, which says what a caller may do."""

from __future__ import annotations

import pytest

from provisioner.errors import ErrorKind
from provisioner.salesforce.error_kinds import (
    DEPLOY_RETRIES,
    PACKAGE_RETRIES,
    classify,
    says_any,
    sign_up_kind,
    sign_up_meaning,
)

API_ERRORS = [
    (0, "", "", ErrorKind.TRANSIENT),
    (
        400,
        "UNABLE_TO_LOCK_ROW",
        "unable to obtain exclusive access to this record",
        ErrorKind.TRANSIENT,
    ),
    (400, "QUERY_TIMEOUT", "Your query request was running for too long", ErrorKind.TRANSIENT),
    (400, "INVALID_FIELD", "No such column", ErrorKind.CONTENT),
    (400, "LIMIT_EXCEEDED", "reached its daily scratch org signup limit", ErrorKind.LIMIT),
    (400, "INVALID_SIGNUP_OPTION", "outside of the preview period", ErrorKind.CONFIGURATION),
    (400, "SOMETHING_NEW", "", ErrorKind.CONTENT),
    (401, "INVALID_SESSION_ID", "Session expired or invalid", ErrorKind.CONFIGURATION),
    (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", ErrorKind.LIMIT),
    (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", ErrorKind.TRANSIENT),
    (403, "API_DISABLED_FOR_ORG", "", ErrorKind.CONFIGURATION),
    (403, "", "", ErrorKind.CONFIGURATION),
    (404, "NOT_FOUND", "The requested resource does not exist", ErrorKind.CONTENT),
    (420, "", "", ErrorKind.GONE),
    (429, "", "", ErrorKind.TRANSIENT),
    (
        500,
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. ErrorId: 1-2 (3)",
        ErrorKind.TRANSIENT,
    ),
    (502, "", "", ErrorKind.TRANSIENT),
    (503, "SERVER_UNAVAILABLE", "", ErrorKind.TRANSIENT),
    (504, "", "", ErrorKind.TRANSIENT),
]


@pytest.mark.parametrize(("status", "code", "text", "kind"), API_ERRORS)
def test_an_api_error_has_a_kind(status: int, code: str, text: str, kind: ErrorKind) -> None:
    assert classify(status, code, text) is kind


@pytest.mark.parametrize("code", ["C-1007", "C-1015", "C-1033", "C-9999", "VR-0001", "", None])
def test_some_sign_ups_are_worth_another(code: str | None) -> None:
    assert sign_up_kind(code) is ErrorKind.TRANSIENT


@pytest.mark.parametrize("code", ["C-1016", "S-1006", "S-1017", "SH-0003", "SN-0001", "T-0002"])
def test_other_sign_ups_would_fail_again(code: str) -> None:
    assert sign_up_kind(code) is ErrorKind.CONFIGURATION


def test_a_sign_up_code_is_explained() -> None:
    assert "External Client App" in sign_up_meaning("C-1016")
    assert sign_up_meaning("S-1017").startswith("the namespace is not linked to the Dev Hub; ")
    assert sign_up_meaning("X-1") == "the meaning of this error code is not documented"
    assert sign_up_kind("X-1") is ErrorKind.TRANSIENT


@pytest.mark.parametrize(
    "text",
    [
        "This package is not yet available. Try again in a few minutes",
        "The requested package doesn't yet exist or has been deleted.",
        "UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record",
        "ALREADY_IN_PROCESS: the setup has already been locked by another change",
    ],
)
def test_an_install_that_comes_too_early_is_known_by_its_text(text: str) -> None:
    assert says_any(text, PACKAGE_RETRIES)


def test_an_ordinary_failure_is_not_taken_for_a_passing_one() -> None:
    assert not says_any("Missing dependent component; deploy it and try again", DEPLOY_RETRIES)
    assert not says_any("(Foo) Invalid type: Bar", PACKAGE_RETRIES)
