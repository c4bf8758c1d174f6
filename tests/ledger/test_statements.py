"""The statements are written once and fit both ways of naming parameters."""

from __future__ import annotations

import re

import pytest

from provisioner.ledger.base import Org
from provisioner.ledger.sql import hub_statements, schema, statements

WRITTEN = {
    name: text
    for name, text in {**vars(statements), **vars(hub_statements)}.items()
    if name.isupper() and isinstance(text, str)
}


def test_about_forty_statements_are_all_that_there_is() -> None:
    assert 10 <= len(WRITTEN) <= 50


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_statement_translates_to_the_form_of_psycopg(name: str) -> None:
    named = re.findall(r"(?<!:):(\w+)", WRITTEN[name])
    translated = statements.pyformat(WRITTEN[name])
    assert re.findall(r"%\((\w+)\)s", translated) == named
    assert ":" not in translated


def test_a_percent_sign_and_a_cast_stay_what_they_are() -> None:
    assert statements.pyformat("a LIKE '%x' AND b::text = :b_1") == (
        "a LIKE '%%x' AND b::text = %(b_1)s"
    )


def test_the_table_has_a_column_for_each_field_of_an_org() -> None:
    table = next(s for s in schema.MIGRATIONS[0] if s.startswith("CREATE TABLE org "))
    columns = re.findall(r"^\s+(\w+) ", table, re.MULTILINE)
    later = "\n".join(statement for step in schema.MIGRATIONS[1:] for statement in step)
    columns += re.findall(r"ALTER TABLE org ADD COLUMN (\w+)", later)
    renamed = dict(re.findall(r"ALTER TABLE org RENAME COLUMN (\w+) TO (\w+)", later))
    columns = [renamed.get(name, name) for name in columns]
    not_of_orgs = ["counted", "held_until"]  # see provisioner.ledger.hub_counts
    assert [name for name in columns if name not in not_of_orgs] == [
        "number",
        *Org.__dataclass_fields__,
    ]
    assert set(not_of_orgs) <= set(columns)
