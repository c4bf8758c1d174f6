"""The parts of Apex's syntax tree that checks and anonymous execution use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from provisioner.emulator.metadata.apex.tokens import Token


@dataclass(frozen=True)
class TypeName:
    """A type as it is written in code, without type arguments: `Account`, `System.Test`, `List`."""

    name: str
    line: int
    column: int
    is_list: bool = False  # `Account[]`

    @property
    def text(self) -> str:
        """As it is written: `Account[]`."""
        return f"{self.name}[]" if self.is_list else self.name


@dataclass
class Expression:
    """An expression.

    Its kinds: literal, name (a path), member, index, call (a path), method (of a value), new, cast,
    query, assignment, binary, unary, step (`++` behind a value), ternary, instanceof, and other,
    which is not evaluated.
    """

    kind: str
    token: Token
    value: Any = None  # of a literal; the text of a query
    name: str = ""  # path of a name or call, member, operator, type of a creation or cast
    arguments: list[Expression] = field(default_factory=list)  # or operands
    named: dict[str, Expression] = field(default_factory=dict)  # Name = 'x' in a creation
    target: Expression | None = None  # of a member, method or assignment
    pairs: list[tuple[Expression, Expression | None]] = field(default_factory=list)  # { a => b }
    operator: str = ""  # of an assignment
    is_list: bool = False  # a creation as `new Account[]{ … }`
    is_safe: bool = False  # `?.`


@dataclass
class Statement:
    """A statement.

    Its kinds: declare, dml, throw, call (any expression), block, if, while, do, for, each, try,
    switch, return, break, continue, and other.
    """

    kind: str
    token: Token
    name: str = ""  # declared variable, DML operation
    type: str = ""  # declared type
    expression: Expression | None = None  # value, condition, record of a DML
    second: Expression | None = None  # external id field of an upsert, step of a for
    body: list[Statement] = field(default_factory=list)
    otherwise: list[Statement] = field(default_factory=list)  # else, finally
    first: list[Statement] = field(default_factory=list)  # start of a for
    cases: list[Case] = field(default_factory=list)  # of a switch, or catches


@dataclass
class Case:
    """`when a, b { … }`, `when else { … }`, or `catch (Type name) { … }`."""

    body: list[Statement]
    values: list[Expression] = field(default_factory=list)
    type: str = ""
    name: str = ""
    is_else: bool = False


@dataclass
class Function:
    """A method of an anonymous block."""

    parameters: list[tuple[str, str]]  # type, name
    body: list[Statement]


@dataclass
class Unit:
    """One compiled text: class, trigger or anonymous block."""

    name: str = ""  # of the class or trigger
    name_token: Token | None = None
    kind: str = ""  # class, interface, enum, trigger, anonymous
    trigger_object: Token | None = None
    types: list[TypeName] = field(default_factory=list)  # every type named anywhere
    declared: set[str] = field(default_factory=set)  # types declared inside, lower case
    methods: set[str] = field(default_factory=set)  # declared in an anonymous block, lower case
    functions: dict[str, Function] = field(default_factory=dict)  # the same, by name
    statements: list[Statement] = field(default_factory=list)
