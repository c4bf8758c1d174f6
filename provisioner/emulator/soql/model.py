"""A parsed query, as written: names are not resolved in a schema yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Subtotals = Literal["", "ROLLUP", "CUBE"]  # of GROUP BY
LiteralKind = Literal[
    "string", "integer", "decimal", "boolean", "null", "date", "datetime", "relative", "currency"
]


@dataclass(frozen=True)
class Path:
    """A field or `Parent.Field`; `position` is its start in the query."""

    parts: tuple[str, ...]
    position: int

    @property
    def text(self) -> str:
        """As written, without white space."""
        return ".".join(self.parts)


@dataclass(frozen=True)
class Point:
    """`GEOLOCATION(37.775, -122.418)`, in degrees."""

    latitude: float
    longitude: float


Location = Path | Point


@dataclass(frozen=True)
class Call:
    """A function: `COUNT()`, `SUM(Amount)`, `CALENDAR_YEAR(CreatedDate)`; `name` upper case."""

    name: str
    argument: Path | Call | None
    position: int
    text: str  # as written, without white space
    locations: tuple[Location, ...] = ()  # of DISTANCE
    unit: str = ""  # of DISTANCE: mi or km; of an amount that is compared in one currency: user

    @property
    def path(self) -> Path | None:
        """The field inside all functions."""
        return self.argument.path if isinstance(self.argument, Call) else self.argument


Expression = Path | Call


@dataclass(frozen=True)
class Value:
    """A literal. `value` is decoded; `text` is as written (LIKE reads its escapes from it)."""

    kind: LiteralKind
    value: Any
    text: str
    position: int


@dataclass(frozen=True)
class Comparison:
    """`left operator values`; `values` holds one, or several for IN, INCLUDES and their opposites.

    `inner` is the subquery of a semi-join in location of values.
    """

    left: Expression
    operator: str  # = != < <= > >= LIKE IN, NOT IN, INCLUDES, EXCLUDES
    values: tuple[Value, ...] = ()
    inner: Query | None = None


@dataclass(frozen=True)
class Logical:
    """Parts joined by AND or by OR; NOT has a single part."""

    operator: Literal["AND", "OR", "NOT"]
    parts: tuple[Condition, ...]


Condition = Comparison | Logical


@dataclass(frozen=True)
class Selected:
    """One entry of the field list."""

    expression: Expression
    alias: str | None = None


@dataclass(frozen=True)
class FieldGroup:
    """`FIELDS(ALL)`, `FIELDS(STANDARD)` or `FIELDS(CUSTOM)`."""

    group: Literal["ALL", "STANDARD", "CUSTOM"]
    position: int


@dataclass(frozen=True)
class ChildQuery:
    """`(SELECT … FROM Contacts)` in the field list."""

    query: Query
    position: int


@dataclass(frozen=True)
class When:
    """`WHEN Account THEN Phone, Owner.Name`: the fields of one type of parent."""

    type_name: Path
    fields: tuple[Path, ...]


@dataclass(frozen=True)
class TypeOf:
    """`TYPEOF What WHEN … ELSE … END` in the field list; without ELSE `otherwise` is empty."""

    operand: Path
    whens: tuple[When, ...]
    otherwise: tuple[Path, ...]


SelectEntry = Selected | FieldGroup | ChildQuery | TypeOf


@dataclass(frozen=True)
class Source:
    """One entry of FROM: `Account`, `Account a`, `a.Contacts c`."""

    path: Path
    alias: str | None = None


@dataclass(frozen=True)
class Order:
    """One entry of ORDER BY; nulls come first by default, in both directions."""

    expression: Expression
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True)
class Query:
    """One SELECT with all its clauses."""

    select: tuple[SelectEntry, ...]
    sources: tuple[Source, ...]
    scope: str | None = None
    where: Condition | None = None
    group_by: tuple[Expression, ...] = ()
    subtotals: Subtotals = ""
    having: Condition | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0

    @property
    def is_count(self) -> bool:
        """Whether this is `SELECT COUNT() …`, whose result is a number without records."""
        first = self.select[0]
        return (
            isinstance(first, Selected)
            and isinstance(first.expression, Call)
            and first.expression.name == "COUNT"
            and first.expression.argument is None
        )
