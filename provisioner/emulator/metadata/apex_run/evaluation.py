"""Evaluates expressions with the variables of a block."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from provisioner.emulator.metadata.apex.tokens import ApexProblem
from provisioner.emulator.metadata.apex.units import read_expression
from provisioner.emulator.metadata.apex_run.collection_methods import item
from provisioner.emulator.metadata.apex_run.operators import binary, truth
from provisioner.emulator.metadata.apex_run.records import Records
from provisioner.emulator.metadata.apex_run.system_methods import DATABASE, SYSTEM
from provisioner.emulator.metadata.apex_run.values import (
    ApexSet,
    Constant,
    Instance,
    NotFollowedError,
    Rows,
    SObject,
    ThrownError,
    bounded,
    key_of,
    null_pointer,
)

if TYPE_CHECKING:
    from provisioner.emulator.metadata.apex.tree import Expression
    from provisioner.emulator.metadata.apex_run.library import Library

UNKNOWN = object()
_ENUMS = {"logginglevel": "LoggingLevel", "roundingmode": "RoundingMode"}
"""The value of a variable that was not followed."""


class Evaluator:
    """Expressions; `variables` are those of the method that runs, by name in lower case."""

    def __init__(self, records: Records, library: Library) -> None:
        self.records: Records = records
        self.library = library
        self.variables: dict[str, Any] = {}
        self.logged: list[str] = []
        self.call_function: Callable[[str, list[Any]], Any] = _no_function

    def value(self, expression: Expression) -> Any:
        """The value of an expression. Raises ThrownError, NotFollowedError."""
        reader = getattr(self, f"_of_{expression.kind}", None)
        if reader is None:
            raise NotFollowedError("an expression")
        return bounded(reader(expression))

    def log(self, line: int, level: str, text: str) -> None:
        """Add a line to the debug log, as the platform writes `System.debug`."""
        self.logged.append(f"USER_DEBUG|[{line}]|{level}|{text}")

    def _of_literal(self, expression: Expression) -> Any:
        return expression.value

    def _of_group(self, expression: Expression) -> Any:
        return self.value(expression.arguments[0])

    # --- names and members ------------------------------------------------------------------

    def _of_name(self, expression: Expression) -> Any:
        first, *rest = expression.name.split(".")
        if first.lower() in self.variables:
            found = self._variable(first)
            for name in rest:
                found = self._read(found, name)
            return found
        return self._token(expression.name)

    def _variable(self, name: str) -> Any:
        found = self.variables[name.lower()]
        if found is UNKNOWN:
            raise NotFollowedError(f"the variable {name}, whose value is not known")
        return bounded(found)

    def _token(self, path: str) -> Any:
        """A name that is no variable: a value of an enum, a token of the schema, a label."""
        parts = [one for one in path.split(".") if one.lower() not in ("system", "schema")]
        if len(parts) == 2 and parts[0].lower() in _ENUMS:
            return Constant(_ENUMS[parts[0].lower()], parts[1].upper())
        if len(parts) == 2 and parts[0].lower() == "label":
            return self._label(parts[1])
        if len(parts) == 2 and self.records.org.store.find_type(parts[0]) is not None:
            kind = "SObjectType" if parts[1].lower() == "sobjecttype" else "SObjectField"
            return Constant(kind, parts[0] if kind == "SObjectType" else parts[1])
        raise NotFollowedError(f"the name {path}")

    def _label(self, name: str) -> str:
        stored = self.records.org.components.get(("CustomLabel", name.lower()))
        if stored is None or stored.element is None:
            raise NotFollowedError(f"the label {name}")
        return str(stored.element.value("value"))

    def _of_member(self, expression: Expression) -> Any:
        assert expression.target is not None
        target = self.value(expression.target)
        if target is None and expression.is_safe:
            return None
        return self._read(target, expression.name)

    def _read(self, target: Any, name: str) -> Any:
        """`target.name`: a field of a record."""
        record = only_row(target) if isinstance(target, Rows) else target
        if record is None:
            raise null_pointer()
        if isinstance(record, Instance) and name.lower() in record.values:
            return record.values[name.lower()]
        if not isinstance(record, SObject):
            raise NotFollowedError(f"the member {name}")
        if record.is_queried and name.lower() not in record.fields and name.lower() != "id":
            self._check_queried(record, name)
        return record.get(name)

    def _check_queried(self, record: SObject, name: str) -> None:
        known = self.records.org.store.find_type(record.type)
        if known is not None and known.find_field(name) is not None:
            raise ThrownError(
                "System.SObjectException",
                "SObject row was retrieved via SOQL without querying the requested field: "
                f"{record.type}.{name}",
            )

    def _of_index(self, expression: Expression) -> Any:
        assert expression.target is not None
        values, index = self.value(expression.target), self.value(expression.arguments[0])
        if not isinstance(values, list) or not isinstance(index, int):
            raise NotFollowedError("an index")
        return item(values, index)

    # --- calls ------------------------------------------------------------------------------

    def _arguments(self, expression: Expression) -> list[Any]:
        return [self.value(one) for one in expression.arguments]

    def _of_method(self, expression: Expression) -> Any:
        assert expression.target is not None
        target = self.value(expression.target)
        if target is None and expression.is_safe:
            return None
        return self._called(target, expression.name, expression)

    def _called(self, target: Any, name: str, expression: Expression) -> Any:
        record_methods = ("get", "getsobject", "put")
        is_row = isinstance(target, Rows) and name.lower() in record_methods and len(target) == 1
        arguments = self._arguments(expression)
        if is_row and arguments and isinstance(arguments[0], str):
            target = target[0]
        return self.library.method(target, name, arguments)

    def _of_call(self, expression: Expression) -> Any:
        *owner, name = expression.name.split(".")
        if not owner:
            return self.call_function(name, self._arguments(expression))
        if owner[0].lower() in self.variables:
            target = self._variable(owner[0])
            for member in owner[1:]:
                target = self._read(target, member)
            return self._called(target, name, expression)
        return self._static(".".join(owner), name, expression)

    def _static(self, owner: str, name: str, expression: Expression) -> Any:
        parts = owner.lower().split(".")
        method = name.lower()
        if parts[-1] == "system" and method in SYSTEM:
            return SYSTEM[method](self, expression)
        if parts[-1] in ("assert", "system") and method.startswith(("assert", "are", "is", "fail")):
            return SYSTEM["assert"](self, expression)
        if parts[-1] == "database" and method in DATABASE:
            return DATABASE[method](self, self._arguments(expression))
        written = owner.split(".")
        if len(parts) > 1 and parts[-2] == "sobjecttype":
            described = self.library.schema.describe(written[-1])
            return self.library.method(described, name, self._arguments(expression))
        if parts[-1] == "sobjecttype" and len(parts) > 1:
            token = Constant("SObjectType", written[-2])
            return self.library.method(token, name, self._arguments(expression))
        if parts[-2:][0] in _ENUMS:
            return self.library.method(self._token(owner), name, self._arguments(expression))
        if method == "getsobjecttype" and self.records.org.store.find_type(written[-1]):
            return Constant("SObjectType", written[-1])
        return self.library.static(owner, name, self._arguments(expression))

    def _of_query(self, expression: Expression) -> Any:
        if not expression.value.strip().lower().startswith("select"):
            raise NotFollowedError("SOSL")
        return self.query(expression.value)

    def query(self, soql: str) -> Any:
        """The records of a query with bound expressions."""
        return self.records.query(soql, self._bound)

    def _bound(self, text: str) -> Any:
        try:
            return self.value(read_expression(text))
        except ApexProblem:
            raise NotFollowedError(f"the bound expression {text}") from None

    # --- creations --------------------------------------------------------------------------

    def _of_new(self, expression: Expression) -> Any:
        name = expression.name.lower().rpartition(".")[2]
        if name == "list" or expression.is_list:
            return self._new_list(expression)
        if name == "set":
            found = self._new_list(expression)
            return ApexSet(dict.fromkeys(map(key_of, found)))
        if name == "map":
            return self._new_map(expression)
        if name.endswith("exception"):
            arguments = self._arguments(expression)
            return exception(ThrownError(expression.name, _message(arguments)))
        known = self.records.org.store.find_type(expression.name.removeprefix("Schema."))
        if known is None:
            raise NotFollowedError(f"the class {expression.name}")
        record = SObject(known.name)
        for field, value in expression.named.items():
            record.put(field, single(self.value(value)))
        return record

    def _new_list(self, expression: Expression) -> list[Any]:
        given = self._arguments(expression)
        if len(given) == 1 and isinstance(given[0], list | ApexSet):
            return list(given[0])
        if given and not isinstance(given[0], int):
            raise NotFollowedError("a collection of this value")
        return [self.value(key) for key, _ in expression.pairs]

    def _new_map(self, expression: Expression) -> dict[Any, Any]:
        given = self._arguments(expression)
        if given and isinstance(given[0], list):
            return {one.id: one for one in given[0] if isinstance(one, SObject)}
        if given and isinstance(given[0], dict):
            return dict(given[0])
        return {
            key_of(self.value(key)): self.value(value)
            for key, value in expression.pairs
            if value is not None
        }

    # --- operators --------------------------------------------------------------------------

    def _of_binary(self, expression: Expression) -> Any:
        left, right = expression.arguments
        if expression.name == "&&":
            return truth(self.value(left)) and truth(self.value(right))
        if expression.name == "||":
            return truth(self.value(left)) or truth(self.value(right))
        if expression.name == "??":
            first = self.value(left)
            return self.value(right) if first is None else first
        return binary(expression.name, self.value(left), self.value(right))

    def _of_unary(self, expression: Expression) -> Any:
        value = self.value(expression.arguments[0])
        if expression.name == "!":
            return not truth(value)
        if expression.name in ("++", "--"):
            changed = binary(expression.name[0], value, 1)
            self.assign(expression.arguments[0], changed)
            return changed
        return binary("-", 0, value) if expression.name == "-" else value

    def _of_step(self, expression: Expression) -> Any:
        assert expression.target is not None
        value = self.value(expression.target)
        self.assign(expression.target, binary(expression.name[0], value, 1))
        return value

    def _of_ternary(self, expression: Expression) -> Any:
        condition, chosen, other = expression.arguments
        return self.value(chosen if truth(self.value(condition)) else other)

    def _of_instanceof(self, expression: Expression) -> Any:
        value, kind = self.value(expression.arguments[0]), expression.arguments[1].name.lower()
        if isinstance(value, SObject):
            return kind in (value.type.lower(), "sobject")
        raise NotFollowedError("instanceof")

    def _of_cast(self, expression: Expression) -> Any:
        return coerced(expression.name, self.value(expression.arguments[0]))

    def _of_assignment(self, expression: Expression) -> Any:
        assert expression.target is not None
        value = self.value(expression.arguments[0])
        if expression.operator != "=":
            value = binary(expression.operator[:-1], self.value(expression.target), value)
        self.assign(expression.target, value)
        return value

    def assign(self, target: Expression, value: Any) -> None:
        """`target = value`."""
        if target.kind == "name" and "." not in target.name:
            if target.name.lower() not in self.variables:
                raise NotFollowedError(f"the variable {target.name}")
            before = self.variables[target.name.lower()]
            is_number = isinstance(before, float) and isinstance(value, int)
            self.variables[target.name.lower()] = float(value) if is_number else value
        elif target.kind == "index" and target.target is not None:
            values, index = self.value(target.target), self.value(target.arguments[0])
            item(values, index)
            values[index] = value
        else:
            record, name = self._owner(target)
            if not isinstance(record, SObject):
                raise NotFollowedError(f"the member {name}")
            record.put(name, single(value))

    def _owner(self, target: Expression) -> tuple[Any, str]:
        if target.kind == "member" and target.target is not None:
            owner, name = self.value(target.target), target.name
        else:
            path, _, name = target.name.rpartition(".")
            first, *rest = path.split(".")
            if first.lower() not in self.variables:
                raise NotFollowedError(f"the name {target.name}")
            owner = self._variable(first)
            for member in rest:
                owner = self._read(owner, member)
        if owner is None:
            raise null_pointer()
        return (only_row(owner) if isinstance(owner, Rows) else owner), name


def only_row(rows: Rows) -> Any:
    """The one record of a query. Raises ThrownError QueryException."""
    if len(rows) != 1:
        text = "has no rows" if not rows else "has more than 1 row"
        raise ThrownError("System.QueryException", f"List {text} for assignment to SObject")
    return rows[0]


def single(value: Any) -> Any:
    """A value for a field: the record of a query stands for itself."""
    return only_row(value) if isinstance(value, Rows) else value


def coerced(kind: str, value: Any) -> Any:
    """A value as a variable of this type holds it."""
    name = kind.lower().removeprefix("system.")
    if name in ("decimal", "double") and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, Rows):
        is_collection = name in ("list", "iterable", "object") or kind.endswith("[]")
        return list(value) if is_collection else only_row(value)
    return value


def exception(thrown: ThrownError) -> Instance:
    """An exception as `catch (Exception e)` names it."""
    return Instance(
        thrown.kind,
        {"getmessage": thrown.message, "gettypename": thrown.kind, "getcause": None,
         "getlinenumber": 1, "getstacktracestring": "AnonymousBlock", **thrown.more},
    )  # fmt: skip


def _message(arguments: list[Any]) -> str:
    text = arguments[0] if arguments and isinstance(arguments[0], str) else ""
    return text or "Script-thrown exception"


def _no_function(name: str, arguments: list[Any]) -> Any:  # noqa: ARG001 - one signature
    raise NotFollowedError(f"the method {name}")
