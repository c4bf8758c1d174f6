"""The JSON schema of pool.yaml as a file that an editor finds, whatever folder pool.yaml is in."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioner.cli.new_files import replace_file

NAME = "pool.schema.json"


@dataclass(frozen=True)
class SchemaFile:
    """What `# yaml-language-server: $schema=` names in a pool.yaml, and the file to write for it.

    An editor reads the name up to the first space: a path outside the project is a URL.
    """

    reference: str
    path: Path | None = None  # None: the file is there

    def write(self) -> str:
        """Write the file; the answer is "" or why it could not be written."""
        if self.path is None:
            return ""
        from provisioner.config.schema import schema

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            content = f"{json.dumps(schema(), indent=2)}\n".encode()
            replace_file(self.path, content, mode=0o644)
        except OSError as error:
            return f"{self.path} cannot be written: {error.strerror}"
        return ""


def schema_file(home: Path, environ: Mapping[str, str]) -> SchemaFile:
    """The schema for a pool.yaml in the folder `home`.

    That is pool.schema.json beside it, if it is there: a team commits it. Otherwise it is a file
    for this user, outside the project.
    """
    if os.path.isfile(home / NAME):
        return SchemaFile(NAME)
    path = _folder(environ) / "provisioner" / NAME
    return SchemaFile(path.as_uri(), path)


def _folder(environ: Mapping[str, str]) -> Path:
    given = environ.get("XDG_DATA_HOME", "")
    home = Path(environ.get("HOME") or os.path.expanduser("~")).absolute()
    return Path(given) if Path(given).is_absolute() else home / ".local" / "share"
