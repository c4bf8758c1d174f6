"""Whatever text comes: an answer or Salesforce's own error. Whatever data: the naive answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.soql.evaluate import describe_columns, run
from provisioner.emulator.soql.lexer import tokenise
from provisioner.emulator.soql.names import Context
from provisioner.emulator.sosl.search import search
from tests.emulator.soql.conftest import SHOPS, shop_types

pytestmark = pytest.mark.slow

_WORDS = [
    "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "INCLUDES", "GROUP", "BY",
    "HAVING", "ORDER", "ASC", "DESC", "NULLS", "LAST", "LIMIT", "OFFSET", "FOR", "VIEW", "WITH",
    "USING", "SCOPE", "mine", "Shop__c", "Sale__c", "Sales__r", "Shop__r", "Owner", "Id", "Name",
    "Staff__c", "Wares__c", "Notes__c", "Since__c", "Open__c", "Amount__c", "count", "SUM",
    "FIELDS", "ALL", "CALENDAR_YEAR", "toLabel", "TODAY", "LAST_N_DAYS", "N_YEARS_AGO", "null",
    "true", "1", "-2", "3.5", "1e999", "9" * 60, "2026-11-24", "2026-13-45", "4000-01-01",
    "2026-11-24T00:00:00Z", "2026-11-24T", "'x'", "''", "'a%\\_'", "'\\u00e9'", "'\\x'", "'",
    "TYPEOF", "WHEN", "THEN", "ELSE", "END", "User", "ROLLUP", "CUBE", "GROUPING", "FORMAT", "MIN",
    "convertCurrency", "convertTimezone", "DAY_ONLY", "DISTANCE", "GEOLOCATION", "'mi'",
    "(", ")", ",", ".", ":", "=", "!=", "<", ">=", "*", ";", "\\", '"', "\u00e9", "\n", "s",
]  # fmt: skip
_QUERIES = st.one_of(
    st.lists(st.sampled_from(_WORDS), max_size=25).map(" ".join),
    st.lists(st.sampled_from(_WORDS), max_size=12).map(
        lambda words: "SELECT Id FROM Shop__c WHERE " + " ".join(words)
    ),
    st.lists(st.sampled_from(_WORDS), max_size=12).map(
        lambda words: "SELECT " + " ".join(words) + " FROM Sale__c"
    ),
    st.text(max_size=60),
)
_RELAXED = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@_RELAXED
@given(query=_QUERIES)
@example(query="SELECT Id FROM Shop__c WHERE Since__c = N_YEARS_AGO:2147483647")
@example(query="SELECT Id FROM Shop__c WHERE Staff__c = " + "9" * 5000)
@example(query="SELECT " + "count(" * 1000)
@example(query="SELECT Id" + ", (SELECT Id FROM Sales__r)" * 2 + " FROM Shop__c")
@example(query="SELECT Id FROM Shop__c s, s.Sales__r t")
def test_any_text_is_answered_or_refused_in_salesforces_words(
    org: EmulatedOrg, shops: dict[str, str], query: str
) -> None:
    context = Context(org.store, query, org.world.now(), user_id=org.admin_id)
    for ask in (run, describe_columns):
        with suppress(ApiError, NotEmulatedError):
            ask(context)


_SEARCH_WORDS = [
    *_WORDS, "FIND", "{", "}", "RETURNING", "NAME", "EMAIL", "Account", "LISTVIEW", "UPDATE",
    "SPELL_CORRECTION", "har*", "?", "*", "&", "|", "-", "+",
]  # fmt: skip
_STATEMENTS = st.one_of(
    st.lists(st.sampled_from(_SEARCH_WORDS), max_size=25).map(" ".join),
    st.lists(st.sampled_from(_SEARCH_WORDS), max_size=8).map(
        lambda words: "FIND {" + " ".join(words) + "} RETURNING Shop__c(Name)"
    ),
    st.lists(st.sampled_from(_SEARCH_WORDS), max_size=12).map(
        lambda words: "FIND {harbour} " + " ".join(words)
    ),
    st.text(max_size=60).map(lambda text: f"FIND {{{text}}}"),
)


@_RELAXED
@given(statement=_STATEMENTS)
@example(statement="FIND {" + "(" * 5000 + "ab")
@example(statement="FIND {" + "a*" * 2000 + "} RETURNING Shop__c")
@example(statement="FIND {ab} RETURNING " + ", ".join(["Shop__c"] * 500))
def test_any_search_is_answered_or_refused_in_salesforces_words(
    org: EmulatedOrg, shops: dict[str, str], statement: str
) -> None:
    context = Context(org.store, statement, org.world.now(), user_id=org.admin_id)
    with suppress(ApiError, NotEmulatedError):
        search(context)


@_RELAXED
@given(text=st.text())
def test_tokens_hold_the_text_of_the_query(text: str) -> None:
    with suppress(ApiError):
        for token in tokenise(text):
            assert text[token.position :].startswith(token.text)


# --- the evaluator against a model that goes through lists ---------------------------------

_FIELDS: dict[str, list[Any]] = {
    "Name": ["harbour", "Zenith", "nobody"],
    "Staff__c": [2, 5, 12, 3],
    "Rating__c": [3.25, 4.5],
    "Open__c": [True, False],
    "Kind__c": ["Small", "LARGE"],
}
_ORDER = {
    field.name: [value.upper() for value in field.picklist]
    for field in shop_types()[0].fields.values()
    if field.type == "picklist"
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """`name operator value`, in SOQL and over a row."""

    name: str
    operator: str
    value: Any

    @property
    def text(self) -> str:
        if self.value is None:
            literal = "null"
        else:
            is_text = isinstance(self.value, str)
            literal = f"'{self.value}'" if is_text else str(self.value).lower()
        return f"{self.name} {self.operator} {literal}"

    def holds(self, row: Row) -> bool:
        have = _of(row, self.name)
        if self.value is None:
            return have is None or have is False
        wanted = self.value.lower() if isinstance(self.value, str) else self.value
        if self.operator == ">":
            return have is not None and bool(have > wanted)
        return bool(have == wanted) is (self.operator == "=")


@dataclass(frozen=True)
class Combination:
    """Parts joined by AND or OR, or one part negated."""

    operator: str
    parts: tuple[Comparison | Combination, ...]

    @property
    def text(self) -> str:
        if self.operator == "NOT":
            return f"NOT ({self.parts[0].text})"
        return f" {self.operator} ".join(f"({part.text})" for part in self.parts)

    def holds(self, row: Row) -> bool:
        found = [part.holds(row) for part in self.parts]
        return {"AND": all(found), "OR": any(found), "NOT": not found[0]}[self.operator]


def _comparisons() -> Iterator[Comparison]:
    for name, values in _FIELDS.items():
        for value in values:
            yield Comparison(name, "=", value)
            yield Comparison(name, "!=", value)
            if not isinstance(value, bool):
                yield Comparison(name, ">", value)
        yield Comparison(name, "=", None)


def _of(row: Row, name: str) -> Any:
    value = row.get(name, False if name == "Open__c" else None)
    return value.lower() if isinstance(value, str) else value


_CONDITIONS: st.SearchStrategy[Comparison | Combination] = st.recursive(
    st.sampled_from(list(_comparisons())),
    lambda inner: st.one_of(
        st.builds(
            Combination,
            st.sampled_from(["AND", "OR"]),
            st.lists(inner, min_size=2, max_size=3).map(tuple),
        ),
        st.builds(Combination, st.just("NOT"), st.tuples(inner)),
    ),
    max_leaves=6,
)


@_RELAXED
@given(
    condition=_CONDITIONS,
    order=st.sampled_from(sorted(_FIELDS)),
    descending=st.booleans(),
    limit=st.integers(0, 5),
    offset=st.integers(0, 3),
)
def test_the_evaluator_agrees_with_a_naive_model(
    org: EmulatedOrg,
    shops: dict[str, str],
    condition: Comparison | Combination,
    order: str,
    descending: bool,
    limit: int,
    offset: int,
) -> None:
    text = condition.text
    rows: list[Row] = [{"Name": name, **values} for name, values in SHOPS.items()]
    matching = [row for row in rows if condition.holds(row)]
    empty = [row for row in matching if _of(row, order) is None]
    filled = [row for row in matching if _of(row, order) is not None]
    filled.sort(key=lambda row: _rank(row, order), reverse=descending)
    expected = [row["Name"] for row in (empty + filled)[offset : offset + limit]]

    query = (
        f"SELECT Name FROM Shop__c WHERE {text} ORDER BY {order} "
        f"{'DESC' if descending else 'ASC'} LIMIT {limit} OFFSET {offset}"
    )
    answer = run(Context(org.store, query, org.world.now()))
    assert [record["Name"] for record in answer.records] == expected
    counted = run(Context(org.store, f"SELECT COUNT() FROM Shop__c WHERE {text}", org.world.now()))
    assert counted.total_size == len(matching)


def _rank(row: Row, name: str) -> Any:
    value = _of(row, name)
    return _ORDER[name].index(value.upper()) if name in _ORDER else value
