"""Whole Apex texts: classes, triggers, anonymous blocks."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from provisioner.emulator.metadata.apex.statements import StatementReader
from provisioner.emulator.metadata.apex.tokens import ApexProblem
from provisioner.emulator.metadata.apex.tree import Expression, Function, Unit

_MODIFIERS = frozenset(
    {"public", "private", "protected", "global", "static", "final", "abstract", "virtual"}
    | {"override", "transient", "testmethod", "webservice", "with", "without", "inherited"}
    | {"sharing", "const"}
)
_KINDS = ("class", "interface", "enum")


@lru_cache(maxsize=2048)  # the orgs of a pool get the same classes
def read_class(source: str) -> Unit:
    """Read a class file. Raises ApexProblem at the first thing that does not compile."""
    reader = _UnitReader(source)
    return _within_depth(reader, reader.class_file)


@lru_cache(maxsize=256)
def read_trigger(source: str) -> Unit:
    """Read a trigger file. Raises ApexProblem."""
    reader = _UnitReader(source)
    return _within_depth(reader, reader.trigger_file)


def read_anonymous(source: str) -> Unit:
    """Read an anonymous block. Raises ApexProblem."""
    reader = _UnitReader(source)
    return _within_depth(reader, reader.anonymous)


def read_expression(source: str) -> Expression:
    """Read one expression. Raises ApexProblem."""
    reader = _UnitReader(source)
    found = reader.expression()
    if reader.token.kind != "end":
        reader.unexpected()
    return found


def _within_depth(reader: _UnitReader, read: Callable[[], Unit]) -> Unit:
    try:
        return read()
    except RecursionError:
        token = reader.token
        text = "Expression is too long, please split this expression into multiple statements"
        raise ApexProblem(text, token.line, token.column) from None


class _UnitReader(StatementReader):
    def class_file(self) -> Unit:
        self._modifiers()
        if not self.at_word(*_KINDS):
            self.unexpected()
        self.unit.kind = self.token.lower
        self.unit.name_token = self.peek()
        self.unit.name = self.peek().text
        self._type_declaration()
        self._end()
        return self.unit

    def trigger_file(self) -> Unit:
        if not self.accept_word("trigger"):
            self.unexpected()
        self.unit.kind = "trigger"
        self.unit.name_token = self.expect_name()
        self.unit.name = self.unit.name_token.text
        if not self.accept_word("on"):
            self.unexpected()
        self.unit.trigger_object = self.token
        self.type_name()
        self.expect("(")
        self._events()
        self.expect(")")
        self._body_of_code()
        self.unit.statements.clear()  # of a trigger, only the types matter
        self.unit.functions.clear()
        self._end()
        return self.unit

    def anonymous(self) -> Unit:
        self.unit.kind = "anonymous"
        while self.token.kind != "end":
            self._code()
        return self.unit

    def _end(self) -> None:
        token = self.token
        if token.kind != "end":
            text = f"Extra '{token.text}', at '{token.text}'." if token.text == "}" else ""
            raise ApexProblem(text or f"Unexpected token '{token.text}'.", token.line, token.column)

    def _events(self) -> None:
        seen: set[str] = set()
        while True:
            token = self.token
            if not self.accept_word("before", "after"):
                self.unexpected()
            event = f"{token.text} {self.expect_name().text}".upper()
            if event in seen:
                raise ApexProblem(f"Duplicate Trigger Usage: {event}", token.line, token.column)
            seen.add(event)
            if not self.accept(","):
                return

    def _body_of_code(self) -> None:
        """The braces of a trigger: statements, and methods or classes as an anonymous block."""
        self.expect("{")
        while not self.at("}"):
            if self.token.kind == "end":
                self.expect("}")
            self._code()
        self.expect("}")

    def _code(self) -> None:
        """A declaration of a method or class, or a statement."""
        start, known = self.index, len(self.unit.types)
        self._modifiers()
        if self.at_word(*_KINDS) and self.peek().kind == "name":
            self._type_declaration()
            return
        kind = self.try_type() if self.token.kind == "name" else None
        if kind and self.token.kind == "name" and self.peek().text == "(":
            name = self.take().lower
            self.unit.methods.add(name)
            self.unit.functions[name] = self._method()
            return
        self.rewind(start, known)
        self.unit.statements.append(self.statement())

    def _modifiers(self) -> None:
        while True:
            if self.at("@"):
                self.take()
                self.expect_name()
                if self.at("("):
                    self._annotation_values()
            elif self.token.kind == "name" and self.token.lower in _MODIFIERS:
                self.take()
            else:
                return

    def _annotation_values(self) -> None:
        """`(a=1 b='x')`: pairs without commas."""
        self.expect("(")
        while not self.at(")"):
            if self.token.kind == "end":
                self.expect(")")
            self.take()
        self.expect(")")

    def _type_declaration(self) -> None:
        kind = self.take().lower
        name = self.expect_name()
        self.unit.declared.add(name.lower)
        if self.at("<"):
            self._type_arguments()
        while self.accept_word("extends", "implements"):
            self.type_name()
            while self.accept(","):
                self.type_name()
        if kind == "enum":
            self._enum_values()
        else:
            self._members()

    def _enum_values(self) -> None:
        self.expect("{")
        while not self.at("}"):
            self.expect_name()
            if not self.accept(","):
                break
        self.expect("}")

    def _members(self) -> None:
        self.expect("{")
        while not self.at("}"):
            if self.token.kind == "end":
                self.expect("}")
            self._member()
        self.expect("}")

    def _member(self) -> None:
        self._modifiers()
        if self.at_word(*_KINDS) and self.peek().kind == "name":
            self._type_declaration()
        elif self.at("{"):
            self.block()
        elif self.accept(";"):
            pass
        elif self.token.kind == "name" and self.peek().text == "(":
            self.take()
            self._method()
        else:
            self.type_name()
            self._member_after_type()

    def _member_after_type(self) -> None:
        self.expect_name()
        if self.at("("):
            self._method()
        elif self.at("{"):
            self._accessors()
        else:
            self._field()

    def _method(self) -> Function:
        self.expect("(")
        method = Function([], [])
        while not self.at(")"):
            self._modifiers()
            method.parameters.append((self.type_name().text, self.expect_name().text))
            if not self.accept(","):
                break
        self.expect(")")
        if not self.accept(";"):
            method.body = self.block()
        return method

    def _accessors(self) -> None:
        self.expect("{")
        while not self.at("}"):
            self._modifiers()
            if not self.accept_word("get", "set"):
                self.unexpected()
            if not self.accept(";"):
                self.block()
        self.expect("}")

    def _field(self) -> None:
        if self.accept("="):
            self.expression()
        while self.accept(","):
            self.expect_name()
            if self.accept("="):
                self.expression()
        self.expect(";")
