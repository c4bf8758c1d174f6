"""Date literals such as TODAY and LAST_N_DAYS:7, and date functions such as CALENDAR_YEAR().

Days are those of UTC, weeks start on Sunday (locale en_US) and the fiscal year is the calendar
year, which is what a new org has.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

Range = tuple[datetime, datetime]

_SINGLE = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
_RANGE = re.compile(
    r"(?:(?P<near>LAST|THIS|NEXT)_(?P<unit>WEEK|MONTH|(?:FISCAL_)?QUARTER|(?:FISCAL_)?YEAR)"
    r"|(?P<direction>LAST|NEXT)_(?:N_(?P<units>DAY|WEEK|MONTH|(?:FISCAL_)?QUARTER|(?:FISCAL_)?YEAR)"
    r"S|(?P<ninety>90)_DAYS)"
    r"|N_(?P<ago>DAY|WEEK|MONTH|(?:FISCAL_)?QUARTER|(?:FISCAL_)?YEAR)S_AGO)\Z"
)


def is_range(word: str) -> bool:
    """Whether an upper-case word is a date literal."""
    return word in _SINGLE or _RANGE.match(word) is not None


def needs_number(word: str) -> bool:
    """Whether `:n` must follow: `LAST_N_DAYS:7`."""
    return word.startswith(("LAST_N_", "NEXT_N_", "N_"))


def date_range(word: str, number: int, now: datetime) -> Range:
    """The first moment of the range and the first one after it. OverflowError for absurd n."""
    today = now.astimezone(UTC).date()
    if word in _SINGLE:
        return _days(today + timedelta(_SINGLE[word]), today + timedelta(_SINGLE[word] + 1))
    match = _RANGE.match(word)
    assert match is not None
    if match["near"]:
        unit, step = match["unit"], {"LAST": -1, "THIS": 0, "NEXT": 1}[match["near"]]
        return _days(_unit_start(unit, today, step), _unit_start(unit, today, step + 1))
    if match["ago"]:
        unit = match["ago"]
        return _days(_unit_start(unit, today, -number), _unit_start(unit, today, 1 - number))
    number, unit = (90, "DAY") if match["ninety"] else (number, match["units"])
    if match["direction"] == "NEXT":
        return _days(_unit_start(unit, today, 1), _unit_start(unit, today, number + 1))
    # days include today up to now; the other units end before the current one
    end = 1 if unit == "DAY" else 0
    return _days(_unit_start(unit, today, -number), _unit_start(unit, today, end))


def _days(first: date, after: date) -> Range:
    return _midnight(first), _midnight(after)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _unit_start(unit: str, today: date, step: int) -> date:
    """The first day of the unit `step` units after the current one."""
    unit = unit.removeprefix("FISCAL_")
    if unit == "DAY":
        return today + timedelta(step)
    if unit == "WEEK":
        return today - timedelta(today.isoweekday() % 7) + timedelta(weeks=step)
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
    index = (today.year * 12 + today.month - 1) // months * months + step * months
    if not 12 <= index < 9999 * 12:
        raise OverflowError("date value out of range")
    return date(index // 12, index % 12 + 1, 1)


def _week_in_month(day: datetime) -> int:
    return (day.day - 1) // 7 + 1


def _week_in_year(day: datetime) -> int:
    return (day.timetuple().tm_yday - 1) // 7 + 1


def _quarter(day: datetime) -> int:
    return (day.month - 1) // 3 + 1


DATE_FUNCTIONS: dict[str, Callable[[datetime], int | str]] = {
    "CALENDAR_MONTH": lambda day: day.month,
    "CALENDAR_QUARTER": _quarter,
    "CALENDAR_YEAR": lambda day: day.year,
    "DAY_IN_MONTH": lambda day: day.day,
    "DAY_IN_WEEK": lambda day: day.isoweekday() % 7 + 1,
    "DAY_IN_YEAR": lambda day: day.timetuple().tm_yday,
    "DAY_ONLY": lambda day: day.date().isoformat(),
    "FISCAL_MONTH": lambda day: day.month,
    "FISCAL_QUARTER": _quarter,
    "FISCAL_YEAR": lambda day: day.year,
    "HOUR_IN_DAY": lambda day: day.hour,
    "WEEK_IN_MONTH": _week_in_month,
    "WEEK_IN_YEAR": _week_in_year,
}
