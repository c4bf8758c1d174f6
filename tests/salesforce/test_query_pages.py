"""The pages of a query have an end, in number and in memory, and stay on the host asked."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce import query_pages
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.query_pages import MOST_PAGES, all_records
from provisioner.salesforce.transport import Transport
from tests.salesforce.hostile import HEAD, HostileServer, Peer
from tests.salesforce.test_org import scripted_at

FIRST = "/services/data/v68.0/query?q=SELECT"
NEXT = "/services/data/v68.0/query/01g-%d"


def page(link: str, *records: dict[str, Any]) -> dict[str, Any]:
    return {"totalSize": -1, "done": False, "nextRecordsUrl": link, "records": list(records)}


def test_pages_without_an_end_are_given_up() -> None:
    numbers = itertools.count()
    with pytest.raises(MalformedAnswerError, match="too many pages, or a page is repeated"):
        all_records(lambda _: page(NEXT % next(numbers)), FIRST)
    assert next(numbers) == MOST_PAGES


@pytest.mark.parametrize("link", ["/services/data/v68.0/query/01g-1", FIRST])
def test_a_page_that_leads_to_one_that_was_there_is_given_up(link: str) -> None:
    asked: list[str] = []

    def ask(path: str) -> Any:
        asked.append(path)
        return page(link)

    with pytest.raises(MalformedAnswerError, match="too many pages, or a page is repeated"):
        all_records(ask, FIRST)
    assert len(asked) <= 2


def test_all_pages_together_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page may be as large as an answer may be: a thousand of them may not."""
    monkeypatch.setattr(query_pages, "MOST_WEIGHT", 5 * 1024 * 1024)
    numbers = itertools.count()
    with pytest.raises(MalformedAnswerError, match="more than 5 MB"):
        all_records(lambda _: page(NEXT % next(numbers), {"Name": "x" * 1024 * 1024}), FIRST)
    assert next(numbers) == 5


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/services/data/x",
        ".elsewhere.example/services/data/x",
        "@elsewhere.example/services/data/x",
        "//elsewhere.example/services/data/x",
        "/secur/frontdoor.jsp",
    ],
)
def test_a_page_on_another_host_is_not_asked_for(link: str) -> None:
    with pytest.raises(MalformedAnswerError, match="another host"):
        all_records(lambda _: page(link), FIRST)


def test_an_endless_query_over_http_is_an_error(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_pages, "MOST_PAGES", 20)
    numbers = itertools.count()

    def answer(peer: Peer) -> None:
        link = (NEXT % next(numbers)).encode()
        body = b'{"done": false, "nextRecordsUrl": "%s", "records": []}' % link
        peer.send(HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    with HostileServer(answer) as server:
        with pytest.raises(
            SalesforceError, match="too many pages, or a page is repeated"
        ) as caught:
            scripted_at(server.url, transport).query("SELECT Id FROM A")
        assert len(server.seen) <= 100
    assert caught.value.kind is ErrorKind.TRANSIENT
