"""The JSON schema of pool.yaml as a file that an editor finds, whatever folder pool.yaml is in."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from provisioner.cli.new_files import replace_file

NAME = "pool.schema.json"


def schema_reference(home: Path, environ: Mapping[str, str]) -> str:
    """What `# yaml-language-server: $schema=` names in a pool.yaml in the folder `home`.

    That is pool.schema.json beside it, if it is there: a team commits it. Otherwise it is a file
    for this user, outside the project, which is written here. An editor reads a path up to the
    first space, hence the URL.
    """
    if os.path.isfile(home / NAME):
        return NAME
    path = _folder(environ) / "provisioner" / NAME
    try:
        _write(path)
    except OSError:
        return NAME
    return path.as_uri()


def _folder(environ: Mapping[str, str]) -> Path:
    given = environ.get("XDG_DATA_HOME", "")
    home = Path(environ.get("HOME") or os.path.expanduser("~")).absolute()
    return Path(given) if Path(given).is_absolute() else home / ".local" / "share"


def _write(path: Path) -> None:
    from provisioner.config.schema import schema

    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, f"{json.dumps(schema(), indent=2)}\n".encode(), mode=0o644)
