"""JSON from clients, with a limit on its depth and no values that JSON does not have."""

from __future__ import annotations

import json
from typing import Any

from provisioner.emulator.errors import ApiError
from provisioner.emulator.json_positions import syntax_error

DEEPEST = 200
"""Levels. Salesforce's own limit is not known; the handlers here are recursive."""


def read_json(data: bytes | str) -> Any:
    """The value of a JSON text. Raises ValueError for anything else."""
    try:
        value = json.loads(data, parse_constant=_refuse)
    except RecursionError:
        raise ValueError(f"nested in more than {DEEPEST} levels") from None
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST):
        level = [
            item
            for part in level
            for item in (part.values() if isinstance(part, dict) else part)
            if isinstance(item, dict | list)
        ]
    if level:
        raise ValueError(f"nested in more than {DEEPEST} levels")
    return value


def parse_body(data: bytes | str) -> Any:
    """As `read_json`, but raises ApiError: JSON_PARSER_ERROR, 400."""
    try:
        return read_json(data)
    except json.JSONDecodeError as error:
        raise ApiError(400, "JSON_PARSER_ERROR", syntax_error(error)) from error
    except ValueError as error:
        raise ApiError(400, "JSON_PARSER_ERROR", str(error)) from error


def _refuse(name: str) -> Any:
    raise ValueError(f"Non-standard token '{name}'")
