"""An answer of a login host without a session: as one line, and as a row of `login_errors`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioner.salesforce.login_errors import LOGIN_ERROR_TYPES, LoginErrorType
from provisioner.salesforce.network_errors import network_reason
from provisioner.salesforce.redaction import one_line, redact
from provisioner.salesforce.reply import ACCESS_DECLINED, Reply


@dataclass(frozen=True)
class Refusal:
    """One answer without a session, or no answer: its line, and its row of the table."""

    text: str
    error_type: LoginErrorType
    date: str = ""  # the Date header of the answer

    @property
    def rank(self) -> int:
        """The row's index in the table: a lower one is more specific."""
        return LOGIN_ERROR_TYPES.index(self.error_type)


def refusal_of(reply: Reply, error: object = None, description: object = None) -> Refusal:
    """Classify an answer by its status and, when it is JSON, by its two fields."""
    if error:
        text = f"{reply.status} {_clean(error)}" + (
            f": {_clean(description)}" if description else ""
        )
    else:
        target = f" to {_clean(reply.location.split('?')[0])}" if reply.location else ""
        content_type = reply.content_type.split(";")[0].strip() or "no content"
        busy = ": Access Declined" if ACCESS_DECLINED in reply.body else ""
        text = f"{reply.status} {content_type}{target}{busy}"
    return Refusal(text, _error_type(text), reply.date)


def foreign_session(host: str) -> Refusal:
    """Classify an answer with a session for a host that must not receive the token."""
    text = f"200 a session for {_clean(host)}"
    return Refusal(text, _error_type(text))


def unreachable(error: OSError) -> Refusal:
    """Classify a request that got no answer."""
    text = f"network: {network_reason(error)}"
    return Refusal(text, _error_type(text))


def _error_type(text: str) -> LoginErrorType:
    return next(row for row in LOGIN_ERROR_TYPES if re.search(row.pattern, text, re.IGNORECASE))


def _clean(value: object) -> str:
    """A field of the answer on one line, short, without credentials."""
    return one_line(redact(str(value)), 200)
