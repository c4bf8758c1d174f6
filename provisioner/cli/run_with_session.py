"""Runs a command with an org's session in its environment."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import NoReturn

from provisioner import children
from provisioner.children import Environment
from provisioner.errors import UsageError
from provisioner.login import Session


def variables(session: Session) -> dict[str, str]:
    """The environment variables that hold the session."""
    return {
        "SCRATCH_ORG_USERNAME": session.username,
        "SCRATCH_ORG_ID": session.org_id,
        "SCRATCH_ORG_INSTANCE_URL": session.instance_url,
        "SCRATCH_ORG_ACCESS_TOKEN": session.access_token,
    }


def run(command: Sequence[str], session: Session, environ: Environment) -> NoReturn:
    """Replace this process by the command, with `environ` and the session.

    Raises UsageError when the command cannot be started.
    """
    path = shutil.which(command[0], path=environ.get("PATH"))
    if path is None:
        raise UsageError(
            f"command not found: {command[0]!r}", code="no_command", hint="check the name and PATH"
        )
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        children.become(path, command, environ.plus(variables(session)))
    except OSError as error:
        raise UsageError(f"{path} cannot be run: {error.strerror}", code="no_command") from None
