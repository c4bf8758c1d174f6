"""Logs the Salesforce CLI out of an org that was released, if this machine's `sf` knows it.

Source: docs/reference/clients.md#logins-of-the-salesforce-cli.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner import children

if TYPE_CHECKING:
    from provisioner.cli.invocation import Invocation

TIMEOUT = 60  # seconds


def log_sf_out(call: Invocation, username: str) -> None:
    """Log out of this username only, with its aliases. A failure is a warning.

    Without a login of this user, `sf` is not started, because that takes seconds.
    """
    known, sf = _known(call, username), shutil.which("sf")
    if not known or sf is None:
        return
    command = [sf, "org", "logout", "--target-org", known, "--no-prompt"]
    environ = call.child_environment()
    try:
        code, output = children.run(command, environ, timeout=TIMEOUT, with_errors=True)
    except OSError as error:
        code, output = 1, error.strerror or ""
    if code == 0:
        call.output.say(f"The Salesforce CLI is logged out of {username}.")
        return
    why = output.strip().partition("\n")[0] or f"exit {code}"
    call.output.warn(
        f"the Salesforce CLI could not be logged out of {username}: {why}; run: "
        f"sf org logout --target-org {known}"
    )


def _known(call: Invocation, username: str) -> str:
    """The username as `sf` has written it in the name of its file; "" without one."""
    home = call.environ.get("HOME") or call.environ.get("USERPROFILE")
    try:
        folder = (Path(home) if home else Path.home()) / ".sfdx"
        names = [path.stem for path in folder.glob("*.json")]
    except (OSError, RuntimeError):
        return ""
    return next((name for name in names if name.lower() == username.lower()), "")
