"""An answer of success that is malformed is asked for again, before it costs anybody anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.envelope import Call, unusable
from provisioner.salesforce.json_text import MalformedAnswerError

if TYPE_CHECKING:
    from provisioner.salesforce.session import OrgSession

T = TypeVar("T")


def asked_again(session: OrgSession, call: Call, read: Callable[[], T]) -> T:
    """What `read` gives; only for what may be asked twice.

    All requests of the call share its tries. Raises SalesforceError of kind TRANSIENT when all
    answers were malformed, and what else `read` raises.
    """
    with session.budget(call) as left:
        while True:
            try:
                return checked(call, read)
            except SalesforceError as error:
                if not (is_malformed(error) and left.wait()):
                    raise


def checked(call: Call, read: Callable[[], T]) -> T:
    """What `read` gives. Raises SalesforceError for an answer that is malformed."""
    try:
        return read()
    except MalformedAnswerError as error:
        raise unusable(call, 200, f"the answer is malformed ({error})") from None


def is_malformed(error: SalesforceError) -> bool:
    """Whether the answer was a success by its status, and none by what it holds."""
    return 200 <= error.status < 300 and error.kind is ErrorKind.TRANSIENT
