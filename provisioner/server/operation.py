"""An operation of the API: its address, what it takes and gives, and the function that does it.

The routes and the OpenAPI document are made from the same declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.server.request import Call

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """One method of one path below /v1."""

    name: str  # the operationId
    method: str
    path: str  # with {parameters}
    summary: str
    act: Callable[[Call], Any]
    answer: Schema  # the JSON schema of the result
    body: Schema | None = None
    query: Mapping[str, str] = field(default_factory=dict)  # name → what it means
    status: int = 200
