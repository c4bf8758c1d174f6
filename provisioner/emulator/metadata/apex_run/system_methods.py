"""`System.…`, `Assert.…` and `Database.…`: methods that need the running block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from provisioner.emulator.metadata.apex_run.operators import equal
from provisioner.emulator.metadata.apex_run.values import (
    Constant,
    NotFollowedError,
    Rows,
    ThrownError,
    text_of,
)

if TYPE_CHECKING:
    from provisioner.emulator.metadata.apex.tree import Expression
    from provisioner.emulator.metadata.apex_run.records import Records


class Running(Protocol):
    """The running block, as these methods use it."""

    @property
    def records(self) -> Records:
        """The records of the org."""

    def value(self, expression: Expression) -> Any:
        """The value of an expression."""

    def query(self, soql: str) -> Any:
        """The records of a query with bound expressions."""

    def log(self, line: int, level: str, text: str) -> None:
        """Add a line to the debug log."""


class RolledBackError(Exception):
    """`Database.rollback`: nothing of the block is kept, and the rest is not followed."""


def _debug(block: Running, expression: Expression) -> None:
    """Write to the debug log; what is not followed there is left out."""
    values = []
    for one in expression.arguments:
        with suppress(NotFollowedError):
            values.append(block.value(one))
    if values:
        level = values[0].name if isinstance(values[0], Constant) else "DEBUG"
        block.log(expression.token.line, level.upper(), text_of(values[-1]))


def _assert(block: Running, expression: Expression) -> None:
    """An assertion. Raises ThrownError when it fails."""
    name = expression.name.lower().rpartition(".")[2]
    arguments = [block.value(one) for one in expression.arguments]
    count = 2 if "equal" in name or name.startswith("isinstance") else 0 if name == "fail" else 1
    if len(arguments) < count or not _fails(name, arguments):
        return
    message = f": {text_of(arguments[count])}" if len(arguments) > count else ""
    compared = ""
    if count == 2 and "not" not in name:
        compared = f": Expected: {text_of(arguments[0])}, Actual: {text_of(arguments[1])}"
    raise ThrownError("System.AssertException", f"Assertion Failed{message}{compared}")


def _fails(assertion: str, arguments: list[Any]) -> bool:
    """Whether an assertion of these values fails."""
    if assertion in ("assert", "istrue"):
        return arguments[0] is False
    if assertion in ("assertequals", "areequal"):
        return not equal(arguments[0], arguments[1])
    if assertion in ("assertnotequals", "arenotequal"):
        return equal(arguments[0], arguments[1])
    if assertion in ("isnull", "isnotnull"):
        return (arguments[0] is None) is not (assertion == "isnull")
    if assertion == "isfalse":
        return arguments[0] is True
    if assertion == "fail":
        return True
    raise NotFollowedError(f"the assertion {assertion}")


SYSTEM: Mapping[str, Callable[[Running, Expression], Any]] = {
    "assert": _assert,
    "debug": _debug,
}


def _dml(operation: str) -> Callable[[Running, list[Any]], Any]:
    def change(block: Running, arguments: list[Any]) -> Any:
        records, *rest = arguments
        flags = [one for one in rest if isinstance(one, bool)]
        keys = [one.name for one in rest if hasattr(one, "name")]
        is_strict = flags[0] if flags else True
        key = keys[0] if keys else ""
        return block.records.change(operation, records, key, all_or_none=is_strict)

    return change


def _query(block: Running, arguments: list[Any]) -> Any:
    if not isinstance(arguments[0], str):
        raise NotFollowedError("a query of this value")
    return block.query(arguments[0])


def _count(block: Running, arguments: list[Any]) -> Any:
    found = _query(block, arguments)
    return len(found) if isinstance(found, Rows) else found


def _roll_back(_block: Running, _arguments: list[Any]) -> Any:
    raise RolledBackError


DATABASE: Mapping[str, Callable[[Running, list[Any]], Any]] = {
    "countquery": _count,
    "delete": _dml("delete"),
    "emptyrecyclebin": lambda _block, _arguments: [],
    "insert": _dml("insert"),
    "query": _query,
    "rollback": _roll_back,
    "setsavepoint": lambda _block, _arguments: None,
    "update": _dml("update"),
    "upsert": _dml("upsert"),
}
