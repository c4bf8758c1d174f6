"""What a rule of org definitions finds."""

from __future__ import annotations

from typing import NamedTuple

from provisioner.json_locations import JsonPath


class Found(NamedTuple):
    """A problem at a key or an item of the definition; the empty path is the whole file."""

    path: JsonPath
    message: str
    is_warning: bool = False

    @property
    def key(self) -> str:
        """The keys that lead to it, without the numbers of items."""
        return ".".join(part for part in self.path if isinstance(part, str))


def at(key: str, message: str) -> Found:
    """An error at a key of the definition: Salesforce, or the sign-up, certainly refuses it."""
    return Found((key,), message)


def warning_at(key: str, message: str) -> Found:
    """A warning at a key of the definition."""
    return Found((key,), message, is_warning=True)
