"""What the server counts, and all metrics in the text format of Prometheus.

Source of the format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from provisioner.errors import NoOrgError
from provisioner.report.prometheus import metric, pool_metrics, prometheus
from provisioner.report.record import find_record

if TYPE_CHECKING:
    from provisioner.ledger.base import Ledger


class Counters:
    """Answers since the server was started. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: Counter[tuple[str, int]] = Counter()

    def count(self, operation: str, status: int) -> None:
        """An operation was answered."""
        with self._lock:
            self._answers[operation, status] += 1

    def text(self, waiting: int) -> str:
        """The metrics of the server; `waiting` is the number of claims that wait now."""
        with self._lock:
            answers = sorted(self._answers.items())
        samples = [
            ({"operation": name, "status": str(status)}, count) for (name, status), count in answers
        ]
        return metric(
            "server_requests_total", "Answers of the API.", samples, kind="counter"
        ) + metric("server_waiting_claims", "Claims that wait at this server.", [({}, waiting)])


def ledger_metrics(ledger: Ledger) -> str:
    """The metrics of the last run, and of the pools, as `report --prometheus` writes them."""
    orgs = ledger.orgs()
    try:
        return prometheus(find_record(ledger), orgs)
    except NoOrgError:  # no run yet
        return pool_metrics(orgs)
