"""How long a ledger waits for what passes by itself: a backup's lock, a server that restarts."""

from __future__ import annotations

import logging
import random
import time

TELL_AFTER = 2.0  # seconds of waiting that nobody needs to hear of


class Patience:
    """Counts the tries of one action, and says once that it waits, and for what."""

    def __init__(self, seconds: float, *, tell_after: float = TELL_AFTER) -> None:
        self._seconds = seconds
        self._began = time.monotonic()
        self._tell_after = tell_after
        self._is_told = False

    def again(self, why: str) -> bool:
        """Wait a moment; False when there is no time left for another try."""
        waited = time.monotonic() - self._began
        if waited >= self._seconds:
            return False
        if waited >= self._tell_after and not self._is_told:
            self._is_told = True
            logging.getLogger(__name__).warning("%s; waiting up to %.0f s", why, self._seconds)
        time.sleep(min(random.uniform(0.02, 0.3), self._seconds - waited))  # noqa: S311 - jitter
        return True
