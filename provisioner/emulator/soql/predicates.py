"""One comparison of a field with literals → a test of values, by the type of the field.

Text is compared case-insensitively, ids in either length, an empty text is null, `!=` and `NOT
IN` are true for null, and a date literal is a range: `=` means inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from provisioner.emulator.errors import ApiError
from provisioner.emulator.ids import folded, is_id, to_15
from provisioner.emulator.objects.schema import NUMERIC, Field
from provisioner.emulator.objects.values import parse_datetime
from provisioner.emulator.soql.date_ranges import date_range
from provisioner.emulator.soql.errors import located, malformed
from provisioner.emulator.soql.model import Call, Comparison, Value
from provisioner.emulator.soql.text_literals import like_pattern

Test = Callable[[Any], bool]

_ORDERED = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_IDS = frozenset({"id", "reference"})
_NOT_TEXT = NUMERIC | _IDS | {"boolean", "date", "datetime", "time", "multipicklist"}
_WIRE_NAMES = {"datetime": "dateTime", "currency": "double", "percent": "double", "long": "int"}
_ACCEPTED = {
    "boolean": {"boolean"},
    "date": {"date", "relative"},
    "datetime": {"datetime", "relative"},
    "int": {"integer"},
    "long": {"integer"},
}


def make_test(query: str, comparison: Comparison, field: Field, now: datetime) -> Test:
    """The test of a field's value. Raises the errors of operators and values."""
    operator = comparison.operator
    _check_operator(query, comparison, field)
    for value in comparison.values:
        _check_value(query, comparison, field, value)
    if operator == "LIKE":
        pattern = like_pattern(comparison.values[0].text)
        return lambda found: found is not None and pattern.fullmatch(str(found)) is not None
    if operator in ("INCLUDES", "EXCLUDES"):
        return _choices_test(comparison, included=operator == "INCLUDES")
    if operator in ("IN", "NOT IN"):
        return _list_test(field, comparison.values, now, included=operator == "IN")
    return _single_test(field, operator, comparison.values[0], now)


def _check_operator(query: str, comparison: Comparison, field: Field) -> None:
    operator, kind = comparison.operator, field.type
    if isinstance(comparison.left, Call) and comparison.left.name == "DISTANCE":
        allowed = operator in ("<", ">")
    elif operator == "LIKE":
        allowed = kind not in _NOT_TEXT
    elif operator in ("INCLUDES", "EXCLUDES"):
        allowed = kind == "multipicklist"
    elif operator in ("<", "<=", ">", ">="):
        allowed = kind not in ("boolean", "multipicklist")
    else:
        allowed = True
    if not allowed:
        raise located(
            "INVALID_QUERY_FILTER_OPERATOR",
            query,
            comparison.left.position,
            f"invalid operator on {kind} field",
        )


def _check_value(query: str, comparison: Comparison, field: Field, value: Value) -> None:
    kind = field.type
    if value.kind == "null":
        return
    if kind in _IDS or kind not in _NOT_TEXT or kind in ("multipicklist", "time"):
        fits = value.kind == "string"
    elif kind in _ACCEPTED:
        fits = value.kind in _ACCEPTED[kind]
    else:
        fits = value.kind in ("integer", "decimal")
    position = comparison.left.position
    if not fits:
        raise located("INVALID_FIELD", query, position, _wrong_kind(comparison, field))
    if kind in _IDS and value.value and not is_id(value.value):
        message = f"invalid ID field: {value.value}"
        raise located("INVALID_QUERY_FILTER_OPERATOR", query, position, message)


def _wrong_kind(comparison: Comparison, field: Field) -> str:
    quoted = field.type in _IDS or field.type not in _NOT_TEXT or field.type == "multipicklist"
    name = "string" if quoted else _WIRE_NAMES.get(field.type, field.type)
    return (
        f"value of filter criterion for field '{comparison.left.text}' must be of type {name} "
        f"and should {'' if quoted else 'not '}be enclosed in quotes"
    )


def _list_test(field: Field, values: Sequence[Value], now: datetime, *, included: bool) -> Test:
    wanted = {_normal(field, value.value) for value in values if value.kind != "relative"}
    ranges = [_range_test(field, "=", one, now) for one in values if one.kind == "relative"]

    def test(found: Any) -> bool:
        is_listed = _normal(field, found) in wanted or any(one(found) for one in ranges)
        return is_listed is included

    return test


def _single_test(field: Field, operator: str, value: Value, now: datetime) -> Test:
    if value.kind == "relative":
        return _range_test(field, operator, value, now)
    wanted = _normal(field, value.value)
    if wanted is None:
        if operator not in ("=", "!="):
            return lambda _found: False
        is_equal = operator == "="
        if field.type == "boolean":
            return lambda found: (not found) is is_equal
        return lambda found: (_normal(field, found) is None) is is_equal
    compare = _ORDERED[operator]

    def test(found: Any) -> bool:
        have = _normal(field, found)
        if have is None:
            return operator == "!="
        return bool(compare(have, wanted))

    return test


def _normal(field: Field, value: Any) -> Any:
    """A value in the form for comparison; None for null."""
    if field.type == "boolean":
        return bool(value)
    if value is None or value == "":
        return None
    if field.type in _IDS:
        return to_15(str(value))
    if field.type in NUMERIC:
        return value
    if field.type == "datetime":
        return value if isinstance(value, datetime) else parse_datetime(str(value))
    if field.type == "date":
        return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    if field.type == "multipicklist":
        return frozenset(part.strip().lower() for part in str(value).split(";"))
    return folded(str(value))


def _range_test(field: Field, operator: str, value: Value, now: datetime) -> Test:
    word, number = value.value
    try:
        start, end = date_range(word, number, now)
    except OverflowError:
        raise malformed(f"Invalid date: {word}:{number}") from None
    # what goes up to now has no "after": clients write `> LAST_N_DAYS:7` for "since then"
    upper = start if word in ("LAST_N_DAYS", "LAST_90_DAYS") else end
    tests: dict[str, Callable[[datetime], bool]] = {
        "=": lambda moment: start <= moment < end,
        "!=": lambda moment: not start <= moment < end,
        "<": lambda moment: moment < start,
        "<=": lambda moment: moment < end,
        ">": lambda moment: moment >= upper,
        ">=": lambda moment: moment >= start,
    }
    matches = tests[operator]

    def test(found: Any) -> bool:
        have = _normal(field, found)
        if have is None:
            return operator == "!="
        if not isinstance(have, datetime):
            have = datetime(have.year, have.month, have.day, tzinfo=UTC)
        return matches(have)

    return test


def _choices_test(comparison: Comparison, *, included: bool) -> Test:
    """`INCLUDES ('A;B', 'C')`: A and B are both chosen, or C is."""
    wanted = [
        frozenset(part.strip().lower() for part in str(value.value or "").split(";"))
        for value in comparison.values
    ]

    def test(found: Any) -> bool:
        chosen = frozenset(part.strip().lower() for part in str(found or "").split(";"))
        return any(group <= chosen for group in wanted) is included

    return test


def refuse_filter(query: str, position: int, field: Field) -> ApiError:
    """The error for a field that cannot be filtered, such as a long text."""
    message = f"field '{field.name}' can not be filtered in a query call"
    return located("INVALID_FIELD", query, position, message)
