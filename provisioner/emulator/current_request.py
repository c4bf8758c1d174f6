"""What a world knows of the request that the current thread handles."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class CurrentRequest:
    """The part of a world that differs from thread to thread."""

    def __init__(self) -> None:
        self.url = ""  # set by the server when it listens
        self._request = threading.local()

    def start_request(self, origin: str) -> None:
        """A request starts in this thread: each record may be polled once."""
        self._request.polled, self._request.origin = set(), origin

    def end_request(self) -> None:
        """The request of this thread has ended."""
        self._request.polled, self._request.assigns = None, False

    @contextmanager
    def assignment_rules(self, *, applied: bool) -> Iterator[None]:
        """Apply assignment rules to what this thread changes now, or do not."""
        before = self.applies_assignment_rules()
        self._request.assigns = applied
        try:
            yield
        finally:
            self._request.assigns = before

    def applies_assignment_rules(self) -> bool:
        """Whether the request of this thread is one to which assignment rules apply."""
        return bool(getattr(self._request, "assigns", False))

    def origin(self) -> str:
        """Scheme, host and port as the client of this thread's request addressed them."""
        return str(getattr(self._request, "origin", self.url))

    def is_first_poll(self, record_id: str) -> bool:
        """Whether this request has not read the record yet; True outside requests."""
        seen: set[str] | None = getattr(self._request, "polled", None)
        if seen is None:
            return True
        if record_id in seen:
            return False
        seen.add(record_id)
        return True
