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


@dataclass
class Expression:
    """An expression: literal, name path, call, creation, or other (not evaluated)."""

    kind: str  # literal, name, call, new, assignment, other
    token: Token
    value: Any = None  # of a literal
    name: str = ""  # path of a name or call, type of a creation
    arguments: list[Expression] = field(default_factory=list)
    named: dict[str, Expression] = field(default_factory=dict)  # Name = 'x' in a creation


@dataclass
class Statement:
    """A statement of the top level; `kind` is declare, dml, throw, call or other."""

    kind: str
    token: Token
    name: str = ""  # declared variable, DML operation
    type: str = ""  # declared type
    expression: Expression | None = None


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
    statements: list[Statement] = field(default_factory=list)
