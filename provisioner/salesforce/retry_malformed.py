"""Retries a request whose answer has a success status and malformed content."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.api_errors import Call, unusable

if TYPE_CHECKING:
    from provisioner.salesforce.session import OrgSession

T = TypeVar("T")


def retry_malformed(session: OrgSession, call: Call, read: Callable[[], T]) -> T:
    """Return what `read` returns. `read` must be safe to repeat.

    All requests of the call share its retry budget. Raises SalesforceError of kind TRANSIENT when
    the last answer is malformed too, and whatever else `read` raises.
    """
    with session.budget(call) as left:
        while True:
            try:
                return checked(call, read)
            except SalesforceError as error:
                if not (is_malformed(error) and left.wait()):
                    raise


def checked(call: Call, read: Callable[[], T]) -> T:
    """Return what `read` returns. Raises SalesforceError for a malformed answer."""
    try:
        return read()
    except MalformedAnswerError as error:
        raise unusable(call, 200, f"the answer is malformed ({error})") from None


def is_malformed(error: SalesforceError) -> bool:
    """Whether the answer had a success status and malformed content."""
    return 200 <= error.status < 300 and error.kind is ErrorKind.TRANSIENT
