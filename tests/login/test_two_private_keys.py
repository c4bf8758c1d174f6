"""With two private keys, a login signs with the second when the certificate is not the first's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from provisioner.credentials import Candidate
from provisioner.declare.secret import Secret
from provisioner.errors import LoginError, UsageError
from provisioner.ledger.base import State
from provisioner.login import login, login_by_any
from provisioner.salesforce.login_endpoints import user_endpoints
from provisioner.salesforce.sign_in import Credentials
from tests.login.command import Run, record, write_pool_file
from tests.login.host import CONSUMER_KEY, USERNAME, LoginHost, Scripted
from tests.login.test_login_handover import SF, program

__all__ = ["program"]

REFUSED = b'{"error": "invalid_client", "error_description": "invalid client credentials"}'
NOT_YET = b'{"error": "invalid_grant", "error_description": "user hasn\'t approved this consumer"}'


@pytest.fixture
def other_file(tmp_path: Path, other_key: RSAPrivateKey) -> Path:
    """A key that is not the one of the host's certificate."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path = tmp_path / "other.key"
    path.write_bytes(other_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    return path


def by(host: LoginHost, *keys: Path | Secret) -> Credentials:
    first, second = keys
    return Credentials(
        USERNAME, CONSUMER_KEY, first, None, user_endpoints(host.url), former_key=second
    )


def test_the_old_key_opens_an_org_that_has_the_old_certificate(
    host: LoginHost, key_file: Path, other_file: Path
) -> None:
    assert login(by(host, other_file, key_file)).username == USERNAME
    assert len(host.seen) == 2


def test_the_first_key_is_enough_where_it_works(host: LoginHost, key_file: Path) -> None:
    """The second key is not even read."""
    assert login(by(host, key_file, Path("/nowhere/old.key"))).username == USERNAME
    assert len(host.seen) == 1


def test_the_key_that_has_worked_is_reported(
    host: LoginHost, key_file: Path, other_file: Path
) -> None:
    candidate = Candidate(by(host, other_file, key_file), "from the ledger")
    _, used = login_by_any([candidate])
    assert (used.credentials.key, used.source) == (key_file, "from the ledger")


def test_a_refusal_of_both_keys_is_that_of_the_first(
    host: LoginHost, other_file: Path, other_key: RSAPrivateKey
) -> None:
    with pytest.raises(LoginError) as caught:
        login(by(host, other_file, other_file))
    assert caught.value.code == "login_bad_signature"
    assert "with the second private key: " in caught.value.message


@pytest.mark.parametrize("first", [b"", REFUSED], ids=["invalid assertion", "invalid_client"])
def test_a_refusal_of_the_second_key_for_another_reason_is_the_error(
    host: LoginHost, key_file: Path, other_file: Path, first: bytes
) -> None:
    """The second key is that of the certificate, and the org may accept it later."""
    host.users = set()
    host.script = [Scripted(400, first)] * 2 if first else []
    with pytest.raises(LoginError) as caught:
        login(by(host, other_file, key_file))
    assert (caught.value.code, caught.value.is_transient) == ("login_not_approved", True)


def test_a_refusal_that_is_not_about_the_key_ends_the_login(
    host: LoginHost, key_file: Path
) -> None:
    host.users = set()
    with pytest.raises(LoginError) as caught:
        login(by(host, key_file, Path("/nowhere/old.key")))
    assert caught.value.code == "login_not_approved"


def test_a_second_key_that_is_missing_is_named(host: LoginHost, other_file: Path) -> None:
    with pytest.raises(UsageError, match=r"/nowhere/old\.key"):
        login(by(host, other_file, Path("/nowhere/old.key")))


@pytest.mark.slow
def test_the_command_logs_in_and_hands_the_key_over_that_has_worked(
    run: Run,
    host: LoginHost,
    key_file: Path,
    other_file: Path,
    tmp_path: Path,
    program: Callable[[str, str], str],
) -> None:
    write_pool_file(tmp_path, host.url, f"[{other_file}, {key_file}]")
    record(tmp_path, host.url, State.AVAILABLE)
    done = run(USERNAME, "--sf", PATH=program("sf", SF))
    assert done.code == 0, done.err
    assert (tmp_path / "sf.keypath").read_text().strip() == str(key_file)


def test_a_key_on_the_command_line_is_the_only_one(
    run: Run, host: LoginHost, key_file: Path, other_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, host.url, f"[{other_file}, {key_file}]")
    record(tmp_path, host.url, State.AVAILABLE)
    done = run(USERNAME, "--key", str(other_file))
    assert done.code == 5
    assert "second private key" not in done.err


def test_a_login_by_a_manifest_tries_both_keys(
    run: Run, host: LoginHost, key_file: Path, other_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, host.url, f"[{other_file}, {key_file}]")
    org = {"username": USERNAME, "consumer_key": CONSUMER_KEY, "login_url": host.url}
    (tmp_path / "orgs.json").write_text(json.dumps({"orgs": [org]}))
    done = run(USERNAME, "--manifest", "orgs.json", "--json")
    assert done.code == 0, done.err


def test_the_consumer_keys_that_are_tried_after_the_ledger_s_have_both_keys(
    run: Run, host: LoginHost, key_file: Path, other_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, host.url, f"[{other_file}, {key_file}]")
    record(tmp_path, host.url, State.AVAILABLE, consumer_key="3MVG9.of-another-app")
    done = run(USERNAME, "--json")
    assert done.code == 0, done.err
    assert done.json["consumer_key"] == CONSUMER_KEY
