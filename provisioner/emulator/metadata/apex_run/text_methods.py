"""Methods of String, and its static ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from provisioner.emulator.metadata.apex_run.values import (
    MOST_ELEMENTS,
    NotFollowedError,
    ThrownError,
    text_of,
)

Method = Callable[..., Any]


def _between(text: str, first: str, last: str) -> str | None:
    _, found, rest = text.partition(first)
    inner, ends, _ = rest.partition(last)
    return inner if found and ends else None


def _length(count: int) -> int:
    """The length of a text that is to be made. Raises NotFollowedError for one that is too long."""
    if count > MOST_ELEMENTS:
        raise NotFollowedError("a value that is larger than the heap")
    return count


def _replaced_text(text: str, old: str, new: str) -> str:
    _length(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _replaced(text: str, pattern: str, new: str, count: int = 0) -> str:
    return re.sub(_regex(pattern), re.sub(r"\$(\d)", r"\\\1", new), text, count=count)


def _split(text: str, pattern: str, limit: int = 0) -> list[str]:
    parts = re.split(_regex(pattern), text, maxsplit=max(limit - 1, 0) if limit else 0)
    while not limit and parts and parts[-1] == "":
        parts.pop()
    return parts


def _regex(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error:
        raise NotFollowedError("a regular expression of Java") from None


def _substring(text: str, start: int, end: int | None = None) -> str:
    last = len(text) if end is None else end
    if not 0 <= start <= last <= len(text):
        message = f"Starting position out of bounds: {start}"
        raise ThrownError("System.StringException", message)
    return text[start:last]


TEXT: Mapping[str, Method] = {
    "abbreviate": lambda s, n: s if len(s) <= n else s[: n - 3] + "...",
    "capitalize": lambda s: s[:1].upper() + s[1:],
    "contains": lambda s, part: part in s,
    "containsignorecase": lambda s, part: part.lower() in s.lower(),
    "countmatches": lambda s, part: s.count(part),
    "deletewhitespace": lambda s: "".join(s.split()),
    "endswith": lambda s, part: s.endswith(part),
    "endswithignorecase": lambda s, part: s.lower().endswith(part.lower()),
    "equals": lambda s, other: s == other,
    "equalsignorecase": lambda s, other: other is not None and s.lower() == other.lower(),
    "getchars": lambda s: [ord(one) for one in s],
    "indexof": lambda s, part, start=0: s.find(part, start),
    "isalpha": lambda s: s.isalpha(),
    "isalphanumeric": lambda s: s.isalnum(),
    "isnumeric": lambda s: s.isdigit(),
    "lastindexof": lambda s, part: s.rfind(part),
    "left": lambda s, n: s[:n],
    "leftpad": lambda s, n, fill=" ": s.rjust(_length(n), fill),
    "length": len,
    "mid": lambda s, start, n: s[start : start + n],
    "remove": lambda s, part: s.replace(part, ""),
    "removeend": lambda s, part: s.removesuffix(part),
    "removestart": lambda s, part: s.removeprefix(part),
    "repeat": lambda s, n: s * (_length(n * len(s)) and n),
    "replace": _replaced_text,
    "replaceall": _replaced,
    "replacefirst": lambda s, pattern, new: _replaced(s, pattern, new, 1),
    "reverse": lambda s: s[::-1],
    "right": lambda s, n: s[-n:] if n else "",
    "rightpad": lambda s, n, fill=" ": s.ljust(_length(n), fill),
    "split": _split,
    "startswith": lambda s, part: s.startswith(part),
    "startswithignorecase": lambda s, part: s.lower().startswith(part.lower()),
    "substring": _substring,
    "substringafter": lambda s, part: s.partition(part)[2],
    "substringafterlast": lambda s, part: s.rpartition(part)[2] if part in s else "",
    "substringbefore": lambda s, part: s.partition(part)[0],
    "substringbeforelast": lambda s, part: s.rpartition(part)[0] if part in s else s,
    "substringbetween": lambda s, first, last=None: _between(s, first, last or first),
    "to15": lambda s: s[:15],
    "tolowercase": lambda s: s.lower(),
    "tostring": str,
    "touppercase": lambda s: s.upper(),
    "trim": lambda s: s.strip(),
    "uncapitalize": lambda s: s[:1].lower() + s[1:],
}


def value_of(value: Any) -> Any:
    """`String.valueOf`."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return value if value is None else text_of(value)


def _format(pattern: str, values: list[Any]) -> str:
    shown = re.sub(r"''", "'", pattern)
    for number, value in enumerate(values):
        shown = shown.replace(f"{{{number}}}", text_of(value))
    return shown


TEXT_STATICS: Mapping[str, Method] = {
    "escapesinglequotes": lambda s: s.replace("'", "\\'"),
    "format": _format,
    "isblank": lambda s: s is None or not s.strip(),
    "isempty": lambda s: s is None or s == "",
    "isnotblank": lambda s: s is not None and bool(s.strip()),
    "isnotempty": lambda s: s is not None and s != "",
    "join": lambda values, separator: separator.join(map(text_of, values)),
    "valueof": value_of,
}
