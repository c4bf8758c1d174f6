"""What is made once in a build and serves all its orgs: packages, plans, scripts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Once:
    """The last thing made for a step; made by the first thread that wants it.

    It belongs to one step of one `pool.yaml` and is never compared or shown. A build reads a
    step's files when it asks for its `inputs`, and sends what it read then: so the orgs hold
    what their fingerprint says, whatever happens to the files meanwhile.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: Hashable = None
        self._value: Any = None
        self._is_checked = False

    def checked(self, key: Hashable, make: Callable[[], T]) -> T:
        """Make it for the offline check; the build that follows takes it from there."""
        with self._lock:
            self._is_checked = False
            value = self._value = make()
            self._key, self._is_checked = key, True
            return value

    def fresh(self, key: Hashable, make: Callable[[], T]) -> T:
        """Make it anew, unless `checked` has made it just before."""
        with self._lock:
            if not self._is_checked or self._key != key:
                self._value = make()
                self._key = key
            self._is_checked = False
            made: T = self._value
            return made

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for `key`; made now, if it was not."""
        with self._lock:
            if self._key != key:
                self._value = make()
                self._key = key
            made: T = self._value
            return made

    def forget(self) -> None:
        """Drop what was made."""
        with self._lock:
            self._key = self._value = None
