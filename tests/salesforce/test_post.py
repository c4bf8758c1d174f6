"""A form of a login is posted again where another answer may come a moment later."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping

import pytest

from provisioner.retry import CALL
from provisioner.salesforce.http_client import NotConnectedError
from provisioner.salesforce.post import posting
from provisioner.salesforce.reply import Reply
from provisioner.salesforce.transport import Transport

URL = "https://login.salesforce.com/services/oauth2/token"


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr("provisioner.retry.sleep", made.append)
    return made


def not_connected(cause: Exception) -> NotConnectedError:
    error = NotConnectedError("no connection")
    error.__cause__ = cause
    return error


REFUSED = not_connected(ConnectionRefusedError())
NO_ANSWER_TO_CONNECT = not_connected(TimeoutError())
BAD_CERTIFICATE = not_connected(ssl.SSLError())


@pytest.mark.parametrize(
    ("error", "waits_for_host", "is_repeated"),
    [
        (REFUSED, True, True),
        (REFUSED, False, False),
        (NO_ANSWER_TO_CONNECT, True, False),
        (BAD_CERTIFICATE, True, False),
        (BAD_CERTIFICATE, False, False),
        (ConnectionResetError(), False, True),
        (TimeoutError(), True, False),
    ],
)
def test_a_form_without_an_answer_is_sent_again_where_that_may_help(
    error: OSError, waits_for_host: bool, is_repeated: bool, waits: list[float]
) -> None:
    sent: list[tuple[str, str, Mapping[str, str], bytes]] = []

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        sent.append((method, url, headers, body))
        raise error

    post = posting(send, time_scale=0.5, waits_for_host=waits_for_host)
    with pytest.raises(type(error)) as caught:
        post(URL, {"assertion": "a b&c"})
    assert caught.value is error
    assert len(sent) == (CALL.tries if is_repeated else 1)
    assert sent[0] == (
        "POST",
        URL,
        {"Content-Type": "application/x-www-form-urlencoded"},
        b"assertion=a+b%26c",
    )
    expected = [wait * 0.5 for wait in CALL.waits] if is_repeated else []
    assert waits == pytest.approx(expected, rel=CALL.jitter)


def test_a_build_waits_for_a_login_host_by_its_time_scale(waits: list[float]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with Transport(time_scale=0.01) as transport, pytest.raises(NotConnectedError):
        transport.post("hub")(url, {})
    assert waits == pytest.approx([wait * 0.01 for wait in CALL.waits], rel=CALL.jitter)


def test_a_person_waits_for_an_answer_at_full_scale_and_not_for_a_host(waits: list[float]) -> None:
    def send(*_request: object) -> Reply:
        raise error

    for error in (REFUSED, ConnectionResetError()):
        with pytest.raises(type(error)):
            posting(send)(URL, {})
    assert waits == pytest.approx(CALL.waits, rel=CALL.jitter)
