"""The execution of anonymous Apex, as far as it is emulated: DML, assertions, throws."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import RecordError
from provisioner.emulator.metadata.apex.tokens import Token
from provisioner.emulator.metadata.apex.tree import Expression, Statement

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg


@dataclass
class _Record:
    """A record that a variable holds."""

    type: str
    values: dict[str, Any] = field(default_factory=dict)
    id: str | None = None


class _NotFollowedError(Exception):
    """An expression that the interpreter does not evaluate."""


class ThrownError(Exception):
    """An Apex exception."""

    def __init__(self, message: str, token: Token) -> None:
        super().__init__(message)
        self.message = message
        self.token = token


class Run:
    """The variables of a running block."""

    def __init__(self, org: EmulatedOrg, user_id: str) -> None:
        self.org = org
        self.user_id = user_id
        self.variables: dict[str, Any] = {}

    def execute(self, statement: Statement) -> None:
        """Execute a statement, as far as it can be evaluated."""
        value = statement.expression
        if value is None:
            return
        try:
            if statement.kind == "declare":
                self.variables[statement.name.lower()] = self._value(value)
            elif statement.kind == "dml":
                self._dml(statement, value)
            elif statement.kind == "throw":
                raise ThrownError(self._message(value), statement.token)
            elif statement.kind == "call":
                self._call(value)
        except _NotFollowedError:
            if statement.kind == "declare":
                self.variables.pop(statement.name.lower(), None)

    def _value(self, expression: Expression) -> Any:
        if expression.kind == "literal":
            return expression.value
        if expression.kind == "new" and self.org.store.find_type(expression.name):
            pairs = {name: self._value(one) for name, one in expression.named.items()}
            return _Record(expression.name, pairs)
        if expression.kind == "name":
            return self._named(expression.name.lower())
        raise _NotFollowedError

    def _named(self, path: str) -> Any:
        variable, _, name = path.partition(".")
        if variable not in self.variables:
            raise _NotFollowedError
        value = self.variables[variable]
        if not name:
            return value
        if isinstance(value, _Record):
            fields = {key.lower(): one for key, one in value.values.items()} | {"id": value.id}
            if name in fields:
                return fields[name]
        raise _NotFollowedError

    def _dml(self, statement: Statement, value: Expression) -> None:
        record = self._value(value)
        if not isinstance(record, _Record):
            raise _NotFollowedError
        store, operation = self.org.store, statement.name
        known = store.object_type(record.type)
        try:
            if operation == "insert" or (operation == "upsert" and record.id is None):
                record.id = store.insert(known.name, record.values, user_id=self.user_id)
            elif record.id is not None and operation in ("update", "upsert"):
                store.update(known.name, record.id, record.values, user_id=self.user_id)
            elif record.id is not None and operation == "delete":
                store.delete(known.name, record.id, user_id=self.user_id)
        except RecordError as error:
            fields = ", ".join(error.fields)
            text = (
                f"System.DmlException: {operation.capitalize()} failed. First exception on row 0; "
                f"first error: {error.code}, {error.message}: [{fields}]"
            )
            raise ThrownError(text, statement.token) from error

    def _call(self, value: Expression) -> None:
        if value.kind == "assignment":
            self._assign(value)
        elif value.kind == "call" and value.name.lower().startswith(("system.assert", "assert.")):
            self._assert(value)

    def _assign(self, value: Expression) -> None:
        variable, _, name = value.name.partition(".")
        new = self._value(value.arguments[0])
        if not name:
            self.variables[variable.lower()] = new
            return
        record = self.variables.get(variable.lower())
        if isinstance(record, _Record) and "." not in name:
            record.values[name] = new

    def _assert(self, call: Expression) -> None:
        """Assertions of literals; those with computed values always pass."""
        name = call.name.lower().rpartition(".")[2]
        arguments = [self._value(one) for one in call.arguments]
        count = 2 if "equal" in name else 0 if name == "fail" else 1
        message = f": {arguments[count]}" if len(arguments) > count else ""
        if len(arguments) < count or not _fails(name, arguments):
            return
        compared = ""
        if count == 2 and "not" not in name:
            compared = f": Expected: {_shown(arguments[0])}, Actual: {_shown(arguments[1])}"
        text = f"System.AssertException: Assertion Failed{message}{compared}"
        raise ThrownError(text, call.token)

    def _message(self, value: Expression) -> str:
        """`MyException: text` of `throw new MyException('text')`."""
        if value.kind != "new":
            raise _NotFollowedError
        try:
            message = str(self._value(value.arguments[0])) if value.arguments else ""
        except _NotFollowedError:
            message = ""
        return f"{value.name}: {message or 'Script-thrown exception'}"


def _fails(assertion: str, arguments: list[Any]) -> bool:
    """Whether an assertion of these values fails."""
    if assertion in ("assert", "istrue"):
        return arguments[0] is False
    if assertion in ("assertequals", "areequal"):
        return bool(arguments[0] != arguments[1])
    if assertion in ("assertnotequals", "arenotequal"):
        return bool(arguments[0] == arguments[1])
    if assertion == "isfalse":
        return arguments[0] is True
    return assertion == "fail" or (assertion == "isnotnull" and arguments[0] is None)


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
