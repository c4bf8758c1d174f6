"""Runs a command with an org's session in its environment, and nowhere else."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from provisioner.errors import UsageError
from provisioner.login import Session


def environment(session: Session, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without private keys, and with the session in it."""
    kept = {name: value for name, value in environ.items() if "PRIVATE KEY-----" not in value}
    return kept | {
        "SCRATCH_ORG_USERNAME": session.username,
        "SCRATCH_ORG_ID": session.org_id,
        "SCRATCH_ORG_INSTANCE_URL": session.instance_url,
        "SCRATCH_ORG_ACCESS_TOKEN": session.access_token,
    }


def run(command: Sequence[str], session: Session, environ: Mapping[str, str]) -> NoReturn:
    """Become the command: its exit code is ours. Raises UsageError when it cannot be started."""
    path = shutil.which(command[0], path=environ.get("PATH"))
    if path is None:
        raise UsageError(
            f"there is no command {command[0]!r}", code="no_command", hint="is it on PATH?"
        )
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(path, list(command), environment(session, environ))  # noqa: S606 - no shell wanted
    except OSError as error:
        raise UsageError(f"{path} cannot be run: {error.strerror}", code="no_command") from None
