"""All or nothing: changes of one org, undone together when one of them fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Transactions:
    """The lock of one org, and how to undo what has been changed under it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._undo: list[Callable[[], None]] | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: on an exception every change made inside is undone. Nests."""
        with self.lock:
            outer, self._undo = self._undo, []
            try:
                yield
            except BaseException:
                changes, self._undo = self._undo, None  # undoing must not be remembered
                for change in reversed(changes):
                    change()
                self._undo = outer
                raise
            if outer is not None:
                outer.extend(self._undo)
            self._undo = outer

    def on_undo(self, undo: Callable[[], None]) -> None:
        """Call this, too, when the transaction is undone: for what the org keeps elsewhere."""
        self._remember(undo)

    def _remember(self, undo: Callable[[], None]) -> None:
        if self._undo is not None:
            self._undo.append(undo)
