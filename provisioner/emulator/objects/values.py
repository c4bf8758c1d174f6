"""Converts values of clients to the type of their field, as the platform stores them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from provisioner.emulator.errors import RecordError, ValueTypeError
from provisioner.emulator.ids import is_id, to_18
from provisioner.emulator.objects.schema import NUMERIC, Field

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+\Z")
_TIME = re.compile(r"\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?\Z")
_OFFSET = re.compile(r"([+-]\d{2})(\d{2})\Z")


def format_datetime(moment: datetime) -> str:
    """A datetime in the format of records: `2026-11-24T21:13:09.000+0000`.

    The platform shows whole seconds, as all recorded records, jobs and deploys do.
    """
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000+0000"


def parse_datetime(text: str) -> datetime:
    """A datetime from any ISO 8601 format that the platform accepts. Raises ValueError."""
    moment = datetime.fromisoformat(_OFFSET.sub(r"\1:\2", text.strip().replace("Z", "+00:00")))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def tooling_moment(value: Any) -> Any:
    """What the Tooling API also takes for a datetime, as ISO 8601: milliseconds, HTTP dates.

    The CLI sets StartDate and ExpirationDate of a TraceFlag so (apex-node, `utils/traceFlags`).
    """
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return format_datetime(datetime.fromtimestamp(value / 1000, UTC))
        except (ValueError, OverflowError, OSError):
            return value
    if isinstance(value, str) and value.endswith(" GMT"):
        try:
            return format_datetime(parsedate_to_datetime(value))
        except ValueError:
            return value
    return value


def convert(field: Field, value: Any) -> Any:
    """`value` as the field stores it; empty text is null.

    Raises RecordError: JSON_PARSER_ERROR for what is of another type, STRING_TOO_LONG,
    INVALID_EMAIL_ADDRESS, INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST, NUMBER_OUTSIDE_VALID_RANGE,
    MALFORMED_ID.
    """
    if value is None:
        return None
    kind = "number" if field.type in NUMERIC else field.type
    converter: Callable[[Field, Any], Any] = _CONVERTERS.get(kind, _text)
    return converter(field, value)


def _refuse(field: Field, value: Any) -> RecordError:
    """The JSON parser's error for a value of the wrong type."""
    token = next((name for kind, name in _TOKENS if isinstance(value, kind)), "VALUE_NULL")
    return ValueTypeError(field.type, token, field.name, value)


_TOKENS: tuple[tuple[type, str], ...] = (
    (bool, "VALUE_TRUE"),
    (str, "VALUE_STRING"),
    (float, "VALUE_NUMBER_FLOAT"),
    (int, "VALUE_NUMBER_INT"),
    (dict, "START_OBJECT"),
    (list, "START_ARRAY"),
)


def _text(field: Field, value: Any) -> str | None:
    if isinstance(value, bool) and field.type == "string":
        value = "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise _refuse(field, value)
    text = str(value)
    if field.type not in ("textarea", "base64"):
        text = text.strip()
    if field.type != "base64" and len(text) > field.length > 0:
        raise RecordError(
            "STRING_TOO_LONG",
            f"{field.label or field.name}: data value too large: {text[:80]}"
            f" (max length={field.length})",
            [field.name],
        )
    return text or None


def _email(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is not None and not _EMAIL.match(text):
        raise RecordError(
            "INVALID_EMAIL_ADDRESS",
            f"{field.label or field.name}: invalid email address: {text}",
            [field.name],
        )
    return text


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    if not isinstance(value, bool):
        raise _refuse(field, value)
    return value


def _number(field: Field, value: Any) -> int | float | None:
    if isinstance(value, str):
        if not value.strip():
            return None
        try:
            value = float(value) if re.search(r"[.eE]", value) else int(value)
        except ValueError as error:
            raise _refuse(field, value) from error
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refuse(field, value)
    if field.type in ("int", "long"):
        if value != int(value):
            raise _refuse(field, value)
        return int(value)
    whole = max(field.precision - field.scale, 1)
    if abs(value) >= 10**whole:
        raise RecordError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label or field.name}: value outside of valid range on numeric field: {value}",
            [field.name],
        )
    return round(float(value), field.scale) if field.scale else float(value)


def _date(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _refuse(field, value)
    if not value.strip():
        return None
    try:
        return date.fromisoformat(value.strip()[:10]).isoformat()
    except ValueError as error:
        raise _refuse(field, value) from error


def _datetime(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _refuse(field, value)
    if not value.strip():
        return None
    try:
        return format_datetime(parse_datetime(value))
    except ValueError as error:
        raise _refuse(field, value) from error


def _time(field: Field, value: Any) -> str | None:
    if not isinstance(value, str) or (value.strip() and not _TIME.match(value.strip())):
        raise _refuse(field, value)
    return value.strip() or None


def _picklist(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is None or not field.is_restricted_picklist:
        return text
    known = {one.lower(): one for one in field.picklist}
    chosen = text.split(";") if field.type == "multipicklist" else [text]
    wrong = [one for one in chosen if one.strip().lower() not in known]
    if wrong:
        raise RecordError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.label or field.name}: bad value for restricted picklist field: {wrong[0]}",
            [field.name],
        )
    return ";".join(known[one.strip().lower()] for one in chosen)


def _reference(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _refuse(field, value)
    if not value.strip():
        return None
    if not is_id(value.strip()):
        raise RecordError(
            "MALFORMED_ID",
            f"{field.label or field.name}: id value of incorrect type: {value}",
            [field.name],
        )
    return to_18(value.strip())


def _any(field: Field, value: Any) -> Any:  # noqa: ARG001 - one signature for all
    return value


_CONVERTERS: dict[str, Callable[[Field, Any], Any]] = {
    "boolean": _boolean,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "email": _email,
    "picklist": _picklist,
    "multipicklist": _picklist,
    "reference": _reference,
    "id": _reference,
    "complexvalue": _any,
    "anyType": _any,
    "location": _any,
    "address": _any,
}
