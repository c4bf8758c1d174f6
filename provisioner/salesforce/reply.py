"""An HTTP answer, and the type of the function with which a login sends its form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from provisioner.salesforce.answer_json import read_json


class Headers(Protocol):
    """The headers of an answer. Names are case-insensitive."""

    def get(self, name: str, default: str, /) -> str: ...


@dataclass(frozen=True)
class Reply:
    """A complete HTTP answer. The body is not in the repr, because it may hold a token."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = ""
    location: str = ""  # the target of a redirect, which is never followed
    date: str = ""  # the Date header of the server
    headers: Headers = field(default_factory=dict[str, str], repr=False, compare=False)
    took: float = field(default=0.0, compare=False)  # seconds from the request to the answer's end

    @classmethod
    def of(cls, status: int, body: bytes, headers: Headers, took: float) -> Reply:
        """Make an answer. `took` is in seconds from the request to the end of the answer."""
        return cls(
            status,
            body,
            content_type=headers.get("Content-Type", ""),
            location=headers.get("Location", ""),
            date=headers.get("Date", ""),
            headers=headers,
            took=took,
        )

    @property
    def text(self) -> str:
        """The body as UTF-8. Detecting another encoding takes minutes for a body of some MB."""
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The JSON of the body. Raises MalformedAnswerError."""
        return read_json(self.body)


RETRIED = frozenset({420, 502, 503, 504})
"""Statuses that may be transient. A deleted org also answers with 420."""

ACCESS_DECLINED = b"Access Declined"
"""Text of the page that Salesforce returns under load."""

_PASSING = (b'"unknown_error"', b'"server_error"', b'"temporarily_unavailable"', ACCESS_DECLINED)
"""Transient errors of the token endpoint."""


def may_pass(reply: Reply) -> bool:
    """Whether a retry of the same form may succeed."""
    return reply.status in RETRIED or any(words in reply.body for words in _PASSING)


Post = Callable[[str, Mapping[str, str]], Reply]
"""Sends a form to a URL. Returns a Reply for any HTTP status; raises OSError without an answer."""
