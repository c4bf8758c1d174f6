"""Whether the ledger answers."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.errors import ProvisionerError

if TYPE_CHECKING:
    from provisioner.ledger.base import Ledger

CHECKED_FOR = (
    5.0  # seconds: anyone may ask, and the ledger may be the Dev Hub, which counts requests
)


@dataclass
class Readiness:
    """Whether the ledger answers. One check at a time: the others get the last answer."""

    _error: ProvisionerError | None = None
    _checked_at: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, ledger: Ledger) -> ProvisionerError | None:
        """Why the ledger does not answer; None when it does."""
        if time.monotonic() - self._checked_at > CHECKED_FOR and self._lock.acquire(blocking=False):
            try:
                self._error = _error_of(ledger)
                self._checked_at = time.monotonic()
            finally:
                self._lock.release()
        return self._error


def _error_of(ledger: Ledger) -> ProvisionerError | None:
    try:
        ledger.runs(limit=1)
    except ProvisionerError as error:
        return error
    return None
