"""The API versions that every org serves, oldest first (`GET /services/data`)."""

from __future__ import annotations

import re

from provisioner.emulator.errors import ApiError

OLDEST, NEWEST = 31, 68  # 21 to 30 were retired in 2025; 68 is Winter '27 (docs/reference/http.md)
_CURLY = 42
"""The label of Spring '18 has a curly apostrophe (recorded by NangoHQ/integration-templates)."""

_NUMBER = re.compile(r"[0-9]{1,4}\.[0-9]\Z")
_SEASONS = ("Winter", "Spring", "Summer")


def label(number: int) -> str:
    """The release that brought a version: 68 → Winter '27."""
    years, season = divmod(number - 32, 3)
    apostrophe = "\u2019" if number == _CURLY else "'"
    return f"{_SEASONS[season]} {apostrophe}{15 + years}"


def refusal(version: str) -> ApiError:
    """The error for a version that no org serves: retired ones are gone (restforce#941)."""
    if _NUMBER.match(version) and float(version) < OLDEST:
        return ApiError(410, "GONE", f"API version {version} has been retired")
    return ApiError(404, "NOT_FOUND", "The requested resource does not exist")


VERSIONS: tuple[str, ...] = tuple(f"{number}.0" for number in range(OLDEST, NEWEST + 1))
KNOWN = frozenset(VERSIONS)
