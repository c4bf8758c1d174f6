"""/search and /parameterizedSearch: words found in several objects."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.emulator.data.conftest import Client

LONG = "long " * 2001


@pytest.fixture(scope="module")
def people(shared_client: Client) -> Client:
    """An org with accounts, contacts and a lead."""
    for kind, values in (
        ("Account", {"Name": "SampleAccount", "Phone": "(415) 555-0100", "Industry": "Banking"}),
        ("Account", {"Name": "SampleAccount2", "Website": "www.acme.example"}),
        ("Account", {"Name": "Acme & Sons", "Description": "sells rockets* to coyotes"}),
        ("Contact", {"FirstName": "Sample", "LastName": "Woods", "Email": "w@acme.example"}),
        ("Contact", {"FirstName": "Joe", "LastName": "Smith", "Title": "acme rocketeer"}),
        ("Contact", {"FirstName": "Joe", "LastName": "Smythe"}),
        ("Lead", {"LastName": "O'Brien", "Company": "Acme"}),
    ):
        reply = shared_client.call("POST", f"sobjects/{kind}", json=values)
        assert reply.status_code == 201
    return shared_client


def ask(client: Client, statement: str, **options: Any) -> requests.Response:
    return client.call("GET", "search", params={"q": statement}, **options)


def names(client: Client, statement: str) -> list[str]:
    reply = ask(client, statement)
    assert reply.status_code == 200, reply.text
    return [one["Name"] for one in reply.json()["searchRecords"]]


def found(client: Client, term: str, group: str = "ALL") -> list[str]:
    returning = "RETURNING Account(Name), Contact(Name), Lead(Name)"
    return names(client, f"FIND {{{term}}} IN {group} FIELDS {returning}")


def test_what_the_cli_gets(people: Client) -> None:
    """`sf data search`, as plugin-data tests it."""
    returning = "RETURNING Account(Name,Phone), Contact(FirstName,LastName)"
    records = ask(people, f"FIND {{Sample}} IN ALL FIELDS {returning}").json()["searchRecords"]
    accounts = [one for one in records if one["attributes"]["type"] == "Account"]
    assert [list(one) for one in accounts] == [["attributes", "Name", "Phone"]] * 2
    assert records[2] == {
        "attributes": {"type": "Contact", "url": records[2]["attributes"]["url"]},
        "FirstName": "Sample",
        "LastName": "Woods",
    }
    nothing = ask(people, f"FIND {{Jones}} IN ALL FIELDS {returning}")
    assert nothing.json() == {"searchRecords": []}


def test_without_returning_all_objects_answer_with_ids(people: Client) -> None:
    records = ask(people, "FIND {acme}").json()["searchRecords"]
    assert sorted(one["attributes"]["type"] for one in records) == [
        "Account", "Account", "Contact", "Contact", "Lead", "User",
    ]  # fmt: skip
    assert {tuple(one) for one in records} == {("attributes", "Id")}
    assert records[0]["attributes"]["url"].endswith(records[0]["Id"])
    plain = ask(people, "find {acme} returning Account").json()["searchRecords"]
    assert [list(one) for one in plain] == [["attributes", "Id"]] * 2


S1, S2, ACME, WOODS, SMITH, SMYTHE, BRIEN = (
    "SampleAccount", "SampleAccount2", "Acme & Sons", "Sample Woods", "Joe Smith", "Joe Smythe",
    "O'Brien",
)  # fmt: skip


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("sampleaccount", [S1]),
        ("SampleAccount", [S1, S2]),
        ("ACCOUNT", [S1, S2]),
        ("account2", [S2]),
        ("samp", []),
        ("samp*", [S1, S2, WOODS]),
        ("sm?th", [SMITH]),
        ("Sm?th*", [SMITH, SMYTHE]),
        ("*oods", []),
        ("joe smith", [SMITH]),
        ("smith joe", [SMITH]),
        ('"smith joe"', []),
        ('"Joe Smith" OR "Joe Smythe"', [SMITH, SMYTHE]),
        ("joe AND NOT smith", [SMYTHE]),
        ("joe and not (smith or smythe)", []),
        ("woods OR joe AND smythe", [WOODS, SMYTHE]),
        ("(woods OR joe) AND smythe", [SMYTHE]),
        ('"and"', []),
        ("acme rocketeer", [SMITH]),
        ("w@acme.example", [WOODS]),
        (r"O\'Brien", [BRIEN]),
        ("brien", [BRIEN]),
        (r"Acme \& Sons", [ACME]),
        (r"rockets\*", [ACME]),
        ("415", [S1]),
        ("banking", []),
        ('"joe }smith"', [SMITH]),
        (LONG, []),
    ],
)
def test_terms(people: Client, term: str, expected: list[str]) -> None:
    assert found(people, term) == expected


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("NAME", [S2, ACME, BRIEN]),
        ("name", [S2, ACME, BRIEN]),
        ("EMAIL", [WOODS]),
        ("PHONE", []),
        ("ALL", [S2, ACME, WOODS, SMITH, BRIEN]),
    ],
)
def test_groups_of_fields(people: Client, group: str, expected: list[str]) -> None:
    assert found(people, "acme", group) == expected


def test_of_some_objects_all_fields_are_searched(people: Client) -> None:
    values = {"Name": "Rocket", "Description": "a dynamite product"}
    assert people.call("POST", "sobjects/Product2", json=values).status_code == 201
    assert names(people, "FIND {dynamite} IN NAME FIELDS RETURNING Product2(Name)") == ["Rocket"]


def test_conditions_order_and_limits(people: Client) -> None:
    start = "FIND {sample* OR joe OR acme}"
    assert names(
        people,
        f"{start} RETURNING Contact(Name WHERE LastName LIKE 'Sm%' ORDER BY LastName DESC), "
        "Account(Name ORDER BY Name LIMIT 1 OFFSET 1)",
    ) == [SMYTHE, SMITH, S1]
    both = "RETURNING Account(Name), Contact(Name)"
    assert names(people, f"{start} {both} LIMIT 2") == [S1, S2]
    assert names(people, f"{start} {both} WITH SPELL_CORRECTION = false UPDATE VIEWSTAT")
    record = ask(people, f"{start} RETURNING Lead(toLabel(Status), Owner.Name)").json()
    assert record["searchRecords"][0]["Owner"]["Name"] == "User User"


@pytest.mark.parametrize(
    ("statement", "code", "message"),
    [
        ("FIND {name} IN ALL TYPE RETURNING Account(name)", "MALFORMED_SEARCH",
         "\nFIND {name} IN ALL TYPE RETURNING Account(name)\n                  ^\n"
         "ERROR at Row:1:Column:19\nMalformed search token: TYPE"),
        ("FIND {John|jane_gray@uoa.edu} RETURNING Contact", "MALFORMED_SEARCH",
         "\nFIND {John|jane_gray@uoa.edu} RETURNING Contact\n         ^\n"
         "ERROR at Row:1:Column:10\nline 1:10 mismatched character '|' expecting '}'"),
        ("FIND 'Jones' IN ALL FIELDS", "MALFORMED_SEARCH",
         "No search term found. The search term must be enclosed in braces."),
        ("\"FIND 'Jones' IN ALL FIELDS\"", "MALFORMED_SEARCH",
         "No search term found. The search term must be enclosed in braces."),
        ("", "MALFORMED_SEARCH",
         "No search term found. The search term must be enclosed in braces."),
        ("FIND {a}", "INVALID_SEARCH", "search term must be longer than one character: a"),
        ("FIND {}", "INVALID_SEARCH", "search term must be longer than one character: "),
        ("FIND {a*}", "INVALID_SEARCH", "search term must be longer than one character: a*"),
        ("FIND {and}", "INVALID_SEARCH", "search term must be longer than one character: and"),
        ("FIND {acme OR}", "MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
        ("FIND {acme NOT joe}", "MALFORMED_SEARCH", "unexpected token: 'NOT'"),
        ("FIND {(acme}", "MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
        ("FIND {acme)}", "MALFORMED_SEARCH", "unexpected token: ')'"),
    ],
)  # fmt: skip
def test_refused_statements(people: Client, statement: str, code: str, message: str) -> None:
    reply = ask(people, statement)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)
    assert reply.json()[0]["message"] == message


@pytest.mark.parametrize(
    ("ending", "code", "message"),
    [
        ("IN NAME", "MALFORMED_SEARCH", "Malformed search token: <EOF>"),
        ("RETURNING", "MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
        ("RETURNING Account()", "MALFORMED_SEARCH", "unexpected token: ')'"),
        ("RETURNING Account(Name", "MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
        ("RETURNING Account(Name) Contact", "MALFORMED_SEARCH", "unexpected token: 'Contact'"),
        ("RETURNING Account(Nope)", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'"),
        ("RETURNING Nope__c", "INVALID_TYPE", "sObject type 'Nope__c' is not supported"),
        ("RETURNING AccountContactRole", "MALFORMED_SEARCH", "does not support search"),
        ("RETURNING Account(COUNT(Id))", "MALFORMED_SEARCH", "aggregate"),
        ("RETURNING Account((SELECT Id FROM Contacts))", "MALFORMED_SEARCH", "unexpected token"),
        ("RETURNING Account(Name WHERE Name = 5)", "INVALID_FIELD", "must be of type string"),
        ("RETURNING Account(Name LIMIT x)", "MALFORMED_SEARCH", "unexpected token: 'x'"),
        ("LIMIT -1", "MALFORMED_SEARCH", "unexpected token"),
    ],
)
def test_refused_clauses(people: Client, ending: str, code: str, message: str) -> None:
    [error] = ask(people, f"FIND {{acme}} {ending}").json()
    assert error["errorCode"] == code
    assert message in error["message"]


@pytest.mark.parametrize(
    "ending", ["IN SIDEBAR FIELDS", "WITH DIVISION = 'x'", "RETURNING Account(Id USING ListView=x)"]
)
def test_what_is_not_emulated_is_said(people: Client, ending: str) -> None:
    assert ask(people, f"FIND {{acme}} {ending}").status_code == 501


def test_old_versions_answer_the_list_alone(people: Client) -> None:
    path = "/services/data/v36.0/search"
    records = people.call("GET", path, params={"q": "FIND {woods}"}).json()
    assert [one["attributes"]["type"] for one in records] == ["Contact"]
    assert people.call("GET", "search").json()[0]["errorCode"] == "MALFORMED_SEARCH"


def test_describes_say_what_is_searchable(people: Client) -> None:
    for name, expected in (("Account", True), ("AccountContactRole", False), ("Event", True)):
        assert people.get(f"sobjects/{name}/describe")["searchable"] is expected


def post(client: Client, **body: Any) -> requests.Response:
    return client.call("POST", "parameterizedSearch", json=body)


def test_parameters_in_the_uri(people: Client) -> None:
    def get(**params: Any) -> list[dict[str, Any]]:
        reply = people.call("GET", "parameterizedSearch", params=params)
        assert reply.status_code == 200, reply.text
        records: list[dict[str, Any]] = reply.json()["searchRecords"]
        return records

    assert len(get(q="acme")) == 6
    one = get(q="Acme", sobject="Account", **{"Account.fields": "id,name", "Account.limit": "1"})
    assert [list(record) for record in one] == [["attributes", "Id", "Name"]]
    several = get(q="acme", sobject=["Lead", "Contact"], fields="Name", defaultLimit="1")
    assert [record["Name"] for record in several] == [BRIEN, WOODS]
    where = {"Contact.where": "FirstName = 'Joe'"}
    assert len(get(q="acme", sobject="Contact", **where)) == 1
    assert len(get(q="w acme", **{"in": "EMAIL"})) == 1
    assert len(get(q="acme", overallLimit="2")) == 2


def test_parameters_in_the_body(people: Client) -> None:
    reply = post(
        people,
        q="sample acme",
        fields=["Name"],
        sobjects=[{"name": "Contact"}, {"name": "Account", "fields": ["Id"], "limit": 1}],
    )
    assert [list(one) for one in reply.json()["searchRecords"]] == [
        ["attributes", "Name"], ["attributes", "Id"],
    ]  # fmt: skip
    ordered = post(
        people, q="joe", sobjects=[{"name": "Contact", "fields": ["Name"], "orderBy": "Name desc"}]
    )
    assert [one["Name"] for one in ordered.json()["searchRecords"]] == [SMYTHE, SMITH]
    odd = post(people, q='Acme & "Sons {}', sobjects=["Account"], **{"in": "NAME"})
    assert len(odd.json()["searchRecords"]) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "MALFORMED_SEARCH"),
        ({"q": 5}, "MALFORMED_SEARCH"),
        ({"q": " "}, "MALFORMED_SEARCH"),
        ({"q": "a"}, "INVALID_SEARCH"),
        ({"q": "acme", "in": "SOME"}, "MALFORMED_SEARCH"),
        ({"q": "acme", "fields": "Name", "sobjects": ["Account"]}, "INVALID_SEARCH"),
        ({"q": "acme", "sobjects": {"name": "Account"}}, "INVALID_SEARCH"),
        ({"q": "acme", "sobjects": [{}]}, "INVALID_SEARCH"),
        ({"q": "acme", "sobjects": [{"name": "Account", "limit": "x"}]}, "INVALID_SEARCH"),
        ({"q": "acme", "overallLimit": 2001}, "INVALID_SEARCH"),
        ({"q": "acme", "defaultLimit": True}, "INVALID_SEARCH"),
        ({"q": "acme", "sobjects": [{"name": "Nope__c"}]}, "INVALID_TYPE"),
        ({"q": "acme", "sobjects": [{"name": "Account", "where": "x"}]}, "MALFORMED_SEARCH"),
    ],
)
def test_refused_parameters(people: Client, body: dict[str, Any], code: str) -> None:
    reply = post(people, **body)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)


def test_the_body_and_the_version(people: Client) -> None:
    assert people.call("POST", "parameterizedSearch", json=["x"]).status_code == 400
    old = "/services/data/v35.0/parameterizedSearch"
    assert people.call("GET", old, params={"q": "acme"}).status_code == 404
    assert post(people, q="acme", metadata="LABELS").status_code == 501
