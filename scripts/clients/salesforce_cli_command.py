"""The Salesforce CLI as a command with a home folder of its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from salesforce_cli_install import cli_environment
from trial import must


class Cli:
    """The CLI with a home of its own, in a project."""

    def __init__(self, start: list[str], home: Path, project: Path) -> None:
        home.mkdir()
        self.start = start
        self.project = project
        self.environment = cli_environment(start, home)

    def __call__(self, command: str, *, code: int = 0) -> dict[str, Any]:
        """The JSON answer of a command, which must end with this exit code."""
        ended = subprocess.run(
            [*self.start, *command.split(), "--json"],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        output = ended.stdout or ended.stderr
        answer = dict(json.loads(output))
        reason = answer.get("message") or output
        must(ended.returncode == code, f"exit code {ended.returncode}: {reason}")
        return answer

    def trust(self, ca: str) -> None:
        """Accept the certificate authority of an emulator that serves https."""
        self.environment["NODE_EXTRA_CA_CERTS"] = ca

    def elsewhere(self, home: Path) -> Cli:
        """The same CLI with another, empty home: it knows no org."""
        other = Cli(self.start, home, self.project)
        if ca := self.environment.get("NODE_EXTRA_CA_CERTS"):
            other.trust(ca)
        return other

    def refused(self, command: str, *words: str) -> None:
        """A command that must fail, in these words."""
        output = json.dumps(self(command, code=1))
        for one in words:
            must(one in output, f"{one!r} is not in {output}")
