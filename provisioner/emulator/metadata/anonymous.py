"""Anonymous Apex: basic checks; simple DML, assertions and throws are executed.

Sequential statements with literals are executed: `insert new Account(Name = 'x');`, a variable
that holds a new record and is then inserted, updated or deleted, `System.assert…` of literals,
`throw`. All other valid Apex succeeds without an effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.emulator.metadata.anonymous_run import Run, ThrownError
from provisioner.emulator.metadata.apex.tokens import ApexProblem
from provisioner.emulator.metadata.apex.tree import Expression, Unit
from provisioner.emulator.metadata.apex.units import read_anonymous
from provisioner.emulator.metadata.archive import Archive
from provisioner.emulator.metadata.kinds.apex import check_types
from provisioner.emulator.metadata.kinds.registry import DeployContext

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg


@dataclass
class AnonymousResult:
    """The result of executeAnonymous; line and column are -1 on success."""

    compiled: bool = True
    success: bool = True
    line: int = -1
    column: int = -1
    compile_problem: str | None = None
    exception_message: str | None = None
    exception_stack_trace: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The result by its API names."""
        return {
            "line": self.line,
            "column": self.column,
            "compiled": self.compiled,
            "success": self.success,
            "compileProblem": self.compile_problem,
            "exceptionStackTrace": self.exception_stack_trace,
            "exceptionMessage": self.exception_message,
        }


def execute(org: EmulatedOrg, source: str, user_id: str) -> AnonymousResult:
    """Compile and run an anonymous block; an exception undoes all its changes."""
    try:
        unit = read_anonymous(source)
        check_types(DeployContext(org, user_id, Archive(b"")), unit)
        _check_names(org, unit)
    except ApexProblem as problem:
        return AnonymousResult(
            compiled=False,
            success=False,
            line=problem.line,
            column=problem.column,
            compile_problem=problem.text,
        )
    run = Run(org, user_id)
    try:
        with org.store.transaction():
            for statement in unit.statements:
                run.execute(statement)
    except ThrownError as thrown:
        where = f"line {thrown.token.line}, column {thrown.token.column}"
        return AnonymousResult(
            success=False,
            line=thrown.token.line,
            column=thrown.token.column,
            exception_message=thrown.message,
            exception_stack_trace=f"AnonymousBlock: {where}",
        )
    return AnonymousResult()


def _check_names(org: EmulatedOrg, unit: Unit) -> None:
    """Fields of new records, variables and methods must exist."""
    declared: set[str] = set()
    for statement in unit.statements:
        value = statement.expression
        if statement.kind == "declare":
            declared.add(statement.name.lower())
        if value is None:
            continue
        if value.kind == "new":
            _check_fields(org, value)
        if statement.kind == "dml":
            _check_variable(value, declared)
        elif value.kind == "call":
            _check_call(value, unit, declared)


def _check_call(value: Expression, unit: Unit, declared: set[str]) -> None:
    for argument in value.arguments:
        _check_variable(argument, declared)
    if "." not in value.name and value.name.lower() not in unit.methods | {"this", "super"}:
        text = f"Method does not exist or incorrect signature: void {value.name}()"
        token = value.token
        raise ApexProblem(f"{text} from the type anon", token.line, token.column)


def _check_variable(value: Expression, declared: set[str]) -> None:
    is_plain = value.kind == "name" and "." not in value.name
    if is_plain and value.name.lower() not in declared:
        text = f"Variable does not exist: {value.name}"
        raise ApexProblem(text, value.token.line, value.token.column)


def _check_fields(org: EmulatedOrg, created: Expression) -> None:
    known = org.store.find_type(created.name)
    if known is None:
        return
    for argument in created.arguments:
        if argument.kind == "assignment" and known.find_field(argument.name) is None:
            text = f"Field does not exist: {argument.name} on {known.name}"
            raise ApexProblem(text, argument.token.line, argument.token.column)
