"""One HTTP request and its answer, between the server and the application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_BYTES = 160_000_000
"""Of one body. The largest that Salesforce accepts is the data of a bulk job: 150 MB.

Source: docs/reference/data.md#bulk-limits.
"""


@dataclass(frozen=True)
class Request:
    """A request as it was received, with its complete body."""

    method: str
    target: str  # path and query as sent, still percent-encoded
    headers: Mapping[str, str]  # keys in lower case
    body: bytes = b""
    scheme: str = "http"


@dataclass(frozen=True)
class Response:
    """An answer; the server adds Date, Content-Length and the connection's headers."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class DroppedError(Exception):
    """The connection is closed without an answer; by RST if `with_reset`, else by FIN."""

    def __init__(self, *, with_reset: bool) -> None:
        super().__init__("connection dropped by a fault")
        self.with_reset = with_reset
