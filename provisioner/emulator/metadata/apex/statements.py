"""Apex statements and blocks."""

from __future__ import annotations

from provisioner.emulator.metadata.apex.expressions import ExpressionReader
from provisioner.emulator.metadata.apex.tokens import Token
from provisioner.emulator.metadata.apex.tree import Case, Expression, Statement

_DML = frozenset({"insert", "update", "upsert", "delete", "undelete", "merge"})


class StatementReader(ExpressionReader):
    """Reads statements."""

    def block(self) -> list[Statement]:
        """`{ statement* }`."""
        self.expect("{")
        statements: list[Statement] = []
        while not self.at("}"):
            if self.token.kind == "end":
                self.expect("}")
            statements.append(self.statement())
        self.expect("}")
        return statements

    def statement(self) -> Statement:
        """One statement with its parts."""
        token = self.token
        reader = getattr(self, f"_{token.lower}_statement", None) if token.kind == "name" else None
        if self.at("{"):
            return Statement("block", token, body=self.block())
        if self.accept(";"):
            return Statement("block", token)
        if token.kind == "name" and token.lower in _DML and self.peek().text not in (".", "="):
            return self._dml()
        if reader is not None and self.peek().text not in (".", "="):
            self.take()
            statement: Statement = reader(token)
            return statement
        return self._declaration_or_expression()

    def _dml(self) -> Statement:
        operation = self.take()
        if self.at_word("as"):
            self.take()
            self.expect_name()
        statement = Statement("dml", operation, name=operation.lower, expression=self.expression())
        if operation.lower == "merge":
            statement.second = self.expression()
        elif operation.lower == "upsert" and not self.at(";"):
            statement.second = self.expression()  # `Ext__c` or `Account.Fields.Ext__c`
        self.expect(";")
        return statement

    def _declaration_or_expression(self) -> Statement:
        token = self.token
        declared = self.variables()
        if declared is not None:
            self.expect(";")
            return declared
        statement = Statement("call", token, expression=self.expression())
        value = statement.expression
        assert value is not None
        if self.at("{") and value.kind == "call" and value.name.lower().endswith("runas"):
            return Statement("block", token, body=self.block())
        self.expect(";")
        return statement

    def variables(self) -> Statement | None:
        """`final Type a = x, b`; None, and nothing read, if this is not a declaration."""
        start, known = self.index, len(self.unit.types)
        while self.accept_word("final", "transient", "static", "public", "private", "global"):
            pass
        kind = self.try_type() if self.token.kind == "name" else None
        word = self.token.lower if self.token.kind == "name" else ""
        if kind is None or not word or word == "instanceof":
            self.rewind(start, known)
            return None
        statement = self._variable(kind.text)
        while self.accept(","):
            statement.body.append(self._variable(kind.text))
        return statement

    def _variable(self, kind: str) -> Statement:
        name = self.expect_name()
        statement = Statement("declare", name, name=name.text, type=kind)
        if self.accept("="):
            statement.expression = self.expression()
        return statement

    def _if_statement(self, token: Token) -> Statement:
        statement = Statement("if", token, expression=self._condition(), body=[self.statement()])
        if self.accept_word("else"):
            statement.otherwise = [self.statement()]
        return statement

    def _condition(self) -> Expression:
        self.expect("(")
        condition = self.expression()
        self.expect(")")
        return condition

    def _while_statement(self, token: Token) -> Statement:
        return Statement("while", token, expression=self._condition(), body=[self.statement()])

    def _do_statement(self, token: Token) -> Statement:
        body = self.statement()
        if not self.accept_word("while"):
            self.unexpected()
        statement = Statement("do", token, expression=self._condition(), body=[body])
        self.expect(";")
        return statement

    def _for_statement(self, token: Token) -> Statement:
        statement = Statement("for", token)
        self.expect("(")
        if not self.at(";"):
            statement.first = self._expressions(may_declare=True)
        if self.accept(":"):
            statement.kind, statement.expression = "each", self.expression()
        else:
            self.expect(";")
            if not self.at(";"):
                statement.expression = self.expression()
            self.expect(";")
            if not self.at(")"):
                statement.otherwise = self._expressions(may_declare=False)
        self.expect(")")
        statement.body = [self.statement()]
        return statement

    def _expressions(self, *, may_declare: bool) -> list[Statement]:
        token = self.token
        declared = self.variables() if may_declare else None
        if declared is not None:
            return [declared]
        found = [Statement("call", token, expression=self.expression())]
        while self.accept(","):
            found.append(Statement("call", self.token, expression=self.expression()))
        return found

    def _try_statement(self, token: Token) -> Statement:
        statement = Statement("try", token, body=self.block())
        while self.accept_word("catch"):
            self.expect("(")
            self.accept_word("final")
            kind, name = self.type_name().name, self.expect_name().text
            self.expect(")")
            statement.cases.append(Case(self.block(), type=kind, name=name))
        if self.accept_word("finally"):
            statement.otherwise = self.block()
        return statement

    def _switch_statement(self, token: Token) -> Statement:
        if not self.accept_word("on"):
            self.unexpected()
        statement = Statement("switch", token, expression=self.expression())
        self.expect("{")
        while self.accept_word("when"):
            case = Case([], is_else=self.accept_word("else"))
            if not case.is_else:
                self._when_values(case)
            case.body = self.block()
            statement.cases.append(case)
        self.expect("}")
        return statement

    def _when_values(self, case: Case) -> None:
        if self.token.kind == "name" and self.peek().kind == "name":
            case.type, case.name = self.type_name().name, self.expect_name().text
            return
        case.values.append(self.expression())
        while self.accept(","):
            case.values.append(self.expression())
        if self.token.kind == "name":  # `when ns.Type name`
            case.type, case.name = case.values.pop().name, self.take().text

    def _return_statement(self, token: Token) -> Statement:
        statement = Statement("return", token)
        if not self.at(";"):
            statement.expression = self.expression()
        self.expect(";")
        return statement

    def _throw_statement(self, _token: Token) -> Statement:
        statement = Statement("throw", self.token, expression=self.expression())
        self.expect(";")
        return statement

    def _break_statement(self, token: Token) -> Statement:
        self.expect(";")
        return Statement("break", token)

    def _continue_statement(self, token: Token) -> Statement:
        self.expect(";")
        return Statement("continue", token)
