"""What a login host answered, and the one function that the login flow is given to ask it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reply:
    """An HTTP answer, reduced to what the flow reads. The body may hold a token: it has no repr."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = ""
    location: str = ""  # where a redirect points to; it is never followed
    date: str = ""  # the server's Date header: tells how far this machine's clock is off


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
