"""Typed readers for the fields of an answer. Each raises MalformedAnswerError for a wrong value.

A value must have the type, format and range that the API documents. The errors name field and
type and never quote a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.ids import is_id, to_18

Row = Mapping[str, Any]

LONGEST = 255  # characters of a text field
LONGEST_AREA = 131_072  # of a long text area
LARGEST = 2**53  # many JSON parsers do not read larger integers exactly
FIRST_YEAR, LAST_YEAR = 1999, 2200  # dates outside of this range are malformed


def row(value: Any) -> Row:
    """A JSON object."""
    if not isinstance(value, Mapping):
        raise _unexpected("the answer", value, "an object")
    return value


def rows(value: Any) -> list[Row]:
    """A list of JSON objects."""
    if not isinstance(value, list):
        raise _unexpected("the answer", value, "a list")
    return [row(item) for item in value]


def rows_in(source: Row, key: str) -> list[Row]:
    """A field that must hold a list of objects."""
    value = _present(source, key)
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise _unexpected(key, value, "a list of objects")
    return value


def row_in(source: Row, key: str) -> Row:
    """A field that must hold an object."""
    value = _present(source, key)
    if not isinstance(value, Mapping):
        raise _unexpected(key, value, "an object")
    return value


def text(source: Row, key: str, *, longest: int = LONGEST) -> str:
    """A field that must hold a text that is not empty."""
    value = nullable_text(source, key, longest=longest)
    if not value:
        raise MalformedAnswerError(f"{key} is empty")
    return value


def nullable_text(source: Row, key: str, *, longest: int = LONGEST) -> str:
    """A required field that holds a text or null; "" for null."""
    _present(source, key)
    return optional_text(source, key, longest=longest)


def optional_text(source: Row, key: str, *, longest: int = LONGEST) -> str:
    """An optional field that holds a text or null; "" without."""
    value = source.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _unexpected(key, value, "a text")
    if len(value) > longest:
        raise MalformedAnswerError(f"{key} is longer than {longest} characters")
    return value


def integer(source: Row, key: str, *, least: int = 0, most: int = LARGEST) -> int:
    """A field that must hold an integer in a range, and not a text or a boolean."""
    value = _present(source, key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # number fields of custom objects are sent as 7.0
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unexpected(key, value, "an integer")
    if not least <= value <= most:
        raise MalformedAnswerError(f"{key} is out of range")
    return value


def flag(source: Row, key: str) -> bool:
    """A field that must hold true or false; the SOAP APIs and old guides write them as texts."""
    value = _present(source, key)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise _unexpected(key, value, "true or false")
    return value


def record_id(source: Row, key: str, *, prefix: str = "") -> str:
    """A field that must hold a record id, with the given `prefix`."""
    value = nullable_id(source, key, prefix=prefix)
    if not value:
        raise MalformedAnswerError(f"{key} is empty")
    return value


def nullable_id(source: Row, key: str, *, prefix: str = "") -> str:
    """A required field with a record id or null: 18 characters, or "" for null."""
    value = nullable_text(source, key)
    if value and not (is_id(value) and value.startswith(prefix)):
        raise MalformedAnswerError(f"{key} is not a record id{f' {prefix}…' if prefix else ''}")
    return to_18(value) if value else ""


def nullable_day(source: Row, key: str) -> date | None:
    """A required field that holds a date or null."""
    value = nullable_text(source, key)
    try:
        found = date.fromisoformat(value[:10]) if value else None
    except ValueError:
        raise MalformedAnswerError(f"{key} is not a date") from None
    if found and not FIRST_YEAR < found.year < LAST_YEAR:
        raise MalformedAnswerError(f"{key} is out of range")
    return found


def nullable_moment(source: Row, key: str) -> datetime | None:
    """A required field that holds a time with a zone or null; in UTC."""
    value = nullable_text(source, key)
    try:
        found = datetime.fromisoformat(value) if value else None
        if found and (found.tzinfo is None or not FIRST_YEAR < found.year < LAST_YEAR):
            raise MalformedAnswerError(f"{key} has no time zone, or is out of range")
        return found.astimezone(UTC) if found else None
    except (ValueError, OverflowError) as error:
        if isinstance(error, MalformedAnswerError):
            raise
        raise MalformedAnswerError(f"{key} is not a time") from None


def one_for_each(found: Sequence[Any], wanted: int) -> None:
    """Raise MalformedAnswerError unless there are `wanted` results."""
    if len(found) != wanted:
        raise MalformedAnswerError(f"{len(found)} results for {wanted} requests")


def _present(source: Row, key: str) -> Any:
    if key not in source:
        raise MalformedAnswerError(f"{key} is missing")
    return source[key]


def _unexpected(key: str, value: Any, wanted: str) -> MalformedAnswerError:
    return MalformedAnswerError(f"{key}: expected {wanted}, got {_named(value)}")


def _named(value: Any) -> str:
    kinds = {"NoneType": "null", "dict": "an object", "list": "a list", "str": "a text"}
    kinds |= {"bool": "true or false", "int": "a number", "float": "a number"}
    return kinds.get(type(value).__name__, type(value).__name__)
