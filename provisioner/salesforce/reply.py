"""An answer of a server, and the one function that the login flow is given to ask it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from provisioner.salesforce.answer_json import read_json


class Headers(Protocol):
    """The headers of an answer, whatever has read them; names in any case."""

    def get(self, name: str, default: str, /) -> str: ...


@dataclass(frozen=True)
class Reply:
    """An HTTP answer that is here as a whole. The body may hold a token: it has no repr."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = ""
    location: str = ""  # where a redirect points to; it is never followed
    date: str = ""  # the server's Date header: tells how far this machine's clock is off
    headers: Headers = field(default_factory=dict[str, str], repr=False, compare=False)
    took: float = field(default=0.0, compare=False)  # seconds from the request to its end

    @classmethod
    def of(cls, status: int, body: bytes, headers: Headers, took: float) -> Reply:
        """An answer with these headers, `took` seconds after its request was sent."""
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
        """The body as UTF-8, whatever it says: to guess takes minutes for a body of some MB."""
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The JSON of the body. Raises MalformedAnswerError."""
        return read_json(self.body)


RETRIED = frozenset({420, 502, 503, 504})
"""Statuses that a moment later may be another; 420 also stands for an org that is gone."""

ACCESS_DECLINED = b"Access Declined"
"""Words of the page that Salesforce shows under load instead of an answer."""

_PASSING = (b'"unknown_error"', b'"server_error"', b'"temporarily_unavailable"', ACCESS_DECLINED)
"""Errors of the token endpoint that pass by themselves."""


def may_pass(reply: Reply) -> bool:
    """Whether the same form may be answered otherwise a moment later."""
    return reply.status in RETRIED or any(words in reply.body for words in _PASSING)


Post = Callable[[str, Mapping[str, str]], Reply]
"""Send a form to a URL. Any HTTP status is a Reply; no answer at all raises an OSError."""
