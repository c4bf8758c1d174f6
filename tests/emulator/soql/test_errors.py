"""What Salesforce says of a query that it does not take: code, words, row and column."""

from __future__ import annotations

import pytest

from provisioner.emulator.errors import ApiError, NotEmulatedError
from tests.emulator.soql.conftest import Ask

WSDL = "Please reference your WSDL or the describe call for the appropriate names."
NO_FIELD = (
    "If you are attempting to use a custom field, be sure to append the '__c' after the custom "
    f"field name. {WSDL}"
)
NO_RELATIONSHIP = (
    "If you are attempting to use a custom relationship, be sure to append the '__r' after the "
    f"custom relationship name. {WSDL}"
)
NO_TYPE = (
    "If you are attempting to use a custom object, be sure to append the '__c' after the entity "
    f"name. {WSDL}"
)


def refusal(ask: Ask, query: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        ask(query)
    assert caught.value.status == 400
    return caught.value


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        (
            "SELECT Id, Nope FROM Shop__c",
            "INVALID_FIELD",
            "\nSELECT Id, Nope FROM Shop__c\n           ^\nERROR at Row:1:Column:12\n"
            f"No such column 'Nope' on entity 'Shop__c'. {NO_FIELD}",
        ),
        (
            "SELECT Id FROM Shop__c WHERE\n  Owner.Nope = 'x'",
            "INVALID_FIELD",
            "\n  Owner.Nope = 'x'\n  ^\nERROR at Row:2:Column:3\n"
            f"No such column 'Nope' on entity 'Name'. {NO_FIELD}",
        ),
        (
            "SELECT Name, Shop__r.CreatedBy.Nope FROM Sale__c",
            "INVALID_FIELD",
            "\nSELECT Name, Shop__r.CreatedBy.Nope FROM Sale__c\n             ^\n"
            f"ERROR at Row:1:Column:14\nNo such column 'Nope' on entity 'User'. {NO_FIELD}",
        ),
        (
            "SELECT Shop.Name FROM Sale__c",
            "INVALID_FIELD",
            "\nSELECT Shop.Name FROM Sale__c\n       ^\nERROR at Row:1:Column:8\n"
            f"Didn't understand relationship 'Shop' in field path. {NO_RELATIONSHIP}",
        ),
        (
            "SELECT Id, (SELECT Id FROM Wares__r) FROM Shop__c",
            "INVALID_TYPE",
            "\nSELECT Id, (SELECT Id FROM Wares__r) FROM Shop__c\n                           ^\n"
            "ERROR at Row:1:Column:28\nDidn't understand relationship 'Wares__r' in FROM part of "
            f"query call. {NO_RELATIONSHIP}",
        ),
        (
            "SELECT Id FROM Market__c",
            "INVALID_TYPE",
            "\nSELECT Id FROM Market__c\n               ^\nERROR at Row:1:Column:16\n"
            f"sObject type 'Market__c' is not supported. {NO_TYPE}",
        ),
        (
            "SELECT Id FROM Shop__c WHERE Notes__c = 'x'",
            "INVALID_FIELD",
            "\nSELECT Id FROM Shop__c WHERE Notes__c = 'x'\n                             ^\n"
            "ERROR at Row:1:Column:30\nfield 'Notes__c' can not be filtered in a query call",
        ),
        (
            "SELECT Id, FROM Shop__c",
            "MALFORMED_QUERY",
            "\nSELECT Id, FROM Shop__c\n          ^\nERROR at Row:1:Column:11\n"
            "unexpected token: 'FROM'",
        ),
        (
            "SELECT Id FROM Shop__c WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
            "MALFORMED_QUERY",
            "\nWHERE Name = 'a' AND Name = 'b' OR Name = 'c'\n                               ^\n"
            "ERROR at Row:1:Column:55\nunexpected token: 'OR'",
        ),
        ("SELECT FROM Shop__c", "MALFORMED_QUERY", "unexpected token: 'SELECT FROM'"),
        ("SELECT Id FROM Shop__c WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("", "MALFORMED_QUERY", "SOQL statements cannot be empty or null"),
        ("DELETE FROM Shop__c", "MALFORMED_QUERY", "unexpected token: 'DELETE'"),
        (
            "SELECT Id FROM $casecomment",
            "MALFORMED_QUERY",
            "line 1:15 unexpected token: '$'",
        ),
        (
            "SELECT Id FROM Shop__c WHERE Name = 'open",
            "MALFORMED_QUERY",
            "line 1:36 mismatched character '<EOF>' expecting '''",
        ),
        (
            r"SELECT Id FROM Shop__c WHERE Name = 'a\d'",
            "MALFORMED_QUERY",
            r"Invalid string literal 'a\d'. Illegal character sequence '\d' in string literal.",
        ),
        (
            "SELECT Id FROM Shop__c WHERE CreatedDate > 2020-52-12t12:12:00-05:00",
            "MALFORMED_QUERY",
            "Invalid datetime: 2020-52-12t12:12:00-05:00",
        ),
        (
            "SELECT Id FROM Shop__c WHERE Id = 'abc'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "\nSELECT Id FROM Shop__c WHERE Id = 'abc'\n                             ^\n"
            "ERROR at Row:1:Column:30\ninvalid ID field: abc",
        ),
        (
            "SELECT Id FROM Shop__c USING everything",
            "MALFORMED_QUERY",
            "\nSELECT Id FROM Shop__c USING everything\n                            ^\n"
            "ERROR at Row:1:Column:29\nunexpected token: 'everything'",
        ),
        (
            "SELECT Id FROM Shop__c OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "\nSELECT Id FROM Shop__c OFFSET 2001\n                              ^\n"
            "ERROR at Row:1:Column:31\nMaximum SOQL offset allowed is 2000",
        ),
    ],
)
def test_a_refusal_in_full(ask: Ask, query: str, code: str, message: str) -> None:
    error = refusal(ask, query)
    assert (error.code, error.message) == (code, message)


@pytest.mark.parametrize(
    ("query", "code", "ending"),
    [
        ("SELECT Id FROM Shop__c WHERE Name IN ()", "MALFORMED_QUERY",
         "unexpected token: 'Name IN ()'"),
        ("SELECT Id FROM Shop__c WHERE Name LIKE null", "MALFORMED_QUERY",
         "unexpected token: 'null'"),
        ("SELECT Id FROM Shop__c WHERE Name = Code__c", "MALFORMED_QUERY",
         "Bind variables only allowed in Apex code"),
        ("SELECT Id FROM Shop__c WHERE Name IN :names", "MALFORMED_QUERY",
         "Bind variables only allowed in Apex code"),
        ("SELECT Id FROM Shop__c WHERE NOT Name = 'a' AND Name = 'b'", "MALFORMED_QUERY",
         "unexpected token: 'AND'"),
        ("SELECT Id FROM Shop__c WHERE Name = 'b' AND NOT Name = 'a'", "MALFORMED_QUERY",
         "unexpected token: 'NOT'"),
        ("SELECT Id FROM Shop__c WHERE Name IS NULL", "MALFORMED_QUERY",
         "unexpected token: 'IS'"),
        ("SELECT * FROM Shop__c", "MALFORMED_QUERY", "line 1:7 unexpected token: '*'"),
        ("SELECT Id FROM Shop__c;", "MALFORMED_QUERY", "line 1:22 unexpected token: ';'"),
        ("SELECT Id FROM Shop__c LIMIT -1", "MALFORMED_QUERY", "unexpected token: '-1'"),
        ("SELECT Id FROM Shop__c LIMIT 99999999999", "MALFORMED_QUERY",
         "numeric value out of range: 99999999999"),
        ("SELECT Id FROM Shop__c LIMIT 1 WHERE Name = 'a'", "MALFORMED_QUERY",
         "unexpected token: 'WHERE'"),
        ("SELECT Id FROM Shop__c ALL ROWS", "MALFORMED_QUERY",
         "ALL ROWS not allowed in this context"),
        ("SELECT Name n FROM Shop__c", "MALFORMED_QUERY",
         "only aggregate expressions use field aliasing"),
        ("SELECT Id, name, NAME FROM Shop__c", "INVALID_FIELD", "duplicate field selected: Name"),
        ("SELECT Id, FIELDS(ALL) FROM Shop__c LIMIT 200", "INVALID_FIELD",
         "duplicate field selected: Id"),
        ("SELECT FIELDS(ALL) FROM Shop__c", "MALFORMED_QUERY",
         "The SOQL FIELDS function must have a LIMIT of at most 200"),
        ("SELECT FIELDS(CUSTOM) FROM Shop__c LIMIT 201", "MALFORMED_QUERY",
         "The SOQL FIELDS function must have a LIMIT of at most 200"),
        ("SELECT FIELDS(CUSTOM) FROM Profile LIMIT 1", "MALFORMED_QUERY",
         "'FIELDS(...)' expansion function must result in at least one field being selected."),
        ("SELECT Id FROM Shop__c WHERE Since__c = '2026-01-01'", "INVALID_FIELD",
         "value of filter criterion for field 'Since__c' must be of type date and should not be "
         "enclosed in quotes"),
        ("SELECT Id FROM Shop__c WHERE CreatedDate > 2026-01-01", "INVALID_FIELD",
         "value of filter criterion for field 'CreatedDate' must be of type dateTime and should "
         "not be enclosed in quotes"),
        ("SELECT Id FROM Shop__c WHERE Since__c = 2026-01-01T00:00:00Z", "INVALID_FIELD",
         "must be of type date and should not be enclosed in quotes"),
        ("SELECT Id FROM Shop__c WHERE Staff__c = '3'", "INVALID_FIELD",
         "must be of type int and should not be enclosed in quotes"),
        ("SELECT Id FROM Shop__c WHERE Staff__c = 3.5", "INVALID_FIELD",
         "must be of type int and should not be enclosed in quotes"),
        ("SELECT Id FROM Sale__c WHERE Amount__c = '3'", "INVALID_FIELD",
         "must be of type double and should not be enclosed in quotes"),
        ("SELECT Id FROM Shop__c WHERE Open__c = 'true'", "INVALID_FIELD",
         "must be of type boolean and should not be enclosed in quotes"),
        ("SELECT Id FROM Shop__c WHERE Name = 5", "INVALID_FIELD",
         "value of filter criterion for field 'Name' must be of type string and should be "
         "enclosed in quotes"),
        ("SELECT Id FROM Shop__c WHERE Id LIKE 'a01%'", "INVALID_QUERY_FILTER_OPERATOR",
         "invalid operator on id field"),
        ("SELECT Id FROM Shop__c WHERE Open__c > false", "INVALID_QUERY_FILTER_OPERATOR",
         "invalid operator on boolean field"),
        ("SELECT Id FROM Shop__c WHERE Name INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR",
         "invalid operator on string field"),
        ("SELECT Id FROM Shop__c ORDER BY Notes__c", "INVALID_FIELD",
         "field 'Notes__c' can not be sorted in a query call"),
        ("SELECT Id FROM Shop__c ORDER BY Wares__c", "INVALID_FIELD",
         "field 'Wares__c' can not be sorted in a query call"),
        ("SELECT Name, COUNT(Id) FROM Shop__c", "MALFORMED_QUERY",
         "Field must be grouped or aggregated: Name"),
        ("SELECT Id, COUNT(Id) FROM Shop__c GROUP BY Name", "MALFORMED_QUERY",
         "Field must be grouped or aggregated: Id"),
        ("SELECT Name FROM Shop__c GROUP BY Name ORDER BY Id", "MALFORMED_QUERY",
         "Ordered field must be grouped or aggregated: Id"),
        ("SELECT COUNT() FROM Shop__c ORDER BY Name", "MALFORMED_QUERY",
         "Ordered field must be grouped or aggregated: Name"),
        ("SELECT MAX(Staff__c) FROM Shop__c LIMIT 1", "MALFORMED_QUERY",
         "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"),
        ("SELECT SUM(Name) FROM Shop__c", "MALFORMED_QUERY",
         "field Name does not support aggregate operator SUM"),
        ("SELECT CreatedDate FROM Shop__c GROUP BY CreatedDate", "INVALID_FIELD",
         "field 'CreatedDate' can not be grouped in a query call"),
        ("SELECT Formula__c FROM Shop__c GROUP BY Formula__c", "INVALID_FIELD",
         "field 'Formula__c' can not be grouped in a query call"),
        ("SELECT COUNT(Id) a, MAX(Name) A FROM Shop__c", "MALFORMED_QUERY",
         "duplicate alias: A"),
        ("SELECT Id, (SELECT COUNT(Id) FROM Sales__r) FROM Shop__c", "MALFORMED_QUERY",
         "Only root queries support aggregate expressions"),
        ("SELECT Id FROM Shop__c WHERE Name IN (SELECT Shop__c FROM Sale__c)", "MALFORMED_QUERY",
         "The left operand field in the where expression for outer query should be an id field, "
         "cannot use: 'Name'"),
        ("SELECT Id FROM Shop__c WHERE Id IN (SELECT Id FROM Sale__c)", "MALFORMED_QUERY",
         "The selected field 'Id' in the subquery and the left operand field in the where "
         "expression in the outer query 'Id' should point to the same object type"),
        ("SELECT Id FROM Shop__c WHERE Id IN (SELECT Id FROM Shop__c)", "MALFORMED_QUERY",
         "The inner and outer selects should not be on the same object type"),
        ("SELECT Id FROM Shop__c WHERE Name = 'a' OR Id IN (SELECT Shop__c FROM Sale__c)",
         "MALFORMED_QUERY", "Semi join sub-selects are not allowed with the 'OR' operator"),
        ("SELECT Id FROM Shop__c WHERE Id IN (SELECT Shop__c FROM Sale__c WHERE CreatedById IN "
         "(SELECT Id FROM User))", "MALFORMED_QUERY",
         "Nesting of semi join sub-selects is not supported"),
        ("SELECT Id FROM Shop__c WHERE Id IN (SELECT Shop__c FROM Sale__c LIMIT 1)",
         "MALFORMED_QUERY", "unexpected token: 'LIMIT'"),
    ],
)  # fmt: skip
def test_a_refusal_by_its_end(ask: Ask, query: str, code: str, ending: str) -> None:
    error = refusal(ask, query)
    assert error.code == code
    assert error.message.endswith(ending)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("SELECT Id FROM Shop__c WITH DATA CATEGORY G__c AT a__c", "SOQL WITH DATA"),
        ("SELECT Id FROM Shop__c USING SCOPE team", "SOQL USING SCOPE team"),
    ],
)
def test_what_is_not_known_here_is_said_by_name(ask: Ask, query: str, name: str) -> None:
    with pytest.raises(NotEmulatedError) as caught:
        ask(query)
    assert str(caught.value) == name


@pytest.mark.parametrize("word", ["SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"])
def test_access_modes_belong_to_apex(ask: Ask, word: str) -> None:
    error = refusal(ask, f"SELECT Id FROM Shop__c WITH {word}")
    assert error.code == "MALFORMED_QUERY"
    assert "failed predicate" in error.message


def test_the_quotation_is_thirty_characters_to_both_sides_and_cuts_no_word(ask: Ask) -> None:
    fields = "SystemModstamp,CreatedById,Id,TPI_Product__c,Name,OwnerId,Formula__c,Staff__c"
    error = refusal(ask, f"SELECT Open__c,{fields} FROM Shop__c")
    quoted = "SystemModstamp,CreatedById,Id,TPI_Product__c,Name,OwnerId,Formula__c"
    caret = " " * quoted.index("TPI")
    assert error.message.startswith(f"\n{quoted}\n{caret}^\nERROR at Row:1:Column:46\n")


def test_deep_nesting_is_refused_and_not_a_crash(ask: Ask) -> None:
    error = refusal(ask, "SELECT Id FROM Shop__c WHERE " + "(" * 5000 + "Id = null")
    assert error.code == "MALFORMED_QUERY"
