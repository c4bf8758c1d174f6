"""Gives a notification to a program of the user's, as JSON on stdin."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from provisioner import children
from provisioner.children import Environment
from provisioner.notify.notification import Notification

TIMEOUT = 60.0  # seconds


def run_command(
    command: Sequence[str], environ: Environment, directory: Path, notification: Notification
) -> str:
    """Run the program in `directory`. Returns why it has failed, or ""."""
    text = json.dumps(notification.document(), default=str)
    program = command[0]
    path = children.located(program, directory) or program
    try:
        code, output = children.run(
            [path, *command[1:]],
            environ,
            timeout=TIMEOUT,
            with_errors=True,
            stdin=text,
            directory=directory,
        )
    except OSError as error:
        return f"{program} could not be run: {error.strerror}"
    if code == 0:
        return ""
    last = output.strip().splitlines()[-1:] or ["no output"]
    return f"{program} exited with {code}: {last[0][:500]}"
