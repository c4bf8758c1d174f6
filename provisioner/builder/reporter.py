"""Passes events and messages of a build to its observer: one at a time, and without secrets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.builder.crashes import Crashes, harmless
from provisioner.builder.events import Message, Observer, OrgEvent
from provisioner.builder.step_times import StepTimes
from provisioner.salesforce.redaction import redact

if TYPE_CHECKING:
    from provisioner.builder.overview import Overview

SHORTEST_SECRET = 4  # characters; a shorter value would be taken out of ordinary words


class Reporter:
    """Reports to one observer. Safe to use from several threads.

    An observer writes to a terminal, which may be slow. Therefore it has a lock of its own, and is
    never called under the build's lock.
    """

    def __init__(self, observer: Observer, secrets: Iterable[str] = ()) -> None:
        """`secrets` are values of pool.yaml that are taken out of all texts."""
        self.crashes = Crashes()
        self.times = StepTimes()
        self._observer = observer
        self._followers: list[Callable[[OrgEvent], None]] = [self.times.observe]
        self._secrets = [value for value in secrets if len(value) >= SHORTEST_SECRET]
        self._lock = threading.RLock()

    def redacted(self, text: str) -> str:
        """`text` without any secret of pool.yaml and without tokens."""
        return redact(text, self._secrets)

    def org(self, event: OrgEvent) -> None:
        """Report what happened to one org."""
        for follower in self._followers:
            follower(event)
        shown = replace(event, note=self.redacted(event.note))
        with self._lock:
            harmless(self, "showing the progress", lambda: self._observer.org(shown))

    def started(self, observe: Callable[[OrgEvent], None], now: Callable[[], Overview]) -> None:
        """The build has planned; `observe` gets its events, and `now` gives an overview of it."""
        self._followers.append(observe)
        with self._lock:
            harmless(self, "showing the progress", lambda: self._observer.started(now))

    def abandon(self) -> None:
        """The process ends at once. It takes no lock: a signal may have interrupted its holder."""
        with suppress(Exception):
            self._observer.abandon()

    def inform(self, text: str) -> None:
        """Report a fact about the build."""
        self._message(Message(self.redacted(text)))

    def warn(self, text: str) -> None:
        """Report something about the build that people should know of."""
        self._message(Message(self.redacted(text), is_warning=True))

    def deadline(self, text: str) -> None:
        """Report that a pool will not be ready in time."""
        self._message(Message(self.redacted(text), is_warning=True, is_deadline=True))

    def _message(self, message: Message) -> None:
        with self._lock, suppress(Exception):  # a broken observer cannot show its own error
            self._observer.message(message)
