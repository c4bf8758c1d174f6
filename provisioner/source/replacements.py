"""`replacements` of sfdx-project.json. Source: source-format §10."""

from __future__ import annotations


class Replacements:
    """What is replaced in which files."""

    def apply(self, path: str, data: bytes) -> bytes:
        """The bytes of a file after all replacements that are meant for it."""
        del path
        return data

    def concerns(self, path: str) -> bool:
        """Whether a file is to be read as a whole for its replacements."""
        del path
        return False
