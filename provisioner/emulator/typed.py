"""Checks of type and range for values from outside; the error names the value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

_DECIMAL = re.compile(r"-?(?=\.?[0-9])[0-9]{0,18}(\.[0-9]{0,18})?\Z")
_DIGITS = re.compile(r"[0-9]{1,18}\Z")
A_CENTURY = 3_200_000_000.0
"""Seconds. Larger values lead to dates that Python cannot represent."""


class WrongValueError(ValueError):
    """A value of the wrong type, or out of range."""


def text(value: Any, name: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise WrongValueError(f"{name} must be a string, not {shown(value)}")
    return value


def number(value: Any, name: str, low: float = 0, high: float = A_CENTURY) -> float:
    """A number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise WrongValueError(f"{name} must be a number, not {shown(value)}")
    if not low <= value <= high:
        raise WrongValueError(f"{name} must be from {low:g} to {high:g}, not {value:g}")
    return value


def whole(value: Any, name: str, low: int = 0, high: int = 1_000_000_000) -> int:
    """An integer from `low` to `high`."""
    if not isinstance(value, int):
        raise WrongValueError(f"{name} must be an integer, not {shown(value)}")
    return int(number(value, name, low, high))


def in_digits(text: str) -> int | None:
    """The number that up to 18 digits of ASCII write; None for any other text.

    Neither `str.isdigit` nor `str.isdecimal` says that `int` accepts a text: the first is true for
    a superscript, and both are for thousands of digits.
    """
    return int(text) if _DIGITS.match(text) else None


def decimal(text: str) -> float | None:
    """The number that up to 18 digits write, with or without a point; None for any other text."""
    return float(text) if _DECIMAL.match(text) else None


def mapping(value: Any, name: str) -> Mapping[str, Any]:
    """An object."""
    if not isinstance(value, Mapping):
        raise WrongValueError(f"{name} must be an object, not {shown(value)}")
    return value


def texts(value: Any, name: str) -> list[str]:
    """A list of strings."""
    if not isinstance(value, list):
        raise WrongValueError(f"{name} must be a list, not {shown(value)}")
    return [text(one, f"each entry of {name}") for one in value]


def shown(value: Any) -> str:
    """`value` for a message, at most about 40 characters."""
    written = repr(value)
    return written if len(written) <= 40 else f"{written[:40]}…"
