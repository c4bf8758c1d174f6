"""Version numbers of packages, and the selectors that choose a version by name.

Source: docs/reference/packages.md#names-of-versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.salesforce.fields import Row, integer
from provisioner.salesforce.soql import equals

LATEST, LATEST_RELEASED = "LATEST", "LATEST_RELEASED"
FORMS = f"1.2.0, 1.2.0-3, 1.2.0.3, {LATEST} or {LATEST_RELEASED}"
"""What may follow the @ of a name."""

_DIGITS = r"(\d{1,9})"
_NUMBER = re.compile(rf"{_DIGITS}\.{_DIGITS}\.{_DIGITS}(?:[.-]{_DIGITS})?")
_DECLARED = re.compile(rf"{_DIGITS}\.{_DIGITS}\.{_DIGITS}\.(\d{{1,9}}|LATEST|RELEASED)")
NUMBER_FIELDS = ("MajorVersion", "MinorVersion", "PatchVersion", "BuildNumber")
_RELEASED = "IsReleased = true"
_PRESENT = "IsDeprecated = false"


@dataclass(frozen=True, order=True)
class VersionNumber:
    """`1.2.0.3`: major, minor, patch and build."""

    major: int
    minor: int
    patch: int
    build: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}.{self.build}"


@dataclass(frozen=True)
class Selector:
    """Which version of a package: `text` as it is written, and what it means.

    Without `number` any version. Without a build: with `is_released` the newest released one; with
    `prefers_released` the newest released one if there is any; else the newest one of `branch`.
    """

    text: str
    number: tuple[int, ...] = ()  # major, minor, patch, and perhaps build
    is_released: bool = False
    prefers_released: bool = False
    branch: str | None = None

    def conditions(self) -> Iterator[str]:
        """Conditions of queries of Package2Version; the first with a result is the answer."""
        parts = [
            f"{field} = {value}" for field, value in zip(NUMBER_FIELDS, self.number, strict=False)
        ]
        if len(self.number) == len(NUMBER_FIELDS):  # builds of several branches may have one number
            yield from (_all(*parts, _RELEASED), _all(*parts, self._on_branch), _all(*parts))
            return
        if self.is_released or self.prefers_released:
            yield _all(*parts, _PRESENT, _RELEASED)
        if self.prefers_released:
            yield _all(*parts, _PRESENT)
        elif not self.is_released:
            yield _all(*parts, _PRESENT, self._on_branch)

    @property
    def takes_any_branch(self) -> bool:
        """Whether it may choose a build of any branch."""
        is_exact = len(self.number) == len(NUMBER_FIELDS)
        return is_exact or self.is_released or self.prefers_released

    @property
    def _on_branch(self) -> str:
        return equals("Branch", self.branch) if self.branch else "Branch = null"


def _all(*parts: str) -> str:
    return " AND ".join(parts)


def named(text: str) -> Selector | None:
    """The selector after the @ of a name; None for another text."""
    if text in (LATEST, LATEST_RELEASED):
        return Selector(text, is_released=text == LATEST_RELEASED)
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    number = tuple(int(part) for part in match.groups() if part is not None)
    return Selector(text, number, prefers_released=len(number) < len(NUMBER_FIELDS))


def declared(text: str, branch: str | None = None) -> Selector | None:
    """The selector that a `versionNumber` of sfdx-project.json is; None for another text."""
    match = _DECLARED.fullmatch(text)
    if match is None:
        return None
    *parts, build = match.groups()
    number = tuple(map(int, parts if build.isalpha() else (*parts, build)))
    return Selector(text, number, is_released=build == "RELEASED", branch=branch or None)


def newest_first() -> str:
    """The ORDER BY of a query of versions."""
    return f"ORDER BY {', '.join(f'{field} DESC' for field in NUMBER_FIELDS)}"


def number_of(record: Row) -> VersionNumber:
    """The number in the fields of a version."""
    return VersionNumber(*(integer(record, field) for field in NUMBER_FIELDS))
