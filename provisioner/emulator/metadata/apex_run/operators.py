"""Apex's operators on values."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import Any

from provisioner.emulator.metadata.apex_run.values import (
    ApexSet,
    NotFollowedError,
    SObject,
    ThrownError,
    null_pointer,
    text_of,
)


def binary(operator: str, left: Any, right: Any) -> Any:
    """`left operator right`, both evaluated. Raises ThrownError, NotFollowedError."""
    if operator in ("==", "==="):
        return equal(left, right)
    if operator in ("!=", "<>", "!=="):
        return not equal(left, right)
    if operator in ("<", ">", "<=", ">="):
        return _compared(operator, left, right)
    if operator == "+" and (isinstance(left, str) or isinstance(right, str)):
        return text_of(left) + text_of(right)
    if left is None or right is None:
        raise null_pointer()
    try:
        if isinstance(left, date) and isinstance(right, int | float) and operator in "+-":
            return left + timedelta(days=right if operator == "+" else -right)
        if not _are_numbers(left, right):
            raise NotFollowedError(f"the operator {operator} of these values")
        return _arithmetic(operator, left, right)
    except (OverflowError, ValueError):  # a date after the year 9999, a number that is infinite
        raise NotFollowedError("a result that is out of range") from None


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)


def _arithmetic(operator: str, left: Any, right: Any) -> Any:
    if operator in ("/", "%") and right == 0:
        raise ThrownError("System.MathException", "Divide by 0")
    are_integers = isinstance(left, int) and isinstance(right, int)
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if operator == "/":
        return math.trunc(left / right) if are_integers else left / right
    if operator == "%" and are_integers:
        return int(math.fmod(left, right))
    raise NotFollowedError(f"the operator {operator}")


def equal(left: Any, right: Any) -> bool:
    """Whether two values are equal; text without regard to case, as Apex compares it."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    if isinstance(left, SObject) and isinstance(right, SObject):
        return left is right or _plain(left) == _plain(right)
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return all(equal(*pair) for pair in zip(left, right, strict=True))
    return bool(left == right)


def _plain(record: SObject) -> dict[str, Any]:
    return {name: value for name, (_, value) in record.fields.items()} | {"": record.type}


def _compared(operator: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return False
    if isinstance(left, str) and isinstance(right, str):
        left, right = left.lower(), right.lower()
    elif isinstance(left, datetime) is not isinstance(right, datetime):
        raise NotFollowedError("a comparison of a date with a time")
    try:
        if operator[0] == "<":
            return bool(left < right if operator == "<" else left <= right)
        return bool(left > right if operator == ">" else left >= right)
    except TypeError:
        raise NotFollowedError("a comparison of these values") from None


def truth(value: Any) -> bool:
    """A condition. Raises ThrownError for null, NotFollowedError for what is no boolean."""
    if value is None:
        raise null_pointer()
    if not isinstance(value, bool):
        raise NotFollowedError("a condition that is no boolean")
    return value


def elements(value: Any) -> list[Any]:
    """What a for loop visits: a copy, because the loop may change the collection."""
    if value is None:
        raise null_pointer()
    if isinstance(value, list | ApexSet):
        return list(value)
    raise NotFollowedError("a loop over this value")
