"""/healthz, /readyz and /metrics."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioner.errors import LedgerError
from tests.claim.live_orgs import LiveOrgs
from tests.report.nights import three_nights

from .served import METRICS, Served, serving


@pytest.fixture
def served(live: LiveOrgs) -> Iterator[Served]:
    """A server with a token for its metrics."""
    live.write_pool('server: { metrics_token: "${METRICS_TOKEN}" }')
    with serving(live.folder / "pool.yaml") as server:
        live.add(server.ledger, "one")
        yield server


def test_the_server_is_ready_while_its_ledger_answers(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert served.send("GET", "/healthz", token="").text == "ok\n"
    assert served.send("GET", "/readyz", token="").json == {"ready": True}

    def away(**_limit: int) -> None:
        raise LedgerError("no answer of 10.0.0.7", code="ledger_unreachable")

    monkeypatch.setattr(served.ledger, "runs", away)
    assert served.send("GET", "/readyz", token="").status == 200, "asked the ledger again at once"
    monkeypatch.setattr("provisioner.server.readiness.CHECKED_FOR", -1.0)
    answer = served.send("GET", "/readyz", token="")
    assert (answer.status, answer.json) == (503, {"ready": False, "code": "ledger_unreachable"})
    assert served.send("GET", "/healthz", token="").status == 200


def test_a_stopping_server_is_not_ready(served: Served) -> None:
    served.world.stopping.set()
    assert served.send("GET", "/readyz", token="").status == 503


def test_metrics_are_those_of_the_report_and_of_the_server(served: Served) -> None:
    before = served.send("GET", "/metrics", token=METRICS)
    assert before.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'provisioner_pool_orgs{pool="morning",state="available"} 1\n' in before.text

    three_nights(served.ledger)
    served.send("GET", "/v1/pools")
    served.send("GET", "/v1/orgs/x@acme.example")
    lines = served.send("GET", "/metrics").text.splitlines()  # the person of the token file
    assert "provisioner_build_failed_orgs 2" in lines
    assert "# TYPE provisioner_server_requests_total counter" in lines
    assert 'provisioner_server_requests_total{operation="getOrg",status="404"} 1' in lines
    assert 'provisioner_server_requests_total{operation="listPools",status="200"} 1' in lines
    assert "provisioner_server_waiting_claims 0" in lines


def test_metrics_are_not_for_everyone_and_their_token_is_for_nothing_else(served: Served) -> None:
    for token, status in (("", 401), ("another", 403)):
        answer = served.send("GET", "/metrics", token=token)
        assert (answer.status, "morning" in answer.text) == (status, False)
    assert served.send("GET", "/v1/pools", token=METRICS).status == 403
