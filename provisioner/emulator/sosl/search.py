"""Runs a search over a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import ApiError
from provisioner.emulator.objects.searchable import is_searchable, searched_fields
from provisioner.emulator.soql.evaluate import chosen_rows
from provisioner.emulator.soql.field_lists import record_level
from provisioner.emulator.soql.model import Path, Query, Selected, Source
from provisioner.emulator.soql.names import Context, open_scope
from provisioner.emulator.sosl.statement import Statement, parse
from provisioner.emulator.sosl.terms import Matches, Words, find_test

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record

_MOST = 2000  # records of one answer
_LONGEST_TERM = 10_000  # characters; a longer one finds nothing


def search(context: Context) -> list[dict[str, Any]]:
    """The records that `context.text` finds, by object in the order of RETURNING.

    Raises ApiError with Salesforce's code and text, NotEmulatedError for what is not emulated.
    """
    try:
        statement = parse(context.text)
        if len(statement.term) > _LONGEST_TERM:
            return []
        test = find_test(statement.term)
        with context.store.lock:
            found = list(_found(context, statement, test))
    except ApiError as error:
        if error.code != "MALFORMED_QUERY":
            raise
        raise ApiError(error.status, "MALFORMED_SEARCH", error.message) from error
    return found[: _MOST if statement.limit is None else min(statement.limit, _MOST)]


def _found(context: Context, statement: Statement, test: Matches) -> Iterator[dict[str, Any]]:
    queries = statement.returning or tuple(_everything(context))
    scopes = [open_scope(context, query.sources) for query in queries]
    for scope in scopes:
        if not is_searchable(scope.entity):
            text = f"entity type {scope.entity.name} does not support search"
            raise ApiError(400, "MALFORMED_SEARCH", text)
    levels = [record_level(*one) for one in zip(scopes, queries, strict=True)]
    for scope, query, level in zip(scopes, queries, levels, strict=True):
        fields = [one.name for one in searched_fields(scope.entity, statement.group)]
        for record in chosen_rows(scope, query, _record_test(fields, test)):
            yield level.render(record)


def _record_test(fields: list[str], test: Matches) -> Callable[[Record], bool]:
    """Whether the term is in the fields of a record; its words may be in several of them."""

    def has(record: Record) -> bool:
        texts = [str(record[name]) for name in fields if record.get(name)]
        return bool(texts) and test(Words.of(texts))

    return has


def _everything(context: Context) -> Iterator[Query]:
    """The ids of all objects that have records."""
    store = context.store
    for name in list(store.types):
        object_type = store.types[name] if store.peek_rows(name) else None
        if object_type is None or object_type.is_tooling is not context.tooling:
            continue
        if is_searchable(object_type):
            yield Query((Selected(Path(("Id",), 0)),), (Source(Path((name,), 0)),))
