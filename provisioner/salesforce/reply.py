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


Post = Callable[[str, Mapping[str, str]], Reply]
"""Send a form to a URL. Any HTTP status is a Reply; no answer at all raises an OSError."""
