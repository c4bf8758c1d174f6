"""GROUP BY ROLLUP and GROUP BY CUBE: groups, their subtotals, and the grand total.

Source: "GROUP BY ROLLUP", "GROUP BY CUBE" and "GROUPING(fieldName)" in the SOQL and SOSL
Reference. A subtotal follows its groups; a field over which it is made is null in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

Getter = Callable[[Any], Any]
Keys = Sequence[tuple[str, Getter]]
"""The fields of GROUP BY, in order: the identity of each, and how to get its value."""
MOST_FIELDS = 3


class Group(list[Any]):
    """The records of one group; `totals` are the fields over which it is a subtotal."""

    totals: frozenset[str] = frozenset()

    @classmethod
    def over(cls, rows: Sequence[Any], names: Sequence[str]) -> Group:
        """A subtotal of these records over these fields."""
        group = cls(rows)
        group.totals = frozenset(names)
        return group


def plain(keys: Keys, rows: Sequence[Any]) -> list[Group]:
    """The groups, in the order of their first records."""
    return [Group(group) for group in _split(keys, rows).values()]


def rolled_up(keys: Keys, rows: Sequence[Any]) -> Iterator[Group]:
    """The groups with a subtotal after each, from right to left, and the grand total last."""
    yield from _levels(keys, rows, len(keys))


def _levels(keys: Keys, rows: Sequence[Any], depth: int) -> Iterator[Group]:
    if depth:
        level = len(keys) - depth
        for group in _split(keys[level : level + 1], rows).values():
            yield from _levels(keys, group, depth - 1)
    yield Group.over(rows, [name for name, _ in keys[len(keys) - depth :]])


def cubed(keys: Keys, rows: Sequence[Any]) -> Iterator[Group]:
    """The groups, then the subtotals over each combination of fields, the grand total last."""
    for count in range(len(keys) + 1):
        for left_out in combinations(keys, count):
            names = [name for name, _ in left_out]
            for group in _split([key for key in keys if key[0] not in names], rows).values():
                yield Group.over(group, names)


def _split(keys: Keys, rows: Sequence[Any]) -> Mapping[tuple[Any, ...], list[Any]]:
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        groups.setdefault(tuple(getter(row) for _, getter in keys), []).append(row)
    return groups
