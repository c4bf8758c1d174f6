"""Who is notified of the end of a build, as `pool.yaml` declares it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from provisioner import children
from provisioner.declare.options import Finding, option
from provisioner.declare.secret import Secret

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class Notify:
    """A webhook, a command, or both."""

    webhook: Secret | None = option(
        'the URL of a webhook that accepts {"text": …}, as those of Slack and Mattermost do',
        default=None,
        example="${SLACK_WEBHOOK}",
    )
    command: tuple[str, ...] = option(
        "a program with its arguments; it reads the notification as JSON from stdin",
        default=(),
        example=("./notify.sh",),
    )
    when: Literal["problems", "always"] = option(
        "after which builds: those with an exit code other than 0 or a missed deadline, or all",
        default="problems",
    )

    def check(self, directory: Path) -> Iterable[Finding]:
        """Report a webhook that is no URL, a missing program, and `notify` without recipients."""
        if self.webhook is None and not self.command:
            yield Finding("", "has neither webhook nor command; write one of them")
        if self.webhook is not None and not _is_safe(self.webhook.reveal()):
            yield Finding("webhook", "is not the URL of a webhook; write https://…")
        if self.command and children.located(self.command[0], directory) is None:
            text = f"command not found: {self.command[0]!r}; check the name, its mode and PATH"
            yield Finding("command.0", text)


def _is_safe(text: str) -> bool:
    """Whether it is a URL whose path is not sent in the clear over a network."""
    try:
        url = urlsplit(text)
        host = url.hostname or ""
    except ValueError:
        return False
    return bool(host) and (url.scheme == "https" or (url.scheme == "http" and host in LOOPBACK))
