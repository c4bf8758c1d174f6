"""How a command shows a build: a live view on a terminal, else the lines of a log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from provisioner.builder.events import Message, Observer, OrgEvent
from provisioner.report.log_lines import FORMATS, GithubLog

if TYPE_CHECKING:
    from provisioner.builder.causes import Cause
    from provisioner.builder.overview import Overview
    from provisioner.cli.invocation import Invocation
    from provisioner.notify.notifier import Notifier
    from provisioner.output import Output
    from provisioner.report.live_view import LiveView
    from provisioner.report.log_lines import LogLines

NOTHING: Mapping[str, str] = {}

LogFormat = Annotated[
    Literal["text", "events", "json"] | None,
    typer.Option(
        "--log-format",
        help="Write a log to stderr instead of the live view: text (a line each minute, and one "
        "for each failure), events (a line for each event of each org), or json.",
        show_default=False,
    ),
]


def view_of(
    output: Output, log_format: str | None = None, environ: Mapping[str, str] = NOTHING
) -> LiveView | LogLines:
    """The live view where stderr is a terminal and no format is asked for, else a log."""
    if log_format is None and is_github(environ) and not output.quiet:
        return GithubLog(output.say, lambda text: output.workflow_command(text, on=output.err))
    if log_format is None and output.is_live:
        from provisioner.report.live_view import LiveView

        return LiveView(output.console())
    return FORMATS[log_format or "text"](output.say)


def is_github(environ: Mapping[str, str]) -> bool:
    """Whether this is a job of GitHub Actions, which reads workflow commands from the output."""
    return environ.get("GITHUB_ACTIONS") == "true"


def annotate(call: Invocation, causes: Iterable[Cause]) -> None:
    """In a job of GitHub Actions, annotate the lines of pool.yaml whose steps have failed."""
    if not is_github(call.environ):
        return
    from provisioner.cli.annotations import annotation, of_causes

    for problem in of_causes(causes, call.config):
        call.output.workflow_command(annotation(problem, call.environ), on=call.output.err)


class Watch(Observer):
    """Shows a build, and notifies people when a pool will not be ready in time."""

    def __init__(self, view: Observer, notifier: Notifier) -> None:
        self._view = view
        self._notifier = notifier

    def started(self, now: Callable[[], Overview]) -> None:
        """Show it."""
        self._view.started(now)

    def org(self, event: OrgEvent) -> None:
        """Show it."""
        self._view.org(event)

    def message(self, message: Message) -> None:
        """Show it, and send it if it is about a deadline."""
        self._view.message(message)
        if message.is_deadline:
            self._notifier.late(message.text)

    def abandon(self) -> None:
        """Leave the terminal in order."""
        self._view.abandon()
