"""Apex expressions: enough grammar to find their end and their errors."""

from __future__ import annotations

from provisioner.emulator.metadata.apex.cursor import Cursor
from provisioner.emulator.metadata.apex.tokens import Token
from provisioner.emulator.metadata.apex.tree import Expression

_PREFIX = frozenset({"+", "-", "!", "~", "++", "--"})
_COMPARING = frozenset({"<", ">", "==", "===", "!=", "!==", "<=", "<>", "&&", "||", "??"})
_ASSIGNING = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<="})
_BINARY = _COMPARING | _ASSIGNING | {"+", "-", "*", "/", "%", "&", "|", "^", "<<"}
_NO_OPERANDS = frozenset({"else", "instanceof", "catch", "finally", "when"})
_GENERIC = frozenset({"list", "set", "map", "iterable", "iterator"})
_LITERALS = {"true": True, "false": False, "null": None}


class ExpressionReader(Cursor):
    """Reads expressions."""

    def expression(self) -> Expression:
        """One expression, with all its operators."""
        left = self._operand()
        while True:
            if self.at_word("instanceof"):
                self.take()
                self.type_name()
            elif self.at("?"):
                self.take()
                self.expression()
                self.expect(":")
                self.expression()
            elif self.token.kind == "symbol" and self.token.text in _BINARY:
                operator = self._operator()
                right = self._operand()
                if operator == "=" and left.kind == "name":
                    right = self._rest_of_assignment(right)
                    return Expression("assignment", left.token, name=left.name, arguments=[right])
            else:
                return left
            left = Expression("other", left.token)

    def _rest_of_assignment(self, first: Expression) -> Expression:
        """What follows `name = operand` belongs to the value."""
        value = first
        while self.at(*_BINARY, "?") or self.at_word("instanceof"):
            value = Expression("other", first.token)
            self._continue_value()
        return value

    def _continue_value(self) -> None:
        if self.accept_word("instanceof"):
            self.type_name()
        elif self.accept("?"):
            self.expression()
            self.expect(":")
            self.expression()
        else:
            self._operator()
            self.expression()

    def _operator(self) -> str:
        """An operator; each `>` is read by itself, because type arguments also end with it.

        The compiler accepts a blank in `> =`: Volunteers-for-Salesforce deploys it in its CI.
        """
        token = self.take()
        text = token.text
        while text[0] == ">" and self.at(">", "=", "==") and self._touches(token, text):
            text += self.take().text
        if text == ">" and self.at("="):
            text += self.take().text
        return text

    def _touches(self, first: Token, text: str) -> bool:
        return self.token.line == first.line and self.token.column == first.column + len(text)

    def _operand(self) -> Expression:
        token = self.token
        if token.kind == "symbol" and token.text in _PREFIX:
            self.take()
            inner = self._operand()
            if (
                token.text == "-"
                and inner.kind == "literal"
                and isinstance(inner.value, float | int)
            ):
                return Expression("literal", token, value=-inner.value)
            return Expression("other", token)
        return self._postfix(self._primary())

    def _primary(self) -> Expression:
        token = self.token
        if token.kind in ("number", "string"):
            return Expression("literal", self.take(), value=_literal(token))
        if self.at("("):
            return self._cast_or_group()
        if self.at("["):
            self.skip_brackets()
            return Expression("other", token)
        if token.kind != "name" or token.lower in _NO_OPERANDS:
            self.unexpected()
        if token.lower == "new":
            return self._creation()
        if token.lower in _LITERALS:
            return Expression("literal", self.take(), value=_LITERALS[token.lower])
        return self._name_or_type()

    def _name_or_type(self) -> Expression:
        """A name, or a type as in `List<Account>.class` and `Account[].class`."""
        token = self.token
        is_generic = token.lower in _GENERIC and self.peek().text == "<"
        if is_generic or (self.peek().text == "[" and self.peek(2).text == "]"):
            self.type_name()
            return Expression("other", token)
        return Expression("name", self.take(), name=token.text)

    def _cast_or_group(self) -> Expression:
        token = self.take()
        start, known = self.index, len(self.unit.types)
        if self.token.kind == "name" and self.try_type() and self.at(")"):
            after = self.peek()
            is_operand_start = (
                after.kind in ("name", "number", "string") and after.lower != "instanceof"
            )
            if is_operand_start or after.text in ("(", "[", "!", "~"):
                self.take()
                return self._operand()
        self.rewind(start, known)
        inner = self.expression()
        self.expect(")")
        return inner if inner.kind == "literal" else Expression("other", token)

    def _creation(self) -> Expression:
        self.take()
        if self.token.kind != "name":
            self.unexpected()
        created = Expression("new", self.token, name=self.type_name().name)
        if self.at("("):
            created.arguments = self.arguments()
            pairs = [one for one in created.arguments if one.kind == "assignment"]
            created.named = {one.name: one.arguments[0] for one in pairs}
        elif self.at("["):
            self.take()
            self.expression()
            self.expect("]")
        if self.at("{"):
            self._initializer()
        return created

    def _initializer(self) -> None:
        self.expect("{")
        while not self.at("}"):
            self.expression()
            if self.accept("=>"):
                self.expression()
            if not self.accept(","):
                break
        self.expect("}")

    def arguments(self) -> list[Expression]:
        """`(a, b, …)`."""
        self.expect("(")
        found: list[Expression] = []
        while not self.at(")"):
            found.append(self.expression())
            if not self.accept(","):
                break
        self.expect(")")
        return found

    def _postfix(self, left: Expression) -> Expression:
        while True:
            if self.at(".", "?."):
                self.take()
                name = self.expect_name().text
                path = f"{left.name}.{name}" if left.kind == "name" else name
                kind = "name" if left.kind == "name" else "other"
                left = Expression(kind, left.token, name=path)
            elif self.at("("):
                kind = "call" if left.kind == "name" else "other"
                left = Expression(kind, left.token, name=left.name, arguments=self.arguments())
            elif self.at("["):
                self.take()
                self.expression()
                self.expect("]")
                left = Expression("other", left.token)
            elif self.at("++", "--"):
                self.take()
                left = Expression("other", left.token)
            else:
                return left

    def skip_brackets(self) -> None:
        """Read `[…]`, which contains SOQL or SOSL."""
        self.expect("[")
        depth = 1
        while depth:
            if self.token.kind == "end":
                self.expect("]")
            depth += {"[": 1, "]": -1}.get(self.take().text, 0)


def _literal(token: Token) -> str | int | float:
    if token.kind == "string":
        quotes = 3 if token.text.startswith("'''") else 1
        return _unescape(token.text[quotes:-quotes])
    digits = token.text.rstrip("lLdD")
    return float(digits) if "." in digits else int(digits)


def _unescape(text: str) -> str:
    plain = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
    result, index = "", 0
    while index < len(text):
        if text[index] == "\\" and index + 1 < len(text):
            index += 1
            result += plain.get(text[index], text[index])
        else:
            result += text[index]
        index += 1
    return result
