"""The log of requests and their answers, without secrets."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class LogEntry:
    """One request. Neither query string, headers nor bodies are kept."""

    number: int  # 1 is the first request of the world
    time: datetime
    org: str  # "hub", an org id, or "" if there is no session
    route: str
    method: str
    path: str
    status: int  # 0: no answer was sent

    def as_json(self) -> dict[str, Any]:
        """The entry as the control plane shows it."""
        return {**asdict(self), "time": self.time.isoformat()}


class RequestLog:
    """The last requests in full, and counts of all of them per org and route."""

    def __init__(self, length: int = 100_000) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=length)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._number = 0

    def next_number(self) -> int:
        """The number for a request that starts now."""
        with self._lock:
            self._number += 1
            return self._number

    @property
    def last_number(self) -> int:
        """The number of the last request that has started; 0 before the first one."""
        with self._lock:
            return self._number

    def add(self, entry: LogEntry) -> None:
        """Record a completed request."""
        with self._lock:
            self._entries.append(entry)
            self._counts[entry.org, entry.route] += 1

    def entries(self) -> list[LogEntry]:
        """The last requests, oldest first."""
        with self._lock:
            return list(self._entries)

    def counts(self) -> dict[str, dict[str, int]]:
        """Requests by org ("hub", an org id, "") and route name."""
        result: dict[str, dict[str, int]] = {}
        with self._lock:
            for (org, route), number in sorted(self._counts.items()):
                result.setdefault(org, {})[route] = number
        return result

    def clear(self) -> None:
        """Clear entries and counts; request numbers are not reset."""
        with self._lock:
            self._entries.clear()
            self._counts.clear()
