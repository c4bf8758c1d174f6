"""`FORMAT(CloseDate)`: numbers, dates, times and amounts as the user's locale writes them.

Source: "FORMAT ()" in the SOQL and SOSL Reference, whose examples are those of the locale en_US:
`4/10/2025, 3:31 PM` and `$44,000.00`. Other locales are not emulated.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Any

from provisioner.emulator.errors import NotEmulatedError
from provisioner.emulator.objects.schema import Field
from provisioner.emulator.objects.values import parse_datetime
from provisioner.emulator.soql.names import Context
from provisioner.emulator.soql.users import has_currencies, in_time_zone, user_of

_LOCALE = "en_US"


def formatter(context: Context, field: Field) -> Callable[[Any, str], Any]:
    """How a value of a field is written; the text is the ISO code of an amount."""
    locale = str(user_of(context).get("LocaleSidKey") or _LOCALE)
    if locale != _LOCALE:
        raise NotEmulatedError(f"SOQL FORMAT() for the locale {locale}")

    def written(value: Any, code: str) -> Any:
        if value is None:
            return None
        if field.type == "currency":
            return _amount(context, field, value, code)
        return _written(context, field, value)

    return written


def _written(context: Context, field: Field, value: Any) -> Any:
    if field.type in ("int", "long"):
        return f"{value:,}"
    if field.type in ("double", "percent"):
        sign = "%" if field.type == "percent" else ""
        return f"{value:,.{field.scale}f}{sign}"
    if field.type == "date":
        return _day(parse_datetime(str(value)))
    if field.type == "datetime":
        moment = in_time_zone(context, parse_datetime(str(value)))
        return f"{_day(moment)}, {_clock(moment.time())}"
    if field.type == "time":
        return _clock(time.fromisoformat(str(value).removesuffix("Z")))
    return value


def _amount(context: Context, field: Field, value: float, code: str) -> str:
    """With the ISO code where an org has several currencies, else with the symbol."""
    digits = field.scale if field.name.endswith("__c") else 2
    sign, number = ("-" if value < 0 else ""), f"{abs(value):,.{digits}f}"
    return f"{code} {sign}{number}" if has_currencies(context) and code else f"{sign}${number}"


def _day(moment: datetime) -> str:
    return f"{moment.month}/{moment.day}/{moment.year}"


def _clock(moment: time) -> str:
    half = "AM" if moment.hour < 12 else "PM"
    return f"{moment.hour % 12 or 12}:{moment.minute:02d} {half}"
