"""Runs a command with the session of an org: from the list in pool.yaml, in a home of its own."""

from __future__ import annotations

import base64
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from provisioner import children
from provisioner.children import Environment
from provisioner.errors import AccessError, UsageError
from provisioner.input_file import SETTINGS, read_input
from provisioner.redaction import distinctive, redact
from provisioner.supervised import Supervised

if TYPE_CHECKING:
    from provisioner.config.agents import Agents
    from provisioner.login import Session

POLL = 0.05  # seconds
_FOREIGN = ("SF_", "SFDX_", "SCRATCH_ORG_", "XDG_")
"""Variables that lead to other orgs of the person: logins of the Salesforce CLI, the Dev Hub."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended, and the end of what it has printed, without secrets."""

    exit_code: int | None  # None: it was terminated because it took too long
    output: str


def require_allowed(command: Sequence[str], allowed: Sequence[Sequence[str]]) -> None:
    """Raises AccessError unless the first words of the command are in the list, as they are."""
    if any(list(command[: len(words)]) == list(words) for words in allowed):
        return
    shown = ", ".join(" ".join(words) for words in allowed) or "none"
    raise AccessError(
        f"this command is not allowed: {' '.join(command)[:200]}",
        code="command_not_allowed",
        hint=f"allowed are commands that start with: {shown} (mcp.commands in pool.yaml)",
    )


def run(
    command: Sequence[str],
    session: Session,
    limits: Agents,
    directory: Path,
    environ: Mapping[str, str],
    secrets: Sequence[str],
) -> Ended:
    """Run an allowed command in `directory` until it ends, or `limits.timeout` is over.

    Its environment has the session, and nothing else by which an org can be opened: HOME is an
    empty folder, so the Salesforce CLI knows no other org. Raises AccessError, UsageError.
    """
    require_allowed(command, limits.commands)
    with tempfile.TemporaryDirectory(prefix="provisioner-agent-") as home:
        child = _environment(environ, Path(home)).plus(variables(session))
        if children.located(command[0], directory, child.get("PATH")) is None:
            raise UsageError(
                f"command not found: {command[0]!r}", code="no_command", hint="check the name"
            )
        with closing(Supervised(command, child, directory)) as program:
            code = _wait(program, limits.timeout.total_seconds())
            hidden = [*secrets, *_forms(session.access_token)]
            return Ended(code, redact(program.output(), hidden))


def variables(session: Session) -> dict[str, str]:
    """The session, for programs of one's own and for the Salesforce CLI.

    The Salesforce CLI takes an access token in place of a username, with the URL of the instance:
    https://developer.salesforce.com/docs/atlas.en-us.sfdx_dev.meta/sfdx_dev/sfdx_dev_auth_access_token.htm
    """
    return {
        "SCRATCH_ORG_USERNAME": session.username,
        "SCRATCH_ORG_ID": session.org_id,
        "SCRATCH_ORG_INSTANCE_URL": session.instance_url,
        "SCRATCH_ORG_ACCESS_TOKEN": session.access_token,
        "SF_TARGET_ORG": session.access_token,
        "SF_ORG_INSTANCE_URL": session.instance_url,
        "SF_DISABLE_TELEMETRY": "true",
        "SF_AUTOUPDATE_DISABLE": "true",
        "SF_DISABLE_LOG_FILE": "true",
    }


def known_secrets(environ: Mapping[str, str], names: Sequence[str], *files: object) -> list[str]:
    """What no output may contain: the secrets of pool.yaml, and the text of its key files."""
    found = [*children.secrets(environ), *(environ.get(name, "") for name in names)]
    for file in files:
        if isinstance(file, Path):
            found += _lines_of(file)
    return [*distinctive(found)]


def _lines_of(key: Path) -> Iterator[str]:
    """The lines of a key file; the file may be unreadable for this user."""
    try:
        text = read_input(key.expanduser(), SETTINGS).decode("utf-8", errors="replace")
    except OSError:
        return
    yield from (line for line in text.split() if len(line) > 30)


def _environment(environ: Mapping[str, str], home: Path) -> Environment:
    kept = {name: value for name, value in environ.items() if not name.startswith(_FOREIGN)}
    return children.environment({**kept, "HOME": str(home), "TMPDIR": str(home)})


def _wait(program: Supervised, seconds: float) -> int | None:
    end = time.monotonic() + seconds
    while (code := program.exit_code()) is None:
        if time.monotonic() >= end:
            return None
        time.sleep(POLL)
    return code


def _forms(token: str) -> list[str]:
    """The token as programs may print it."""
    raw = token.encode()
    return [
        token,
        token[::-1],
        quote(token, safe=""),
        raw.hex(),
        *(base64.b64encode(b" " * shift + raw).decode()[4:-4] for shift in range(3)),
        os.path.basename(token.replace("!", "/")),
    ]
