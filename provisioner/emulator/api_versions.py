"""The API versions that every org serves, oldest first (`GET /services/data`)."""

from __future__ import annotations

OLDEST, NEWEST = 31, 68  # 21 to 30 were retired in 2025; 68 is Winter '27 (docs/reference/http.md)
_SEASONS = ("Winter", "Spring", "Summer")


def label(number: int) -> str:
    """The release that brought a version: 68 → Winter '27."""
    years, season = divmod(number - 32, 3)
    return f"{_SEASONS[season]} '{15 + years}"


VERSIONS: tuple[str, ...] = tuple(f"{number}.0" for number in range(OLDEST, NEWEST + 1))
KNOWN = frozenset(VERSIONS)
