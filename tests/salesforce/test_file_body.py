"""A request with a file: sent in pieces with its length, again after a fault, by many threads."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import IO

import pytest

from provisioner.errors import SalesforceError
from provisioner.salesforce.bounded import Limits
from provisioner.salesforce.deploy_body import DeployBody, deploy_body
from provisioner.salesforce.file_body import PIECE, FileBody
from provisioner.salesforce.http_client import HttpClient
from provisioner.salesforce.metadata import start_deploy
from provisioner.salesforce.transport import Transport
from tests.salesforce.scripted import EXPIRED, Answer, ScriptedServer
from tests.salesforce.test_org import scripted

CONTENT = os.urandom(PIECE) * 3 + b"end"
STARTED = Answer(201, {"id": "0Af000000000001AAA", "deployResult": {"status": "Pending"}})


def file_with(content: bytes) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it belongs to the body
    file.write(content)
    return file


@pytest.fixture
def body() -> DeployBody:
    return deploy_body(file_with(CONTENT))


def test_it_arrives_as_a_whole_with_its_length(
    server: ScriptedServer, transport: Transport, body: DeployBody
) -> None:
    server.plays(STARTED)
    start_deploy(scripted(server, transport), body)
    (seen,) = server.seen
    assert CONTENT in seen.body
    assert int(seen.headers["content-length"]) == len(body.content) == len(seen.body)
    assert "transfer-encoding" not in seen.headers


def test_it_is_the_body_that_the_same_bytes_in_memory_are(body: DeployBody) -> None:
    in_memory = deploy_body(CONTENT)
    assert isinstance(in_memory.content, bytes)
    first = in_memory.content_type.partition("boundary=")[2].encode()
    second = body.content_type.partition("boundary=")[2].encode()
    assert b"".join(body.content).replace(second, first) == in_memory.content  # type: ignore[arg-type]
    assert in_memory.first_wait == body.first_wait


def test_it_is_sent_as_a_whole_again_with_a_new_session(
    server: ScriptedServer, transport: Transport, body: DeployBody
) -> None:
    server.plays(EXPIRED, STARTED)
    start_deploy(scripted(server, transport), body)
    first, second = server.seen
    assert first.body == second.body
    assert CONTENT in second.body


def test_many_threads_send_it_at_the_same_time(
    server: ScriptedServer, transport: Transport, body: DeployBody
) -> None:
    server.plays(STARTED)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: start_deploy(scripted(server, transport), body), range(8)))
    assert len(server.seen) == 8
    assert all(CONTENT in seen.body for seen in server.seen)


def test_a_file_that_became_shorter_is_not_sent_as_a_whole_request(
    server: ScriptedServer, transport: Transport
) -> None:
    file = file_with(CONTENT)
    body = deploy_body(file)
    os.ftruncate(file.fileno(), PIECE)
    server.plays(STARTED)
    with pytest.raises(SalesforceError, match="the answer was lost"):
        start_deploy(scripted(server, transport), body)


def test_the_file_is_closed_with_the_body() -> None:
    file = file_with(CONTENT)
    body = FileBody(b"", file, b"")
    assert len(list(body)) == 6
    del body
    assert file.closed


def test_the_pieces_share_the_time_for_sending(server: ScriptedServer) -> None:
    """Each piece is sent in time, all of them are not."""
    client = HttpClient(limits=Limits(sending=0.0))
    server.plays(Answer())
    with pytest.raises(TimeoutError, match="not sent in time"):
        client.send("POST", f"{server.url}/x", {}, FileBody(b"", file_with(CONTENT), b""))
    client.close()
