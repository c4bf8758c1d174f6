"""Apex statements and blocks."""

from __future__ import annotations

from provisioner.emulator.metadata.apex.expressions import ExpressionReader
from provisioner.emulator.metadata.apex.tree import Statement

_DML = frozenset({"insert", "update", "upsert", "delete", "undelete", "merge"})


class StatementReader(ExpressionReader):
    """Reads statements."""

    def block(self) -> None:
        """`{ statement* }`."""
        self.expect("{")
        while not self.at("}"):
            if self.token.kind == "end":
                self.expect("}")
            self.statement()
        self.expect("}")

    def statement(self) -> Statement:
        """One statement with its parts."""
        token = self.token
        reader = getattr(self, f"_{token.lower}_statement", None) if token.kind == "name" else None
        if self.at("{"):
            self.block()
        elif self.accept(";"):
            pass
        elif token.kind == "name" and token.lower in _DML and self.peek().text not in (".", "="):
            return self._dml()
        elif reader is not None and self.peek().text not in (".", "="):
            self.take()
            statement = reader()
            if isinstance(statement, Statement):
                return statement
        else:
            return self._declaration_or_expression()
        return Statement("other", token)

    def _dml(self) -> Statement:
        operation = self.take()
        if self.at_word("as"):
            self.take()
            self.expect_name()
        record = self.expression()
        if operation.lower == "merge":
            self.expression()
        elif operation.lower == "upsert" and not self.at(";"):
            self.expression()  # the external id field, `Ext__c` or `Account.Fields.Ext__c`
        self.expect(";")
        return Statement("dml", operation, name=operation.lower, expression=record)

    def _declaration_or_expression(self) -> Statement:
        token = self.token
        declared = self.variables()
        if declared is not None:
            self.expect(";")
            return declared
        value = self.expression()
        if self.at("{") and value.kind == "call" and value.name.lower().endswith("runas"):
            self.block()
        else:
            self.expect(";")
        return Statement("call", token, expression=value)

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
        name = self.take()
        statement = Statement("declare", name, name=name.text, type=kind.name)
        if self.accept("="):
            statement.expression = self.expression()
        while self.accept(","):
            self.expect_name()
            if self.accept("="):
                self.expression()
        return statement

    def _if_statement(self) -> None:
        self._condition()
        self.statement()
        if self.accept_word("else"):
            self.statement()

    def _condition(self) -> None:
        self.expect("(")
        self.expression()
        self.expect(")")

    def _while_statement(self) -> None:
        self._condition()
        self.statement()

    def _do_statement(self) -> None:
        self.statement()
        if not self.accept_word("while"):
            self.unexpected()
        self._condition()
        self.expect(";")

    def _for_statement(self) -> None:
        self.expect("(")
        if not self.at(";"):
            self._expressions(may_declare=True)
        if self.accept(":"):
            self.expression()
        else:
            self.expect(";")
            if not self.at(";"):
                self.expression()
            self.expect(";")
            if not self.at(")"):
                self._expressions(may_declare=False)
        self.expect(")")
        self.statement()

    def _expressions(self, *, may_declare: bool) -> None:
        if may_declare and self.variables() is not None:
            return
        self.expression()
        while self.accept(","):
            self.expression()

    def _try_statement(self) -> None:
        self.block()
        while self.accept_word("catch"):
            self.expect("(")
            self.accept_word("final")
            self.type_name()
            self.expect_name()
            self.expect(")")
            self.block()
        if self.accept_word("finally"):
            self.block()

    def _switch_statement(self) -> None:
        if not self.accept_word("on"):
            self.unexpected()
        self.expression()
        self.expect("{")
        while self.accept_word("when"):
            if not self.accept_word("else"):
                self._when_values()
            self.block()
        self.expect("}")

    def _when_values(self) -> None:
        if self.token.kind == "name" and self.peek().kind == "name":
            self.type_name()
            self.expect_name()
            return
        self.expression()
        while self.accept(","):
            self.expression()
        if self.token.kind == "name":  # `when ns.Type name`
            self.take()

    def _return_statement(self) -> None:
        if not self.at(";"):
            self.expression()
        self.expect(";")

    def _throw_statement(self) -> Statement:
        token = self.token
        value = self.expression()
        self.expect(";")
        return Statement("throw", token, expression=value)

    def _break_statement(self) -> None:
        self.expect(";")

    def _continue_statement(self) -> None:
        self.expect(";")
