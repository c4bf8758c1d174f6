"""An input of a step that all orgs of a build share: a package, a plan, a script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import field
from typing import Any, TypeVar

T = TypeVar("T")


class CachedInput:
    """The last value that was made for a step; safe to use from several threads.

    It belongs to one step of one `pool.yaml` and is not part of the step's comparison or repr. A
    build reads the files of a step when it computes the fingerprint (`inputs`) and sends what it
    read then, so the orgs match their fingerprint even if the files change during the build.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: Hashable = None
        self._value: Any = None
        self._is_checked = False

    def checked(self, key: Hashable, make: Callable[[], T]) -> T:
        """Make the value for the offline check; the next `fresh` reuses it."""
        with self._lock:
            self._is_checked = False
            value = self._value = make()
            self._key, self._is_checked = key, True
            return value

    def fresh(self, key: Hashable, make: Callable[[], T]) -> T:
        """Make the value again, unless `checked` made it and nothing has used it since."""
        with self._lock:
            if not self._is_checked or self._key != key:
                self._value = make()
                self._key = key
            self._is_checked = False
            made: T = self._value
            return made

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value for `key`; it is made if the last one had another key."""
        with self._lock:
            if self._key != key:
                self._value = make()
                self._key = key
            made: T = self._value
            return made

    def forget(self) -> None:
        """Drop the value."""
        with self._lock:
            self._key = self._value = None


def cached_input() -> Any:
    """A field of a step that holds a CachedInput of its own; not an option of `pool.yaml`."""
    return field(default_factory=CachedInput, init=False, repr=False, compare=False)
