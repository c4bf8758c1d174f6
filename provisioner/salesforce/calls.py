"""Counts the requests to Salesforce, for the report of a build."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

Who = Literal["hub", "org"]

_VERSION = re.compile(r"^/+services/(?:data/v[\d.]+/)?")
_RECORD_ID = re.compile(r"(?=[A-Za-z]*\d)[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")


def resource(url: str) -> str:
    """A URL without host, version, record ids and query: `sobjects/User/{id}`."""
    path = _VERSION.sub("", urlsplit(url).path).strip("/")
    return "/".join("{id}" if _RECORD_ID.fullmatch(part) else part for part in path.split("/"))


class ApiCalls:
    """Counts requests by recipient, method and resource. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[Who, str, str]] = Counter()

    def add(self, who: Who, method: str, url: str) -> None:
        """Count one request. Each retry counts."""
        key = (who, method, resource(url))
        with self._lock:
            self._counts[key] += 1

    def by_resource(self) -> Mapping[tuple[Who, str, str], int]:
        """Number of requests by (who, method, resource)."""
        with self._lock:
            return dict(self._counts)

    def totals(self) -> Mapping[str, int]:
        """Number of requests to the Dev Hub (`hub`) and to all scratch orgs (`org`)."""
        totals: dict[str, int] = {"hub": 0, "org": 0}
        for (who, _, _), count in self.by_resource().items():
            totals[who] += count
        return totals
