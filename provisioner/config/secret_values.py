"""All secret values that a configuration holds, for a last look before anything is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.config.fields import Secret


def secret_values(value: Any) -> Iterator[str]:
    """The values of every Secret in a configuration, wherever it stands.

    A private key counts line by line: an error may quote a part of it.
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
