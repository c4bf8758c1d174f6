"""Finds all secret values of a configuration, so that they are removed from all output."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from provisioner.declare.secret import Secret

_PASSWORDS = re.compile(r"://[^/@:]*:([^/@]+)@|[?&](?:ssl)?password=([^&]+)")


def passwords_in(url: str) -> Iterator[str]:
    """The passwords in the URL of a ledger, encoded and decoded."""
    for found in _PASSWORDS.findall(url):
        password = "".join(found)
        yield from {password, unquote(password)}


def secret_values(value: Any) -> Iterator[str]:
    """The values of every Secret in a configuration, at any depth.

    A private key is also returned line by line, because an error may quote a part of it.
    """
    if isinstance(value, Secret):
        yield value.reveal()
        yield from (line for line in value.reveal().splitlines() if len(line) >= 16)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from secret_values(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from secret_values(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from secret_values(item)
