"""An operation of the API: its address, what it takes and gives, and the function that does it.

The routes and the OpenAPI document are made from the same declarations, and what a request sends is
checked against them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.server.request import Call

Schema = Mapping[str, Any]
JSON = "application/json"
NO_BODY: Schema = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True)
class Operation:
    """One method of one path below /v1."""

    name: str  # the operationId
    method: str
    path: str  # with {parameters}
    summary: str
    act: Callable[[Call], Any]
    answer: Schema  # the JSON schema of the result
    body: Schema = field(default_factory=lambda: NO_BODY)
    query: Mapping[str, Schema] = field(default_factory=dict)
    status: int = 200
    media: str = JSON  # of the result: a document, or a text of another media type
    can_wait: bool = False  # its body may have `wait`
