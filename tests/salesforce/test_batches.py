"""Batches of records in one request: each record has its result, each batch its own refusal."""

from __future__ import annotations

import json

import pytest

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.batches import Batch, refusal_of, write
from provisioner.salesforce.transport import Transport
from tests.salesforce.scripted import Answer, ScriptedServer
from tests.salesforce.test_org import scripted
from tests.salesforce.test_reads import composite
from tests.salesforce.world import Emulated


def cases(*subjects: str) -> Batch:
    return Batch("POST", [{"attributes": {"type": "Case"}, "Subject": name} for name in subjects])


def test_batches_are_written_in_their_order_by_one_request(emulated: Emulated) -> None:
    emulated.scratch_org()
    org = emulated.client()
    ((made,),) = write(org, [cases("a")])
    renamed = {"attributes": {"type": "Case"}, "id": made["id"], "Subject": "b"}
    wrong = {"attributes": {"type": "Case"}, "Nothing__c": "c"}
    results = write(
        org, [Batch("PATCH", [renamed]), cases(), Batch("POST", [wrong, *cases("d").records])]
    )
    assert [[refusal_of(one) is None for one in batch] for batch in results] == [
        [True],
        [],
        [False, True],
    ]
    assert sorted(row["Subject"] for row in org.query("SELECT Subject FROM Case")) == ["b", "d"]
    assert (emulated.requests("composite"), emulated.requests("collections.create")) == (1, 1)


def test_nothing_is_sent_without_records(server: ScriptedServer, transport: Transport) -> None:
    assert write(scripted(server, transport), [cases(), cases()]) == [[], []]
    assert server.seen == []


def test_a_refused_batch_is_an_error(server: ScriptedServer, transport: Transport) -> None:
    refused = [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "busy"}]
    server.plays(composite((200, [{"success": True}]), (400, refused)))
    with pytest.raises(
        SalesforceError, match="POST composite/sobjects: HTTP 400: UNABLE_TO_LOCK"
    ) as caught:
        write(scripted(server, transport), [cases("a"), cases("b")])
    assert caught.value.kind is ErrorKind.TRANSIENT


def test_an_answer_with_too_few_results_is_not_requested_again(
    server: ScriptedServer, transport: Transport
) -> None:
    """The records may have been written; the step reads it before it continues."""
    server.plays(composite((200, [{"success": True}]), (200, [])), Answer(200, {}))
    with pytest.raises(SalesforceError, match="0 results for 1 requests") as caught:
        write(scripted(server, transport), [cases("a"), cases("b")])
    assert caught.value.kind is ErrorKind.TRANSIENT
    (seen,) = server.seen
    assert [one["method"] for one in json.loads(seen.body)["compositeRequest"]] == ["POST", "POST"]


def test_a_result_that_is_malformed_counts_as_lost() -> None:
    error = refusal_of({"success": "perhaps"})
    assert error is not None
    assert error.kind is ErrorKind.TRANSIENT
