"""Anonymous Apex: basic checks, then the block is run as far as it can be followed.

Classes of the org are not run. What is not followed succeeds without an effect, and a note says
so (`GET /_emulator/notes`, which a rehearsal shows).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.emulator.metadata import debug_logs
from provisioner.emulator.metadata.apex.tokens import ApexProblem
from provisioner.emulator.metadata.apex.tree import Expression, Unit
from provisioner.emulator.metadata.apex.units import read_anonymous
from provisioner.emulator.metadata.apex_run.interpreter import Interpreter
from provisioner.emulator.metadata.apex_run.name_checks import check_new_records, check_queries
from provisioner.emulator.metadata.apex_run.system_methods import RolledBackError
from provisioner.emulator.metadata.apex_run.values import ThrownError
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
    logged: list[str] = field(default_factory=list)  # by System.debug

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
        _check_names(unit)
        check_new_records(org, unit)
        check_queries(org, unit, user_id)
    except ApexProblem as problem:
        return AnonymousResult(
            compiled=False,
            success=False,
            line=problem.line,
            column=problem.column,
            compile_problem=problem.text,
        )
    return _run(org, unit, user_id)


def _run(org: EmulatedOrg, unit: Unit, user_id: str) -> AnonymousResult:
    interpreter = Interpreter(org, user_id, unit)
    try:
        with org.store.transaction():
            interpreter.run(unit.statements)
    except RolledBackError:
        assert interpreter.position is not None
        interpreter.skipped = interpreter.position, "Database.rollback: nothing is kept"
    except ThrownError as thrown:
        at = interpreter.position
        line, column = (at.line, at.column) if at else (1, 1)
        return AnonymousResult(
            success=False,
            line=line,
            column=column,
            exception_message=str(thrown),
            exception_stack_trace=f"AnonymousBlock: line {line}, column {column}",
            logged=interpreter.logged,
        )
    if interpreter.skipped is not None:
        token, reason = interpreter.skipped
        org.world.note(
            f"The emulator cannot follow the anonymous Apex from line {token.line} ({reason}). "
            "The emulated org may lack what the code does from there."
        )
    return AnonymousResult(logged=interpreter.logged)


def log_anonymous(
    org: EmulatedOrg, user_id: str, version: str, source: str, result: AnonymousResult
) -> str:
    """The debug log of a block, which is kept when its user is traced."""
    head = [f"Execute Anonymous: {line}" for line in source.splitlines()]
    events = [*result.logged]
    if result.exception_message:
        events.append(f"FATAL_ERROR|{result.exception_message}")
    if not result.compiled:
        return "\n".join([f"{version} APEX_CODE,DEBUG;APEX_PROFILING,INFO", *head])
    text = debug_logs.text_of(org.now(), version, "execute_anonymous_apex", events, head=head)
    status = result.exception_message or "Success"
    debug_logs.keep(org, user_id, text, operation="Api", status=status)
    return text


def _check_names(unit: Unit) -> None:
    """Variables and methods must exist."""
    declared: set[str] = set()
    for statement in unit.statements:
        value = statement.expression
        if statement.kind == "declare":
            declared.update(one.name.lower() for one in (statement, *statement.body))
        if value is None:
            continue
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
