"""composite and composite/batch: requests inside a request."""

from __future__ import annotations

from typing import Any

from tests.emulator.data.conftest import Client

BASE = "/services/data/v68.0"


def part(reference: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    found = {"referenceId": reference, "method": method, "url": f"{BASE}/{path}"}
    return found if body is None else found | {"body": body}


def composite(client: Client, *parts: Any, all_or_none: bool = False) -> dict[str, dict[str, Any]]:
    body = {"allOrNone": all_or_none, "compositeRequest": list(parts)}
    response = client.call("POST", "composite", json=body)
    assert response.status_code == 200, response.text
    return {one["referenceId"]: one for one in response.json()["compositeResponse"]}


def test_later_requests_use_what_earlier_ones_answered(client: Client) -> None:
    parts = composite(
        client,
        part("acc", "POST", "sobjects/Account", {"Name": "Acme & Sons"}),
        part("con", "POST", "sobjects/Contact", {"LastName": "C", "AccountId": "@{acc.id}"}),
        part("read", "GET", "sobjects/Account/@{acc.id}?fields=Name"),
        part("find", "GET", "query?q=SELECT+Id+FROM+Contact+WHERE+AccountId='@{acc.id}'"),
        part("last", "GET", "sobjects/Contact/@{find.records[0].Id}"),
    )
    assert [one["httpStatusCode"] for one in parts.values()] == [201, 201, 200, 200, 200]
    assert parts["acc"]["body"]["success"] is True
    assert parts["acc"]["httpHeaders"]["Location"].endswith(parts["acc"]["body"]["id"])
    assert parts["read"]["body"]["Name"] == "Acme & Sons"
    assert parts["last"]["body"]["AccountId"] == parts["acc"]["body"]["id"]


def test_a_failure_halts_what_depends_on_it(client: Client) -> None:
    parts = composite(
        client,
        part("bad", "POST", "sobjects/Account", {}),
        part("needs", "POST", "sobjects/Contact", {"LastName": "C", "AccountId": "@{bad.id}"}),
        part("free", "POST", "sobjects/Account", {"Name": "free"}),
    )
    assert parts["bad"]["httpStatusCode"] == 400
    assert parts["bad"]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert parts["needs"]["body"] == [
        {
            "errorCode": "PROCESSING_HALTED",
            "message": "Invalid reference specified. No value for bad.id found in bad. Provided "
            "referenceId ('bad.id') must start with a letter or a number, and it can contain only "
            "letters, numbers and underscores ('_').",
        }
    ]
    assert parts["free"]["httpStatusCode"] == 201
    assert (client.count("Account"), client.count("Contact")) == (1, 0)


def test_all_or_none_undoes_everything(client: Client) -> None:
    parts = composite(
        client,
        part("good", "POST", "sobjects/Account", {"Name": "a"}),
        part("bad", "POST", "sobjects/Account", {}),
        part("after", "POST", "sobjects/Account", {"Name": "b"}),
        all_or_none=True,
    )
    assert list(parts) == ["good", "bad", "after"]
    for reference in ("good", "after"):
        assert parts[reference]["httpStatusCode"] == 400
        assert parts[reference]["body"] == [
            {
                "errorCode": "PROCESSING_HALTED",
                "message": "The transaction was rolled back since another operation in the same "
                "transaction failed.",
            }
        ]
    assert parts["bad"]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert client.count("Account") == 0


def test_a_failed_row_of_a_collection_fails_all_or_none(client: Client) -> None:
    rows = {"records": [{"attributes": {"type": "Account"}, "Name": "a"},
                        {"attributes": {"type": "Account"}}]}  # fmt: skip
    parts = composite(
        client,
        part("one", "POST", "sobjects/Account", {"Name": "x"}),
        part("rows", "POST", "composite/sobjects", rows),
        all_or_none=True,
    )
    assert parts["one"]["httpStatusCode"] == 400
    assert client.count("Account") == 0


def test_setup_objects_do_not_mix_with_others_in_one_transaction(client: Client) -> None:
    requests = (
        part("a", "POST", "sobjects/Account", {"Name": "a"}),
        part("p", "POST", "sobjects/PermissionSet", {"Name": "P", "Label": "P"}),
    )
    parts = composite(client, *requests, all_or_none=True)
    assert parts["p"]["body"][0]["errorCode"] == "MIXED_DML_OPERATION"
    assert client.count("Account") == 0
    parts = composite(client, *requests)
    assert [one["httpStatusCode"] for one in parts.values()] == [201, 201]


def test_a_composite_request_that_is_none_is_refused(client: Client) -> None:
    one = part("a", "GET", "limits")
    for requests, code in (
        ([one] * 26, "LIMIT_EXCEEDED"),
        ([part(f"q{n}", "GET", "query?q=x") for n in range(6)], "LIMIT_EXCEEDED"),
        ([one, one], "INVALID_INPUT"),
        ([one | {"referenceId": "with-dash"}], "INVALID_INPUT"),
        ([{"method": "GET"}], "JSON_PARSER_ERROR"),
        ([], "JSON_PARSER_ERROR"),
    ):
        response = client.call("POST", "composite", json={"compositeRequest": requests})
        assert response.status_code == 400
        assert response.json()[0]["errorCode"] == code


def test_what_is_not_emulated_is_said_in_its_part(client: Client) -> None:
    parts = composite(
        client, part("no", "GET", "nothing/of/that"), part("tool", "GET", "tooling/query?q=x")
    )
    assert parts["no"]["httpStatusCode"] == 501
    assert parts["tool"]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def batch(client: Client, *requests: Any, halt: bool = False) -> Any:
    body = {"haltOnError": halt, "batchRequests": list(requests)}
    response = client.call("POST", "composite/batch", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_batch_runs_requests_that_do_not_know_of_each_other(client: Client) -> None:
    answer = batch(
        client,
        {"method": "POST", "url": "v68.0/sobjects/Account", "richInput": {"Name": "a"}},
        {"method": "GET", "url": "v68.0/query?q=SELECT+Nope+FROM+Account"},
        {"method": "GET", "url": "v68.0/query?q=SELECT+Name+FROM+Account"},
    )
    assert answer["hasErrors"] is True
    assert [one["statusCode"] for one in answer["results"]] == [201, 400, 200]
    assert answer["results"][2]["result"]["records"][0]["Name"] == "a"


def test_a_batch_may_halt_at_the_first_error(client: Client) -> None:
    wrong = {"method": "GET", "url": "v68.0/query?q=x"}
    answer = batch(client, wrong, {"method": "GET", "url": "v68.0/sobjects"}, halt=True)
    assert [one["statusCode"] for one in answer["results"]] == [400, 412]
    assert answer["results"][1]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"


def test_null_is_a_value_from_version_52_on(client: Client) -> None:
    for version, succeeds in (("51.0", False), ("52.0", True)):
        base = f"/services/data/v{version}"
        parts = [
            {"referenceId": "a", "method": "POST", "url": f"{base}/sobjects/Account",
             "body": {"Name": "a"}},
            {"referenceId": "r", "method": "GET", "url": f"{base}/sobjects/Account/@{{a.id}}"},
            {"referenceId": "c", "method": "POST", "url": f"{base}/sobjects/Account",
             "body": {"Name": "x@{r.Phone}", "Phone": "@{r.Phone}"}},
        ]  # fmt: skip
        reply = client.call("POST", f"{base}/composite", json={"compositeRequest": parts})
        last = reply.json()["compositeResponse"][2]
        assert (last["httpStatusCode"] == 201) is succeeds
    assert [one["Phone"] for one in client.query("SELECT Phone FROM Account WHERE Name = 'x'")] == [
        None
    ]
