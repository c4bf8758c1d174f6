"""Every error has a kind, which says what a caller may do about it."""

from __future__ import annotations

import pytest

from provisioner.errors import (
    BusyError,
    ErrorKind,
    HubLimitError,
    LoginError,
    ProvisionerError,
    SalesforceError,
)
from provisioner.steps.base import StepFailed


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BusyError("another build is running"), ErrorKind.CONTENT),
        (HubLimitError("the daily limit is reached"), ErrorKind.LIMIT),
        (LoginError("refused"), ErrorKind.CONFIGURATION),
        (LoginError("refused", is_transient=True), ErrorKind.TRANSIENT),
        (SalesforceError("no such field"), ErrorKind.CONTENT),
        (SalesforceError("no answer", kind=ErrorKind.TRANSIENT), ErrorKind.TRANSIENT),
        (StepFailed("a component failed"), ErrorKind.CONTENT),
        (StepFailed("partly loaded", kind=ErrorKind.REPLACE), ErrorKind.REPLACE),
    ],
)
def test_an_error_has_a_kind(error: ProvisionerError, kind: ErrorKind) -> None:
    assert error.kind is kind


def test_a_login_that_may_succeed_later_is_transient() -> None:
    assert LoginError("refused", is_transient=True).is_transient
    assert not LoginError("refused").is_transient
