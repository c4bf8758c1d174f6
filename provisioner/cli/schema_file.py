"""The JSON schema of pool.yaml as a file beside it, which an editor can use."""

from __future__ import annotations

import os
from pathlib import Path

NAME = "pool.schema.json"


def schema_reference(home: Path) -> str:
    """What `# yaml-language-server: $schema=` names in a pool.yaml in the folder `home`.

    That is pool.schema.json, if it is there, otherwise nothing: a path outside the project does not
    exist for the other users of the file, and an editor warns about a schema that does not exist.
    """
    return NAME if os.path.isfile(home / NAME) else ""
