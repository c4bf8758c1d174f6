"""Runs the statements of an anonymous block.

What is not followed is left out and noted, and so are the variables that it would have changed.
Exceptions after that are not trusted: they end the block without failing it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from provisioner.emulator.metadata.apex.tokens import Token
from provisioner.emulator.metadata.apex_run.evaluation import (
    UNKNOWN,
    Evaluator,
    coerced,
    exception,
)
from provisioner.emulator.metadata.apex_run.library import Library
from provisioner.emulator.metadata.apex_run.operators import elements, equal, truth
from provisioner.emulator.metadata.apex_run.records import Records
from provisioner.emulator.metadata.apex_run.values import (
    Instance,
    NotFollowedError,
    Rows,
    SObject,
    ThrownError,
)

if TYPE_CHECKING:
    from provisioner.emulator.metadata.apex.tree import Case, Expression, Statement, Unit
    from provisioner.emulator.org import EmulatedOrg

MOST_STEPS = 200_000  # statements: a block may loop, and a request must end
DEEPEST = 50  # calls of the block's own methods
_CHUNK = 200  # records of `for (List<X> some : [SELECT …])`


class _Break(Exception):  # noqa: N818 - control flow
    pass


class _Continue(Exception):  # noqa: N818 - control flow
    pass


class _Return(Exception):  # noqa: N818 - control flow
    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Interpreter:
    """One run of a block; `skipped` says what was not followed first, and where."""

    def __init__(self, org: EmulatedOrg, user_id: str, unit: Unit) -> None:
        records = Records(org, user_id)
        self._evaluator = Evaluator(records, Library(records))
        self._evaluator.call_function = self._call
        self._records, self._functions = records, unit.functions
        self._steps = self._depth = 0
        self.skipped: tuple[Token, str] | None = None
        self.position: Token | None = None  # of the statement that runs

    @property
    def logged(self) -> list[str]:
        """The lines of the debug log that the block has written."""
        return self._evaluator.logged

    def run(self, statements: list[Statement]) -> None:
        """Run statements. Raises ThrownError for an exception that the platform throws, too."""
        try:
            self._run(statements)
        except _Return:
            pass
        except ThrownError:
            if self.skipped is None:
                raise
        except RecursionError:
            if self.skipped is None and self.position is not None:
                self.skipped = self.position, "an expression of too many levels"

    def _run(self, statements: list[Statement]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, statement: Statement) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise NotFollowedError("more than 200,000 statements")
        if statement.kind != "block":
            self.position = statement.token
        runner = getattr(self, f"_run_{statement.kind}")
        try:
            runner(statement)
        except NotFollowedError as reason:
            self._leave_out(statement, str(reason))

    def _leave_out(self, statement: Statement, reason: str) -> None:
        if self.skipped is None:
            self.skipped = statement.token, reason
        if self._steps > MOST_STEPS:
            raise _Return(None)
        for name in _changed(statement):
            self._evaluator.variables[name] = UNKNOWN

    # --- simple statements ------------------------------------------------------------------

    def _run_declare(self, statement: Statement) -> None:
        value = statement.expression
        found = None if value is None else self._evaluator.value(value)
        self._evaluator.variables[statement.name.lower()] = coerced(statement.type, found)
        self._run(statement.body)

    def _run_call(self, statement: Statement) -> None:
        if statement.expression is not None:
            self._evaluator.value(statement.expression)

    def _run_dml(self, statement: Statement) -> None:
        assert statement.expression is not None
        if statement.name in ("undelete", "merge"):
            raise NotFollowedError(statement.name)
        value = self._evaluator.value(statement.expression)
        if value is None:
            raise ThrownError(
                "System.NullPointerException", "Attempt to de-reference a null object"
            )
        key = statement.second.name.rpartition(".")[2] if statement.second else ""
        self._records.change(statement.name, value, key)

    def _run_throw(self, statement: Statement) -> None:
        assert statement.expression is not None
        thrown = self._evaluator.value(statement.expression)
        if not isinstance(thrown, Instance):
            raise NotFollowedError("throw")
        raise ThrownError(thrown.type, str(thrown.values["getmessage"]))

    def _run_return(self, statement: Statement) -> None:
        value = statement.expression
        raise _Return(None if value is None else self._evaluator.value(value))

    def _run_break(self, _statement: Statement) -> None:
        raise _Break

    def _run_continue(self, _statement: Statement) -> None:
        raise _Continue

    # --- compound statements ----------------------------------------------------------------

    def _run_block(self, statement: Statement) -> None:
        self._run(statement.body)

    def _run_if(self, statement: Statement) -> None:
        assert statement.expression is not None
        is_true = truth(self._evaluator.value(statement.expression))
        self._run(statement.body if is_true else statement.otherwise)

    def _run_while(self, statement: Statement) -> None:
        assert statement.expression is not None
        while truth(self._evaluator.value(statement.expression)):
            if not self._round(statement.body):
                return

    def _run_do(self, statement: Statement) -> None:
        assert statement.expression is not None
        while self._round(statement.body):
            if not truth(self._evaluator.value(statement.expression)):
                return

    def _run_for(self, statement: Statement) -> None:
        self._run(statement.first)
        condition = statement.expression
        while condition is None or truth(self._evaluator.value(condition)):
            if not self._round(statement.body):
                return
            self._run(statement.otherwise)

    def _run_each(self, statement: Statement) -> None:
        assert statement.expression is not None
        declared = statement.first[0]
        found = self._evaluator.value(statement.expression)
        visited = elements(found)
        if isinstance(found, Rows) and (
            declared.type.lower() == "list" or declared.type.endswith("[]")
        ):
            visited = [visited[at : at + _CHUNK] for at in range(0, len(visited), _CHUNK)]
        for one in visited:
            self._evaluator.variables[declared.name.lower()] = one
            if not self._round(statement.body):
                return

    def _round(self, body: list[Statement]) -> bool:
        """One round of a loop; whether another may follow."""
        self._steps += 1
        try:
            self._run(body)
        except _Break:
            return False
        except _Continue:
            pass
        if self._steps > MOST_STEPS:
            raise NotFollowedError("more than 200,000 statements")
        return True

    def _run_try(self, statement: Statement) -> None:
        try:
            self._run(statement.body)
        except ThrownError as thrown:
            case = next((one for one in statement.cases if thrown.is_a(one.type)), None)
            if case is None:
                raise
            self._evaluator.variables[case.name.lower()] = exception(thrown)
            self._run(case.body)
        finally:
            self._run(statement.otherwise)

    def _run_switch(self, statement: Statement) -> None:
        assert statement.expression is not None
        value = self._evaluator.value(statement.expression)
        for case in statement.cases:
            if self._applies(case, value):
                self._run(case.body)
                return

    def _applies(self, case: Case, value: Any) -> bool:
        if case.is_else:
            return True
        if case.type:
            is_type = isinstance(value, SObject) and value.type.lower() == case.type.lower()
            self._evaluator.variables[case.name.lower()] = value
            return is_type
        return any(equal(value, self._evaluator.value(one)) for one in case.values)

    def _call(self, name: str, arguments: list[Any]) -> Any:
        """A method that the block declares."""
        function = self._functions.get(name.lower())
        if function is None or len(function.parameters) != len(arguments):
            raise NotFollowedError(f"the method {name}")
        if self._depth >= DEEPEST:
            raise NotFollowedError(f"calls of {name} in more than {DEEPEST} levels")
        outer = self._evaluator.variables
        pairs = zip(function.parameters, arguments, strict=True)
        own = {name.lower(): coerced(kind, value) for (kind, name), value in pairs}
        self._evaluator.variables = outer | own
        self._depth += 1
        try:
            self._run(function.body)
        except _Return as returned:
            return returned.value
        finally:
            self._evaluator.variables, self._depth = outer, self._depth - 1
        return None


def _changed(statement: Statement) -> Iterator[str]:
    """The variables that a statement sets or whose content it may change, in lower case."""
    if statement.kind == "declare":
        yield statement.name.lower()
    for expression in (statement.expression, statement.second):
        if expression is not None:
            yield from _changed_by(expression)
    parts = [*statement.body, *statement.otherwise, *statement.first]
    parts += [one for case in statement.cases for one in case.body]
    for part in parts:
        yield from _changed(part)


def _changed_by(expression: Expression) -> Iterator[str]:
    root = expression
    while root.kind in ("member", "method", "index", "step") and root.target is not None:
        root = root.target
    changes = expression.kind in ("assignment", "step", "method", "call")
    path = (expression.target if expression.kind == "assignment" else root) or root
    if changes and path.name:
        yield path.name.partition(".")[0].lower()
    for inner in expression.arguments:
        yield from _changed_by(inner)
