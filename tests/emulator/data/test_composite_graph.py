"""composite/graph: graphs of records, each of which is saved as a whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.data.conftest import Client

BASE = "/services/data/v68.0"
HALTED = {
    "body": [
        {
            "errorCode": "PROCESSING_HALTED",
            "message": "The transaction was rolled back since another operation in the same "
            "transaction failed.",
        }
    ],
    "httpHeaders": {},
    "httpStatusCode": 400,
}


def node(reference: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    found = {"referenceId": reference, "method": method, "url": f"{BASE}/{path}"}
    return found if body is None else found | {"body": body}


def account(reference: str, **values: Any) -> dict[str, Any]:
    return node(reference, "POST", "sobjects/Account", {"Name": reference, **values})


def contact(reference: str, parent: str) -> dict[str, Any]:
    values = {"LastName": reference, "AccountId": f"@{{{parent}.id}}"}
    return node(reference, "POST", "sobjects/Contact/", values)


def graph(name: str, *nodes: Any) -> dict[str, Any]:
    return {"graphId": name, "compositeRequest": list(nodes)}


def send(client: Client, *graphs: Any) -> list[dict[str, Any]]:
    reply = client.call("POST", "composite/graph", json={"graphs": list(graphs)})
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["graphs"]
    return found


def parts(result: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = result["graphResponse"]["compositeResponse"]
    return found


def test_graphs_save_records_that_refer_to_each_other(client: Client) -> None:
    first, second = send(
        client,
        graph("1", account("a"), contact("b", "a"), contact("c", "a")),
        graph("other one", account("a"), node("again", "GET", "sobjects/Account/@{a.id}")),
    )
    assert list(first) == ["graphId", "graphResponse", "isSuccessful"]
    assert (first["graphId"], first["isSuccessful"]) == ("1", True)
    saved = parts(first)
    assert [one["referenceId"] for one in saved] == ["a", "b", "c"]
    assert {one["httpStatusCode"] for one in saved} == {201}
    record_id = saved[0]["body"]["id"]
    assert saved[0]["httpHeaders"] == {"Location": f"{BASE}/sobjects/Account/{record_id}"}
    assert saved[0]["body"] == {"id": record_id, "success": True, "errors": []}
    assert client.count(f"Contact WHERE AccountId = '{record_id}'") == 2
    assert parts(second)[1]["body"]["Name"] == "a"


def test_a_failed_node_undoes_its_graph_alone(client: Client) -> None:
    bad, good = send(
        client,
        graph("bad", account("a"), contact("b", "a"), account("no", Nope="1"), account("d")),
        graph("good", account("e")),
    )
    assert (bad["isSuccessful"], good["isSuccessful"]) == (False, True)
    refused = parts(bad)
    assert [one["referenceId"] for one in refused] == ["a", "b", "no", "d"]
    for one in (refused[0], refused[1], refused[3]):
        assert one == HALTED | {"referenceId": one["referenceId"]}
    assert refused[2]["body"][0]["errorCode"] == "INVALID_FIELD"
    assert [one["Name"] for one in client.query("SELECT Name FROM Account")] == ["e"]
    assert client.count("Contact") == 0


def test_records_are_changed_upserted_and_deleted(client: Client) -> None:
    [made] = send(client, graph("1", account("a", Ext__c="x"), account("b")))
    first, second = (one["body"]["id"] for one in parts(made))
    [result] = send(
        client,
        graph(
            "2",
            node("change", "PATCH", f"sobjects/Account/{first}", {"Name": "new"}),
            node("upsert", "PATCH", "sobjects/Account/Ext__c/y", {"Name": "y"}),
            node("find", "GET", "sobjects/Account/Ext__c/x"),
            node("gone", "DELETE", f"sobjects/Account/{second}"),
        ),
    )
    assert [one["httpStatusCode"] for one in parts(result)] == [204, 201, 200, 204]
    names = client.query("SELECT Name FROM Account ORDER BY Name")
    assert [one["Name"] for one in names] == ["new", "y"]


def test_a_graph_refers_to_its_own_nodes_only(client: Client) -> None:
    _, second = send(client, graph("1", account("a")), graph("2", contact("b", "a")))
    assert not second["isSuccessful"]
    assert parts(second)[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "query?q=SELECT+Id+FROM+Account"),
        ("GET", "sobjects/Account"),
        ("PUT", "sobjects/Account/001000000000001AAA"),
        ("POST", "composite/tree/Account"),
        ("GET", "sobjects/Account/001000000000001AAA/Owner/Manager"),
        ("GET", "tooling/sobjects/ApexClass/01p000000000001AAA"),
    ],
)
def test_other_resources_fail_their_graph(client: Client, method: str, path: str) -> None:
    [result] = send(client, graph("1", node("a", method, path)))
    assert not result["isSuccessful"]
    assert "is not supported by composite graph" in parts(result)[0]["body"][0]["message"]


def test_setup_objects_do_not_mix_with_others(client: Client) -> None:
    [result] = send(
        client,
        graph(
            "1",
            account("a"),
            node("p", "POST", "sobjects/PermissionSet", {"Name": "P", "Label": "P"}),
        ),
    )
    assert parts(result)[1]["body"][0]["errorCode"] == "MIXED_DML_OPERATION"
    assert client.count("Account") == 0


def test_after_fifteen_failures_the_rest_is_not_run(client: Client) -> None:
    bad = [graph(f"g{number}", account("a", Nope=1)) for number in range(15)]
    results = send(client, *bad, graph("last", account("z")))
    assert parts(results[14])[0]["body"][0]["errorCode"] == "INVALID_FIELD"
    assert parts(results[15])[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert client.count("Account") == 0
    results = send(client, *bad[:14], graph("last", account("z")))
    assert results[14]["isSuccessful"]


def chain(length: int) -> dict[str, Any]:
    below = [account(f"n{n}", ParentId=f"@{{n{n - 1}.id}}") for n in range(1, length)]
    return graph("1", account("n0"), *below)


def kinds(count: int) -> dict[str, Any]:
    """Nodes of so many different kinds, as the versions differ."""
    nodes = []
    for number in range(count):
        one = account(f"n{number}")
        nodes.append({**one, "url": f"/services/data/v{50 + number}.0/sobjects/Account"})
    return graph("1", *nodes)


@pytest.mark.parametrize(
    ("graphs", "code", "text"),
    [
        ([graph(f"g{n}", account("a")) for n in range(76)], "LIMIT_EXCEEDED", "75 graphs"),
        ([graph("1", *(account(f"a{n}") for n in range(501)))], "LIMIT_EXCEEDED", "500 nodes"),
        ([chain(16)], "LIMIT_EXCEEDED", "deeper than 15"),
        ([kinds(16)], "LIMIT_EXCEEDED", "15 different nodes"),
        ([graph("1", account("a"), account("a"))], "INVALID_INPUT", "Duplicate referenceId: a"),
        ([graph("1", account("a")), graph("1", account("b"))], "INVALID_INPUT", "graphId: 1"),
        ([graph("1.5", account("a"))], "INVALID_INPUT", "('1.5')"),
        ([graph("_a", account("a"))], "INVALID_INPUT", "('_a')"),
        ([graph("x" * 40, account("a"))], "INVALID_INPUT", "fewer than 40"),
        ([graph("1", account("a-b"))], "INVALID_INPUT", "referenceId ('a-b')"),
        ([graph("1")], "JSON_PARSER_ERROR", "compositeRequest"),
        ([{"graphId": 1, "compositeRequest": [account("a")]}], "JSON_PARSER_ERROR", "graphId"),
        ([{"graphId": "1", "compositeRequest": {}}], "JSON_PARSER_ERROR", "compositeRequest"),
        ([{"graphId": "1", "compositeRequest": ["x"]}], "JSON_PARSER_ERROR", "subrequest"),
        (["x"], "JSON_PARSER_ERROR", "graphId"),
        ([], "JSON_PARSER_ERROR", "graphs"),
        ({}, "JSON_PARSER_ERROR", "graphs"),
    ],
)
def test_what_is_refused_as_a_whole(client: Client, graphs: Any, code: str, text: str) -> None:
    reply = client.call("POST", "composite/graph", json={"graphs": graphs})
    [error] = reply.json()
    assert (reply.status_code, error["errorCode"]) == (400, code)
    assert text in error["message"]
    assert client.count("Account") == 0


def test_the_limits_themselves_are_accepted(client: Client) -> None:
    big = graph("1", *(account(f"a{number}") for number in range(500)))
    assert send(client, big)[0]["isSuccessful"]
    assert send(client, chain(15))[0]["isSuccessful"]
    assert send(client, kinds(15))[0]["isSuccessful"]


def test_the_body_and_the_version(client: Client) -> None:
    assert client.call("POST", "composite/graph", data="[").status_code == 400
    assert client.call("GET", "composite/graph").status_code == 405
    path = "/services/data/v49.0/composite/graph"
    assert client.call("POST", path, json={"graphs": [chain(1)]}).status_code == 404
    path = "/services/data/v50.0/composite/graph"
    assert client.call("POST", path, json={"graphs": [chain(1)]}).status_code == 200
