"""Queries and new records of an anonymous block are compiled with it: their fields must exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.features.unknown_fields import unknown_field
from provisioner.emulator.metadata.apex.tokens import ApexProblem
from provisioner.emulator.metadata.apex.tree import Expression, Unit
from provisioner.emulator.metadata.apex_run.records import with_values
from provisioner.emulator.soql.evaluate import describe_columns
from provisioner.emulator.soql.names import Context

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

_LIST = re.compile(r"\bIN\s*$", re.IGNORECASE)
_NUMBER = re.compile(r"\b(?:LIMIT|OFFSET)\s*$", re.IGNORECASE)


def check_queries(org: EmulatedOrg, unit: Unit, user_id: str) -> None:
    """Raises ApexProblem for a query of an object or field that does not exist.

    Source: UnofficialSF/LightningFlowComponents issue 1085, where a class fails to compile with
    the text that the query has in the data APIs. The position is that of the `[`, an assumption.
    """
    for query in _expressions(_parts(unit), "query"):
        text = with_values(query.value, _sample)
        context = Context(org.store, text, org.now(), user_id, records_path="")
        try:
            describe_columns(context)
        except NotEmulatedError:
            pass  # the run says what it cannot follow
        except ApiError as error:
            if error.code in {"INVALID_TYPE", "INVALID_FIELD"}:
                at = query.token
                raise ApexProblem(error.message, at.line, at.column) from None


def check_new_records(org: EmulatedOrg, unit: Unit) -> None:
    """Raises ApexProblem for a field that a new record does not have in any org."""
    for created in _expressions(_parts(unit), "new"):
        known = org.store.find_type(created.name)
        if known is None:
            continue
        for argument in created.arguments:
            name = argument.name
            if argument.kind != "assignment" or unknown_field(known.name, name):
                continue
            if not (known.find_field(name) or known.find_relationship(name)):
                text = f"Field does not exist: {name} on {known.name}"
                raise ApexProblem(text, argument.token.line, argument.token.column)


def _parts(unit: Unit) -> list[Any]:
    return [*unit.statements, *unit.functions.values()]


def _sample(before: str, _bound: str) -> str:
    """What can stand in the place of a bound variable."""
    if _NUMBER.search(before):
        return "1"
    return "(null)" if _LIST.search(before) else "null"


def _expressions(parts: list[Any], kind: str) -> Iterator[Expression]:
    """Those of a kind in a tree, in their order; a tree may be deeper than Python's stack."""
    waiting = [*reversed(parts)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Expression) and part.kind == kind:
            yield part
        if isinstance(part, list | tuple):
            waiting += reversed(part)
        elif isinstance(part, dict):
            waiting += reversed(part.values())
        elif is_dataclass(part):
            waiting += [getattr(part, one.name) for one in reversed(fields(part))]
