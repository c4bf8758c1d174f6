"""SOQL text → `Query`: the grammar of the documented clauses, in their fixed order."""

from __future__ import annotations

from provisioner.emulator.errors import NotEmulatedError
from provisioner.emulator.soql.conditions import condition
from provisioner.emulator.soql.errors import located, malformed
from provisioner.emulator.soql.lexer import Kind
from provisioner.emulator.soql.model import (
    ChildQuery,
    Condition,
    Expression,
    FieldGroup,
    Order,
    Query,
    Selected,
    SelectEntry,
    Source,
    Subtotals,
)
from provisioner.emulator.soql.stream import TokenStream
from provisioner.emulator.soql.subtotals import MOST_FIELDS
from provisioner.emulator.soql.type_of import read_type_of

_NO_ALIAS = frozenset(
    ("AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST",
     "LIKE", "LIMIT", "NOT", "NULL", "NULLS", "OR", "SELECT", "USING", "WHERE", "WITH",
     "ORDER", "OFFSET", "FOR", "UPDATE", "ALL")
)  # fmt: skip
_MAXIMUM_OFFSET = 2000


def parse(text: str) -> Query:
    """Parse a query.

    Raises ApiError (MALFORMED_QUERY, NUMBER_OUTSIDE_VALID_RANGE) for what Salesforce refuses
    and NotEmulatedError for what it accepts but this emulator does not know.
    """
    stream = TokenStream(text)
    query = _query(stream)
    _trailer(stream)
    if stream.current.kind is not Kind.END:
        raise stream.refuse()
    return query


def _query(stream: TokenStream) -> Query:
    """A SELECT up to its OFFSET, outermost or in the field list."""
    stream.enter()
    start = stream.expect_word("SELECT")
    if stream.current.is_word("FROM") and not stream.following.is_symbol(",", "."):
        raise stream.refuse(start, f"{start.text} {stream.current.text}")
    select = field_list(stream)
    stream.expect_word("FROM")
    sources = _sources(stream)
    scope = _scope(stream)
    where = condition(stream, _inner_query) if stream.take_word("WHERE") else None
    _with(stream)
    group_by, subtotals, having = _grouping(stream)
    query = Query(
        select,
        sources,
        scope,
        where,
        group_by,
        subtotals,
        having,
        order_by(stream),
        stream.expect_integer() if stream.take_word("LIMIT") else None,
        offset(stream),
    )
    stream.leave()
    return query


def _inner_query(stream: TokenStream) -> Query:
    """The subquery of a semi-join: fields, FROM and WHERE, nothing else."""
    stream.enter()
    stream.expect_word("SELECT")
    select = field_list(stream)
    stream.expect_word("FROM")
    sources = _sources(stream)
    _scope(stream)
    where = condition(stream, _inner_query) if stream.take_word("WHERE") else None
    stream.leave()
    return Query(select, sources, where=where)


def field_list(stream: TokenStream) -> tuple[SelectEntry, ...]:
    """The entries between SELECT and FROM, or of one object in a search."""
    entries = [_entry(stream)]
    while stream.take_symbol(","):
        if stream.current.is_word("FROM") and not stream.following.is_symbol(",", "."):
            raise stream.refuse()
        entries.append(_entry(stream))
    query = Query(tuple(entries), ())
    if query.is_count and len(entries) > 1:
        raise malformed("COUNT() must be the only element in the SELECT list")
    return tuple(entries)


def _entry(stream: TokenStream) -> SelectEntry:
    token = stream.current
    if stream.take_symbol("("):
        query = _query(stream)
        stream.expect_symbol(")")
        return ChildQuery(query, token.position)
    if (
        token.is_word("TYPEOF")
        and stream.following.kind is Kind.NAME
        and not stream.following.is_word("FROM")
    ):
        return read_type_of(stream)
    if token.is_word("FIELDS") and stream.following.is_symbol("("):
        return _field_group(stream)
    return Selected(stream.expression(), _alias(stream))


def _field_group(stream: TokenStream) -> FieldGroup:
    start = stream.advance()
    stream.expect_symbol("(")
    word = stream.expect_word("ALL", "STANDARD", "CUSTOM").text.upper()
    stream.expect_symbol(")")
    if word == "ALL":
        return FieldGroup("ALL", start.position)
    return FieldGroup("STANDARD" if word == "STANDARD" else "CUSTOM", start.position)


def _alias(stream: TokenStream) -> str | None:
    if stream.current.kind is Kind.NAME and stream.current.text.upper() not in _NO_ALIAS:
        return stream.advance().text
    return None


def _sources(stream: TokenStream) -> tuple[Source, ...]:
    sources = [Source(stream.path(), _alias(stream))]
    while stream.take_symbol(","):
        sources.append(Source(stream.path(), _alias(stream)))
    return tuple(sources)


def _scope(stream: TokenStream) -> str | None:
    if not stream.take_word("USING"):
        return None
    stream.expect_word("SCOPE")
    return stream.expect_name().text.lower()


def _with(stream: TokenStream) -> None:
    """WITH enforces rights inside Apex only; the API refuses it (release notes, Summer '24)."""
    if not stream.take_word("WITH"):
        return
    if stream.current.is_word("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"):
        raise malformed(
            "rule soqlWithIdentifierClause failed predicate: "
            "{this.helper.allowApexSyntax() && this.helper.hasApexContext()}?"
        )
    raise NotEmulatedError(f"SOQL WITH {stream.current.text.upper()}")


def _grouping(
    stream: TokenStream,
) -> tuple[tuple[Expression, ...], Subtotals, Condition | None]:
    if not stream.take_word("GROUP"):
        return (), "", None
    stream.expect_word("BY")
    subtotals = _subtotals(stream)
    groups = [stream.expression()]
    while stream.take_symbol(","):
        groups.append(stream.expression())
    if subtotals:
        stream.expect_symbol(")")
        if len(groups) > MOST_FIELDS:
            text = f"GROUP BY {subtotals} can have at most {MOST_FIELDS} fields"
            raise malformed(text)  # the platform's own text was not seen
    having = condition(stream, no_inner_query) if stream.take_word("HAVING") else None
    return tuple(groups), subtotals, having


def _subtotals(stream: TokenStream) -> Subtotals:
    if not stream.current.is_word("ROLLUP", "CUBE") or not stream.following.is_symbol("("):
        return ""
    is_rollup = stream.advance().is_word("ROLLUP")
    stream.expect_symbol("(")
    return "ROLLUP" if is_rollup else "CUBE"


def no_inner_query(stream: TokenStream) -> Query:
    """Refuse a subquery in a condition that cannot have one."""
    raise stream.refuse()


def order_by(stream: TokenStream) -> tuple[Order, ...]:
    """The entries of ORDER BY, if it comes next."""
    if not stream.take_word("ORDER"):
        return ()
    stream.expect_word("BY")
    orders = [_order(stream)]
    while stream.take_symbol(","):
        orders.append(_order(stream))
    return tuple(orders)


def _order(stream: TokenStream) -> Order:
    expression = stream.expression()
    descending = False
    if stream.current.is_word("ASC", "DESC"):
        descending = stream.advance().is_word("DESC")
    nulls_last = False
    if stream.take_word("NULLS"):
        nulls_last = stream.expect_word("FIRST", "LAST").is_word("LAST")
    return Order(expression, descending, nulls_last)


def offset(stream: TokenStream) -> int:
    """The number of OFFSET, if it comes next; else 0."""
    if not stream.take_word("OFFSET"):
        return 0
    position = stream.current.position
    number = stream.expect_integer()
    if number > _MAXIMUM_OFFSET:
        raise located(
            "NUMBER_OUTSIDE_VALID_RANGE",
            stream.query,
            position,
            f"Maximum SOQL offset allowed is {_MAXIMUM_OFFSET}",
        )
    return number


def _trailer(stream: TokenStream) -> None:
    """Clauses at the end that do not change the result here."""
    if stream.current.is_word("ALL") and stream.following.is_word("ROWS"):
        raise malformed("ALL ROWS not allowed in this context")
    while stream.take_word("FOR"):
        stream.expect_word("VIEW", "REFERENCE", "UPDATE")
    if stream.take_word("UPDATE"):
        stream.expect_word("TRACKING", "VIEWSTAT")
        while stream.take_symbol(","):
            stream.expect_word("TRACKING", "VIEWSTAT")
