"""Values of files of other tools, whatever their type."""

from __future__ import annotations

from typing import Any


def whole(value: Any, otherwise: int) -> int:
    """A whole number, also one that is written as a text; `otherwise` for anything else."""
    if isinstance(value, bool):
        return otherwise
    if isinstance(value, int):
        return value
    text = str(value).strip()
    return int(text) if text.isdecimal() and len(text) < 10 else otherwise


def texts(value: Any) -> list[str]:
    """A list of texts: a list, or one text with commas. Anything else in it is left out."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return []
    return [
        str(item).strip() for item in value if isinstance(item, str | int) and str(item).strip()
    ]
