"""An answer of success that is malformed is asked for again, before it costs anybody anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from provisioner.errors import SalesforceError
from provisioner.salesforce.envelope import Call, unusable
from provisioner.salesforce.json_text import MalformedAnswerError

T = TypeVar("T")


def asked_again(waits: Iterable[float], call: Call, read: Callable[[], T]) -> T:
    """What `read` gives; only for what may be asked twice.

    `waits` are the seconds before each further try. Raises SalesforceError of class `transient`
    when all answers were malformed, and what else `read` raises.
    """
    for wait in waits:
        try:
            return checked(call, read)
        except SalesforceError as error:
            if not is_malformed(error):
                raise
        time.sleep(wait)
    return checked(call, read)


def checked(call: Call, read: Callable[[], T]) -> T:
    """What `read` gives. Raises SalesforceError for an answer that is malformed."""
    try:
        return read()
    except MalformedAnswerError as error:
        raise unusable(call, 200, f"the answer is malformed ({error})") from None


def is_malformed(error: SalesforceError) -> bool:
    """Whether the answer was a success by its status, and none by what it holds."""
    return 200 <= error.status < 300 and error.kind == "transient"
