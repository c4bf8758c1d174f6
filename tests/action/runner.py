"""Runs a JavaScript action as GitHub's runner does: inputs, state, outputs, commands in its log.

From GitHub's "Metadata syntax for GitHub Actions" (defaults of inputs; `post` runs after a failed
`main`, too) and "Workflow commands for GitHub Actions" (files and commands). An input is in the
environment as INPUT_NAME, in upper case; the state that `main` saves is STATE_NAME for `post`.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.login.action_metadata import ACTION, metadata
from tests.login.workflow import filled

GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_RUN_ID": "1658821493",
}


@dataclass
class ActionRun:
    """One step that uses the action, in `workspace`; `environ` is that of the job's machine."""

    workspace: Path
    temp: Path
    environ: Mapping[str, str]
    inputs: Mapping[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    state: dict[str, str] = field(default_factory=dict)
    annotations: list[tuple[str, str]] = field(default_factory=list)
    masked: list[str] = field(default_factory=list)
    log: str = ""  # as people see it

    def start(self, step: str) -> subprocess.Popen[str]:
        """Start `main` or `post`; `finish` takes what it leaves."""
        for name in _FILES:
            (self.temp / name).write_text("")
        script = metadata()["runs"][step]
        return subprocess.Popen(
            ["node", str(ACTION / script)],
            cwd=self.workspace,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self, process: subprocess.Popen[str]) -> int:
        """Wait for its end; the exit code."""
        text, _ = process.communicate(timeout=120)
        self.outputs |= _values(self.temp / "GITHUB_OUTPUT")
        self.state |= _values(self.temp / "GITHUB_STATE")
        for line in text.splitlines():
            self._read(line)
        return process.returncode

    def run(self, step: str) -> int:
        """`main` or `post`, to its end; the exit code."""
        return self.finish(self.start(step))

    def _read(self, line: str) -> None:
        command = re.fullmatch(r"::([a-z-]+)::(.*)", line)
        if command is None:
            self.log += f"{self._without_secrets(line)}\n"
            return
        text = command[2].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        if command[1] == "add-mask":
            self.masked.append(text)
        else:
            self.annotations.append((command[1], self._without_secrets(text)))

    def _without_secrets(self, text: str) -> str:
        for secret in self.masked:
            text = text.replace(secret, "***")
        return text

    def _environment(self) -> dict[str, str]:
        declared = metadata()["inputs"]
        assert set(self.inputs) <= set(declared)
        defaults = {name: given.get("default", "") for name, given in declared.items()}
        contexts = {"github": {"repository": GITHUB["GITHUB_REPOSITORY"]}}
        inputs = {**filled(defaults, contexts), **self.inputs}
        files = {name: str(self.temp / name) for name in _FILES}
        return {
            **self.environ,
            **GITHUB,
            **files,
            "RUNNER_TEMP": str(self.temp),
            **{f"INPUT_{name.upper()}": value for name, value in inputs.items()},
            **{f"STATE_{name}": value for name, value in self.state.items()},
        }


_FILES = ("GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_PATH")


def _values(file: Path) -> dict[str, str]:
    """What a file of outputs or of state holds, in the form with a delimiter."""
    found = re.findall(r"^(.+?)<<(.+)\n((?:.*\n)*?)\2\n", file.read_text(), re.MULTILINE)
    return {name: value.removesuffix("\n") for name, _, value in found}
