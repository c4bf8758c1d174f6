"""One object logs in everybody of a build: each by their own key, which is read once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from provisioner.declare.secret import Secret
from provisioner.errors import ClockError, LoginError
from provisioner.retry import CALL
from provisioner.salesforce.login_endpoints import scratch_endpoints
from provisioner.salesforce.post import posting
from provisioner.salesforce.reply import Reply
from provisioner.salesforce.server_clock import ServerClock
from provisioner.salesforce.sign_in import Credentials, SignIn
from tests.salesforce.world import private_key

USERNAME = "morning-abc@acme.example"
HOST = "https://acme.my.salesforce.com"
GRANTED = (
    b'{"access_token": "00D000000000001!AQEA.Token", "instance_url": "https://acme.my.salesforce.com",'
    b' "id": "https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA"}'
)
REFUSED = b'{"error": "invalid_grant", "error_description": "user hasn\'t approved this consumer"}'


class TokenEndpoint:
    """Answers each form, and keeps the assertions."""

    def __init__(self, status: int = 200, body: bytes = GRANTED, date: str = "") -> None:
        self.assertions: list[str] = []
        self._reply = Reply(status, body, date=date)

    def __call__(self, _url: str, form: Mapping[str, str]) -> Reply:
        self.assertions.append(form["assertion"])
        return self._reply


def pem(key: RSAPrivateKey, encryption: KeySerializationEncryption = NoEncryption()) -> str:  # noqa: B008
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def by(key: Path | Secret, passphrase: str = "") -> Credentials:
    """The credentials of a user whose app has this key."""
    secret = Secret(passphrase) if passphrase else None
    return Credentials(USERNAME, "3MVG9.key", key, secret, tuple(scratch_endpoints(HOST)))


def is_signed_by(key: RSAPrivateKey, assertion: str) -> bool:
    try:
        jwt.decode(assertion, key.public_key(), algorithms=["RS256"], options={"verify_aud": False})
    except jwt.InvalidSignatureError:
        return False
    return True


@pytest.mark.parametrize("is_file", [True, False], ids=["file", "text"])
def test_two_apps_sign_with_their_own_keys(tmp_path: Path, is_file: bool) -> None:
    other = generate_private_key(65537, 2048)
    keys: list[Path | Secret] = []
    for number, key in enumerate((private_key(), other)):
        path = tmp_path / f"{number}.key"
        path.write_text(pem(key))
        path.chmod(0o600)
        keys.append(path if is_file else Secret(pem(key)))
    endpoint, sign_in = TokenEndpoint(), SignIn()
    for each in keys:
        assert sign_in(by(each), endpoint).user_id == "005000000000001AAA"
    first, second = endpoint.assertions
    assert is_signed_by(private_key(), first)
    assert is_signed_by(other, second)


def test_a_key_file_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "server.key"
    path.write_text(pem(private_key()))
    path.chmod(0o600)
    sign_in = SignIn()
    sign_in(by(path), TokenEndpoint())
    path.unlink()
    sign_in(by(path), TokenEndpoint())


def test_a_key_with_a_passphrase_is_opened_with_it() -> None:
    encrypted = pem(private_key(), BestAvailableEncryption(b"planted"))
    endpoint = TokenEndpoint()
    SignIn()(by(Secret(encrypted), passphrase="planted"), endpoint)
    assert is_signed_by(private_key(), endpoint.assertions[0])


def test_a_session_names_the_endpoint_that_has_accepted_the_login() -> None:
    endpoint = TokenEndpoint()
    grant = SignIn()(by(Secret(pem(private_key()))), endpoint)
    assert grant.endpoint == scratch_endpoints(HOST)[0]


def test_a_login_refused_by_a_wrong_clock_is_an_error_of_the_clock() -> None:
    clock = ServerClock("the org")
    endpoint = TokenEndpoint(400, REFUSED)
    with pytest.raises(LoginError):
        SignIn()(by(Secret(pem(private_key()))), endpoint, clock=clock)
    date = format_datetime(datetime.now(UTC) - timedelta(hours=3), usegmt=True)
    wrong = TokenEndpoint(400, REFUSED, date=date)
    with pytest.raises(ClockError):
        SignIn()(by(Secret(pem(private_key()))), clock.watching(wrong), clock=clock)


def test_the_waits_of_a_login_follow_the_time_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("provisioner.retry.sleep", waits.append)
    busy = Reply(503, b"")
    post = posting(lambda *_request: busy)
    with pytest.raises(LoginError):
        SignIn(time_scale=0.01)(by(Secret(pem(private_key()))), post)
    expected = [wait * 0.01 for wait in CALL.waits]
    assert waits == pytest.approx(expected, rel=CALL.jitter)
