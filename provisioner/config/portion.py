"""A part of a pool as it is written: a number of orgs (`2`), or a share of the pool (`20%`)."""

from __future__ import annotations

import re
from typing import NamedTuple

EXPECTED = "a number of orgs like 2, or a share of the pool like 20%"
PATTERN = r"[1-9][0-9]{0,3}|([1-9][0-9]?|100)%"


class Portion(NamedTuple):
    """A number of orgs, or with `is_share` a percentage of the pool."""

    amount: int
    is_share: bool = False

    def of(self, size: int) -> int:
        """How many orgs of a pool of `size`: at least one; a share is rounded down."""
        return max(1, size * self.amount // 100 if self.is_share else self.amount)

    def __str__(self) -> str:
        """As it is written in pool.yaml."""
        return f"{self.amount}%" if self.is_share else str(self.amount)


def parse_portion(text: str) -> Portion:
    """The portion that `text` means. Raises ValueError; its text says what to write."""
    if not re.fullmatch(PATTERN, text):
        shown = text if len(text) <= 24 else f"{text[:24]}…"
        raise ValueError(f"must be {EXPECTED} (got {shown!r})")
    return Portion(int(text.removesuffix("%")), text.endswith("%"))
