"""Methods of Date, Datetime and Time; times of day are those of the user's time zone."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from provisioner.emulator.metadata.apex_run.values import NotFollowedError, ThrownError

Method = Callable[..., Any]

_PATTERNS = (
    ("yyyy", "%Y"), ("MMMM", "%B"), ("MMM", "%b"), ("MM", "%m"), ("dd", "%d"), ("EEEE", "%A"),
    ("EEE", "%a"), ("HH", "%H"), ("hh", "%I"), ("mm", "%M"), ("ss", "%S"), ("SSS", "000"),
    ("a", "%p"),
)  # fmt: skip


def _made(year: int, month: int, day: int) -> date:
    """`Date.newInstance`, which carries over: month 13 is January of the next year."""
    months = year * 12 + month - 1
    return date(months // 12, months % 12 + 1, 1) + timedelta(days=day - 1)


def _months_on(start: date, months: int) -> date:
    total = start.year * 12 + start.month - 1 + months
    year, month = total // 12, total % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return start.replace(year=year, month=month, day=min(start.day, last))


def _parsed(text: str) -> date:
    """`Date.valueOf('2020-01-31')`, with or without a time."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        raise ThrownError("System.TypeException", f"Invalid date: {text}") from None


DATE: Mapping[str, Method] = {
    "adddays": lambda d, n: d + timedelta(days=n),
    "addmonths": _months_on,
    "addyears": lambda d, n: _months_on(d, 12 * n),
    "day": lambda d: d.day,
    "dayofyear": lambda d: d.timetuple().tm_yday,
    "daysbetween": lambda d, other: (other - d).days,
    "format": lambda d: f"{d.month}/{d.day}/{d.year}",
    "issameday": lambda d, other: d == other,
    "month": lambda d: d.month,
    "monthsbetween": lambda d, o: (o.year - d.year) * 12 + o.month - d.month,
    "tostartofmonth": lambda d: d.replace(day=1),
    "tostartofweek": lambda d: d - timedelta(days=(d.weekday() + 1) % 7),
    "year": lambda d: d.year,
}


def date_statics(today: date) -> Mapping[str, Method]:
    """The static methods of Date."""
    return {
        "daysinmonth": lambda year, month: calendar.monthrange(year, month)[1],
        "isleapyear": calendar.isleap,
        "newinstance": _made,
        "today": lambda: today,
        "valueof": lambda value: value.date() if isinstance(value, datetime) else _parsed(value),
    }


def datetime_methods(zone: tzinfo) -> Mapping[str, Method]:
    """The methods of Datetime."""

    def local(moment: datetime) -> datetime:
        return moment.astimezone(zone)

    def shifted(moment: datetime, months: int) -> datetime:
        here = local(moment)
        return datetime.combine(_months_on(here.date(), months), here.timetz()).astimezone(UTC)

    return {
        "adddays": lambda m, n: (local(m) + timedelta(days=n)).astimezone(UTC),
        "addhours": lambda m, n: m + timedelta(hours=n),
        "addminutes": lambda m, n: m + timedelta(minutes=n),
        "addmonths": shifted,
        "addseconds": lambda m, n: m + timedelta(seconds=n),
        "addyears": lambda m, n: shifted(m, 12 * n),
        "date": lambda m: local(m).date(),
        "dategmt": lambda m: m.astimezone(UTC).date(),
        "day": lambda m: local(m).day,
        "daygmt": lambda m: m.astimezone(UTC).day,
        "format": lambda m, pattern="M/d/yyyy, h:mm a", _zone=None: _shown(local(m), pattern),
        "formatgmt": lambda m, pattern: _shown(m.astimezone(UTC), pattern),
        "gettime": lambda m: int(m.timestamp() * 1000),
        "hour": lambda m: local(m).hour,
        "hourgmt": lambda m: m.astimezone(UTC).hour,
        "minute": lambda m: local(m).minute,
        "month": lambda m: local(m).month,
        "second": lambda m: local(m).second,
        "time": lambda m: local(m).time().replace(microsecond=0),
        "year": lambda m: local(m).year,
    }


def datetime_statics(now: datetime, zone: tzinfo) -> Mapping[str, Method]:
    """The static methods of Datetime."""

    def made(first: Any, *rest: Any) -> datetime:
        if isinstance(first, date):
            return datetime.combine(first, rest[0], zone).astimezone(UTC)
        if not rest:
            return datetime.fromtimestamp(first / 1000, UTC)
        day = _made(first, rest[0], rest[1])
        return datetime.combine(day, time(*rest[2:]), zone).astimezone(UTC)

    def parsed(text: str) -> datetime:
        try:
            return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
        except ValueError:
            raise ThrownError("System.TypeException", f"Invalid date/time: {text}") from None

    return {
        "newinstance": made,
        "newinstancegmt": lambda y, mo, d, *rest: datetime.combine(
            _made(y, mo, d), time(*rest), UTC
        ),
        "now": lambda: now,
        "valueof": parsed,
        "valueofgmt": lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC),
    }


TIME_STATICS: Mapping[str, Method] = {
    "newinstance": lambda h, m, s, ms: time(h, m, s, ms * 1000),
}


def _shown(moment: datetime, pattern: str) -> str:
    """A pattern of Java's SimpleDateFormat, as far as it has common letters."""
    quoted = pattern.split("'")
    shown = ""
    for number, part in enumerate(quoted):
        shown += part if number % 2 else _letters(moment, part)
    return shown


def _letters(moment: datetime, part: str) -> str:
    single = {"M": moment.month, "d": moment.day, "H": moment.hour, "h": moment.hour % 12 or 12}
    shown = ""
    while part:
        for letters, code in _PATTERNS:
            if part.startswith(letters):
                shown, part = shown + moment.strftime(code), part[len(letters) :]
                break
        else:
            letter, part = part[0], part[1:]
            if letter.isalpha() and letter not in single:
                raise NotFollowedError(f"the letter {letter} of a date's format")
            shown += str(single.get(letter, letter))
    return shown
