"""A folder with a good pool.yaml and all that it names, to be broken by a test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from provisioner.config.load import load, read
from provisioner.config.model import PoolFile, StepEntry
from provisioner.config.reading import Need
from provisioner.errors import ConfigError, Problem

HUB = """\
dev_hub:
  username: hub@acme.example
  consumer_key: 3MVG9consumer
  private_key: server.key
"""

POOL = """\
pools:
  morning:
    size: 3
    definitions:
      - file: config/project-scratch-def.json
"""


@dataclass
class Project:
    """Writes and reads pool.yaml files in one folder."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.write("server.key", "no key").chmod(0o600)
        self.write("config/project-scratch-def.json", json.dumps({"edition": "Developer"}))
        self.write("data/plan.json", "[]")

    @property
    def path(self) -> Path:
        return self.folder / "pool.yaml"

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        return path

    def load(self, text: str | bytes, *, need: Need = "all") -> PoolFile:
        self.write("pool.yaml", text)
        return load(self.path, environ=self.environ, need=need)

    def problems(
        self, text: str | bytes, *, need: Need = "all", keys_at: datetime | None = None
    ) -> list[Problem]:
        self.write("pool.yaml", text)
        try:
            return list(read(self.path, environ=self.environ, need=need, keys_at=keys_at).problems)
        except ConfigError as error:
            return list(error.problems)

    def lines(self, text: str | bytes) -> list[str]:
        """The problems as people see them, without the folder in front."""
        prefix = f"{self.folder}/"
        return [str(problem).removeprefix(prefix) for problem in self.problems(text)]

    def definition(self, content: str | bytes | Mapping[str, object]) -> list[str]:
        """The problems of a pool whose definition file holds `content`."""
        if isinstance(content, Mapping):
            content = json.dumps(content)
        self.write("config/project-scratch-def.json", content)
        return [problem.message for problem in self.problems(HUB + POOL)]


def options(entry: StepEntry) -> Any:
    """The options of an entry: an instance of a test's kind."""
    return entry.step


def with_steps(steps: str) -> str:
    """A good file with these entries (each line as it is, from the first column) as steps."""
    indented = "".join(f"      {line}\n" for line in steps.splitlines())
    return f"{HUB}{POOL}    steps:\n{indented}"


STEPS_LINE = len(f"{HUB}{POOL}    steps:\n".splitlines()) + 1
"""The line of the first entry."""
