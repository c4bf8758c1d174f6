"""Values become SOQL in one place, and queries fit into a URL."""

from __future__ import annotations

import subprocess
import sys
from urllib.parse import quote_plus

from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce.format import quote_soql_value

from provisioner.salesforce.soql import LONGEST_URL, equals, literal, one_of, portions, select


def test_a_value_cannot_leave_its_quotes() -> None:
    hostile = "x' OR Name != '\\"
    assert equals("Username", hostile) == r"Username = 'x\' OR Name != \'\\'"
    assert one_of("Id", ["a", "b'"]) == r"Id IN ('a','b\'')"


@given(st.text(alphabet=st.characters(max_codepoint=0x2FF), max_size=40))
def test_a_value_is_quoted_as_simple_salesforce_quotes_it(value: str) -> None:
    assert literal(value) == quote_soql_value(value)


def test_ids_and_usernames_are_quoted_without_simple_salesforce() -> None:
    code = (
        "import sys; from provisioner.salesforce.soql import literal; "
        "literal('2SR000000000001AAA'), literal('morning-7f3k@acme.example'), literal('ns__Name'); "
        "print('simple_salesforce' in sys.modules); literal(\"O'Neil\"); "
        "print('simple_salesforce' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_a_query_names_what_it_wants() -> None:
    assert select("Id", "User", limit=1) == "SELECT Id FROM User LIMIT 1"
    assert select("Id, Name", "User", "A = 1", "B = 2") == (
        "SELECT Id, Name FROM User WHERE A = 1 OR B = 2"
    )


@given(st.lists(st.text(min_size=1, max_size=80), max_size=60))
def test_portions_hold_every_value_once_in_order(values: list[str]) -> None:
    made = list(portions(values, longest=400))
    assert [value for portion in made for value in portion] == values
    assert all(portion for portion in made)


def test_four_hundred_ids_are_one_portion_and_each_fits_into_a_url() -> None:
    ids = [f"2SR{number:015d}" for number in range(1000)]
    made = list(portions(ids))
    assert len(made[0]) >= 350
    assert all(len(quote_plus(one_of("Id", portion))) < LONGEST_URL for portion in made)
