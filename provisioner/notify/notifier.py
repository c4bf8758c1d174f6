"""Sends notifications to the recipients that pool.yaml names, and never fails the build."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner import children
from provisioner.errors import Interrupted, ProvisionerError
from provisioner.notify import command, webhook
from provisioner.notify.notification import Notification, ended, late, stopped

if TYPE_CHECKING:
    from provisioner.builder.result import BuildResult
    from provisioner.config.notify import Notify

LONGEST_WAIT = 90.0  # seconds that the end of a build waits for notifications


class Notifier:
    """The notifications of one build. Without `notify` in pool.yaml it does nothing."""

    def __init__(
        self,
        notify: Notify | None,
        directory: Path,
        environ: Mapping[str, str],
        secret_variables: Collection[str],
        warn: Callable[[str], None],
    ) -> None:
        self._notify = notify
        self._directory = directory
        self._environ = children.environment(environ, secret_variables)
        self._warn = warn
        self._threads: list[threading.Thread] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Notify when an error stops the block; wait for all notifications at its end."""
        try:
            yield
        except BaseException as error:
            self.send(stopped(_reported(error)))
            raise
        finally:
            for thread in self._threads:
                thread.join(LONGEST_WAIT)

    def late(self, text: str) -> None:
        """Notify that a pool will not be ready in time."""
        self.send(late(text))

    def ended(self, result: BuildResult) -> None:
        """Notify of the end of the build."""
        self.send(ended(result))

    def send(self, notification: Notification) -> None:
        """Send it in the background, if pool.yaml asks for it."""
        notify = self._notify
        if notify is None or not (notification.is_problem or notify.when == "always"):
            return
        if notify.webhook is not None:
            self._start(partial(webhook.send, notify.webhook, notification))
        if notify.command:
            what = (notify.command, self._environ, self._directory, notification)
            self._start(partial(command.run_command, *what))

    def _start(self, send: Callable[[], str]) -> None:
        def run() -> None:
            if why := send():
                self._warn(f"a notification was not sent: {why}")

        thread = threading.Thread(target=run, name="notification", daemon=True)
        thread.start()
        self._threads.append(thread)


def _reported(error: BaseException) -> ProvisionerError:
    """What a notification says of an exception that stops a build."""
    if isinstance(error, ProvisionerError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Interrupted("interrupted")
    return ProvisionerError(f"a bug in provisioner ({type(error).__name__})")
