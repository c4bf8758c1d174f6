"""Apex expressions: their errors, and the tree of those that are evaluated."""

from __future__ import annotations

from provisioner.emulator.metadata.apex.cursor import Cursor
from provisioner.emulator.metadata.apex.tokens import ApexProblem, Token
from provisioner.emulator.metadata.apex.tree import Expression

_PREFIX = frozenset({"+", "-", "!", "~", "++", "--"})
_COMPARING = frozenset({"<", ">", "==", "===", "!=", "!==", "<=", "<>", "&&", "||", "??"})
_ASSIGNING = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<="})
_BINARY = _COMPARING | _ASSIGNING | {"+", "-", "*", "/", "%", "&", "|", "^", "<<"}
_NO_OPERANDS = frozenset({"else", "instanceof", "catch", "finally", "when"})
_GENERIC = frozenset({"list", "set", "map", "iterable", "iterator"})
_MOST_DIGITS = 300
_LITERALS = {"true": True, "false": False, "null": None}


class ExpressionReader(Cursor):
    """Reads expressions."""

    def expression(self) -> Expression:
        """One expression, with all its operators."""
        first = self._operand()
        parts: list[Expression | str] = [first]
        while True:
            if self.at_word("instanceof"):
                self.take()
                tested = Expression("other", self.token, name=self.type_name().name)
                parts += ["instanceof", tested]
            elif self.at("?"):
                self.take()
                chosen = self.expression()
                self.expect(":")
                return _conditional(parts, chosen, self.expression())
            elif self.token.kind == "symbol" and self.token.text in _BINARY:
                operator = self._operator()
                parts += [operator, self._operand()]
            else:
                return first if len(parts) == 1 else combined(parts)

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
            return Expression("unary", token, name=token.text, arguments=[inner])
        return self._postfix(self._primary())

    def _primary(self) -> Expression:
        token = self.token
        if token.kind in ("number", "string"):
            return Expression("literal", self.take(), value=_literal(token))
        if self.at("("):
            return self._cast_or_group()
        if self.at("["):
            return Expression("query", token, value=self._brackets())
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
        kind = self.try_type() if self.token.kind == "name" else None
        if kind is not None and self.at(")"):
            after = self.peek()
            is_operand_start = (
                after.kind in ("name", "number", "string") and after.lower != "instanceof"
            )
            if is_operand_start or after.text in ("(", "[", "!", "~"):
                self.take()
                inner = self._operand()
                return Expression("cast", token, name=kind.text, arguments=[inner])
        self.rewind(start, known)
        inner = self.expression()
        self.expect(")")
        return Expression("group", token, arguments=[inner]) if inner.kind == "name" else inner

    def _creation(self) -> Expression:
        self.take()
        if self.token.kind != "name":
            self.unexpected()
        created, kind = Expression("new", self.token), self.type_name()
        created.name, created.is_list = kind.name, kind.is_list
        if self.at("("):
            created.arguments = self.arguments()
            pairs = [one for one in created.arguments if one.kind == "assignment"]
            created.named = {one.name: one.arguments[0] for one in pairs}
        elif self.at("["):
            self.take()
            self.expression()
            self.expect("]")
            created.kind = "other"  # an array of a size
        if self.at("{"):
            created.pairs = self._initializer()
        return created

    def _initializer(self) -> list[tuple[Expression, Expression | None]]:
        self.expect("{")
        pairs: list[tuple[Expression, Expression | None]] = []
        while not self.at("}"):
            key = self.expression()
            pairs.append((key, self.expression() if self.accept("=>") else None))
            if not self.accept(","):
                break
        self.expect("}")
        return pairs

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
                is_safe = self.take().text == "?."
                name = self.expect_name().text
                if left.kind == "name" and not is_safe:
                    left = Expression("name", left.token, name=f"{left.name}.{name}")
                else:
                    left = Expression("member", left.token, name=name, target=left)
                    left.is_safe = is_safe
            elif self.at("("):
                left = self._call(left)
            elif self.at("["):
                self.take()
                index = self.expression()
                self.expect("]")
                left = Expression("index", left.token, arguments=[index], target=left)
            elif self.at("++", "--"):
                left = Expression("step", left.token, name=self.take().text, target=left)
            else:
                return left

    def _call(self, left: Expression) -> Expression:
        arguments = self.arguments()
        if left.kind == "name":
            return Expression("call", left.token, name=left.name, arguments=arguments)
        if left.kind != "member":
            return Expression("other", left.token)
        called = Expression("method", left.token, name=left.name, arguments=arguments)
        called.target, called.is_safe = left.target, left.is_safe
        return called

    def _brackets(self) -> str:
        """Read `[…]`, which contains SOQL or SOSL; the text inside."""
        first = self.expect("[")
        depth = 1
        while depth:
            if self.token.kind == "end":
                self.expect("]")
            last = self.take()
            depth += {"[": 1, "]": -1}.get(last.text, 0)
        return self.text_between(first, last)


_LEVELS = (
    {"??"},
    {"||"},
    {"&&"},
    {"|"},
    {"^"},
    {"&"},
    {"==", "===", "!=", "!==", "<>"},
    {"<", ">", "<=", ">=", "instanceof"},
    {"<<", ">>", ">>>"},
    {"+", "-"},
    {"*", "/", "%"},
)
"""Binary operators, those that bind least first."""
_POWERS = {operator: power for power, level in enumerate(_LEVELS) for operator in level}


def combined(parts: list[Expression | str]) -> Expression:
    """The tree of operands with operators between them."""
    for index in range(1, len(parts), 2):
        operator = parts[index]
        if operator in _ASSIGNING or operator in (">>=", ">>>="):
            return _assignment(parts[0], str(operator), combined(parts[index + 1 :]))
    return _climbed(list(parts), 0)


def _assignment(left: Expression | str, operator: str, value: Expression) -> Expression:
    assert isinstance(left, Expression)
    name = left.name if left.kind == "name" else ""
    kind = "assignment" if left.kind in ("name", "member", "index") else "other"
    made = Expression(kind, left.token, name=name, arguments=[value], target=left)
    made.operator = operator
    return made


def _climbed(rest: list[Expression | str], least: int) -> Expression:
    """Precedence climbing; takes what it uses from the front of `rest`."""
    left = rest.pop(0)
    assert isinstance(left, Expression)
    while rest:
        operator = str(rest[0])
        power = _POWERS.get(operator, len(_LEVELS))
        if power < least:
            break
        rest.pop(0)
        right = _climbed(rest, power + 1)
        kind = "instanceof" if operator == "instanceof" else "binary"
        left = Expression(kind, left.token, name=operator, arguments=[left, right])
    return left


def _conditional(
    parts: list[Expression | str], chosen: Expression, other: Expression
) -> Expression:
    """`a ? b : c`, or `x = a ? b : c`, where the operands before `?` are `parts`."""
    for index in range(len(parts) - 2, 0, -2):
        if parts[index] in _ASSIGNING:
            value = _conditional(parts[index + 1 :], chosen, other)
            return combined([*parts[: index + 1], value])
    condition = combined(parts) if len(parts) > 1 else parts[0]
    assert isinstance(condition, Expression)
    return Expression("ternary", condition.token, arguments=[condition, chosen, other])


def _literal(token: Token) -> str | int | float:
    if token.kind == "string":
        quotes = 3 if token.text.startswith("'''") else 1
        return _unescape(token.text[quotes:-quotes])
    digits = token.text.rstrip("lLdD")
    if len(digits) > _MOST_DIGITS:
        raise ApexProblem("Illegal number.", token.line, token.column)
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
