"""`provisioner login` as people and scripts call it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from provisioner.ledger import open_ledger
from provisioner.ledger.base import State
from tests.login.command import Run, record, write_pool_file
from tests.login.conftest import Pem
from tests.login.host import CONSUMER_KEY, ORG, OTP, TOKEN, USERNAME, LoginHost

pytestmark = pytest.mark.slow

PASSPHRASE = "planted-passphrase"


def test_three_options_are_enough_and_the_token_is_not_shown_to_people(
    run: Run, options: list[str], host: LoginHost
) -> None:
    done = run(*options)
    assert done.code == 0, done.err
    shown = dict(line.rsplit("  ", 1) for line in done.out.splitlines())
    assert [value.strip() for value in shown.values()] == [USERNAME, ORG, host.url]
    assert "Use --json to print the access token" in done.err
    assert TOKEN not in done.out + done.err


def test_json_is_one_document_of_five_keys(run: Run, options: list[str], host: LoginHost) -> None:
    done = run(*options, "--json")
    assert done.code == 0, done.err
    assert done.json == {
        "username": USERNAME,
        "org_id": ORG,
        "instance_url": host.url,
        "access_token": TOKEN,
        "consumer_key": CONSUMER_KEY,
    }
    assert done.err == ""
    assert len(host.seen) == 1, "one request is all that it takes"


def test_the_ledger_and_the_pool_file_know_the_rest(
    run: Run, host: LoginHost, key_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, host.url, str(key_file))
    record(tmp_path, host.url, State.AVAILABLE)
    done = run(USERNAME, "--json")
    assert done.code == 0, done.err
    assert done.json["access_token"] == TOKEN


def claimed(folder: Path, url: str, **changes: Any) -> None:
    """The org of the ledger is claimed."""
    record(folder, url, State.AVAILABLE)
    ledger = open_ledger("sqlite:///ledger.db", folder)
    org = ledger.get(USERNAME)
    assert org is not None
    assert ledger.move(org, State.CLAIMED, **changes) is not None
    ledger.close()


def test_the_holder_of_an_org_gets_no_warning(
    run: Run, host: LoginHost, key_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, host.url, str(key_file))
    claimed(tmp_path, host.url, owner="ann@acme.example")
    for who in ("ann@acme.example", "Ann@Acme.example"):
        done = run(USERNAME, "--json", "--strict", "--owner", who)
        assert (done.code, done.err) == (0, "")
        assert done.json["access_token"] == TOKEN


def test_who_logs_in_to_anothers_org_is_warned_and_with_strict_refused(
    run: Run, host: LoginHost, key_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, host.url, str(key_file))
    claimed(tmp_path, host.url, owner="ann", purpose="demo")
    said = f"{USERNAME} is claimed by ann for demo, not by bob"
    done = run(USERNAME, "--json", "--owner", "bob")
    assert done.code == 0
    assert done.json["access_token"] == TOKEN
    assert done.err == f"warning: {said} (pass --owner if you claimed it under another name)\n"
    asked = len(host.seen)
    done = run(USERNAME, "--json", "--owner", "bob", "--strict")
    assert (done.code, done.json["error"]["code"]) == (7, "not_yours")
    assert done.json["error"]["message"] == said
    assert len(host.seen) == asked, "nobody logs in"


@pytest.mark.parametrize("state", [State.AVAILABLE, State.RELEASED])
def test_who_logs_in_to_an_unclaimed_org_is_warned_and_with_strict_refused(
    run: Run, host: LoginHost, key_file: Path, tmp_path: Path, state: State
) -> None:
    write_pool_file(tmp_path, host.url, str(key_file))
    record(tmp_path, host.url, state)
    done = run(USERNAME, "--json")
    assert done.json["access_token"] == TOKEN
    assert done.err.startswith(f"warning: {USERNAME} is {state} and not claimed (")
    done = run(USERNAME, "--json", "--strict")
    assert (done.code, done.json["error"]["code"]) == (7, "not_claimed")


def test_a_lease_that_has_ended_is_reported(
    run: Run, host: LoginHost, key_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, host.url, str(key_file))
    claimed(tmp_path, host.url, owner="ann", lease_until=datetime(2026, 1, 1, tzinfo=UTC))
    done = run(USERNAME, "--owner", "ann", "--strict")
    assert done.code == 0
    assert f"your lease of {USERNAME} ended 2026-01-01 00:00 UTC" in done.err


def test_strict_without_a_ledger_is_refused(run: Run, options: list[str]) -> None:
    done = run(*options, "--strict", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "usage")
    assert "--strict needs the ledger" in done.json["error"]["message"]


def test_the_second_app_opens_the_orgs_that_were_signed_up_with_it(
    run: Run, pem: Pem, other_key: RSAPrivateKey, tmp_path: Path, key_file: Path
) -> None:
    second = tmp_path / "scratch.key"
    second.write_bytes(other_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with LoginHost("3MVG9.second", other_key.public_key(), [USERNAME]) as host:
        app = f"scratch_app: {{ consumer_key: 3MVG9.second, private_key: {second} }}"
        write_pool_file(tmp_path, host.url, str(key_file), app)
        record(tmp_path, host.url, State.AVAILABLE, consumer_key="3MVG9.second")
        done = run(USERNAME, "--json")
    assert done.code == 0, done.err
    assert done.json["consumer_key"] == "3MVG9.second"


def test_an_unknown_username_is_no_login_error(
    run: Run, host: LoginHost, key_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, host.url, str(key_file))
    record(tmp_path, host.url, State.AVAILABLE)
    done = run("nobody@acme.example", "--json")
    assert done.code == 3
    error = done.json["error"]
    assert error["code"] == "unknown_username"
    assert "nobody@acme.example" in error["message"]
    assert host.seen == []


def test_the_options_open_an_org_that_the_ledger_does_not_know(
    run: Run, options: list[str], host: LoginHost, tmp_path: Path
) -> None:
    """Nor is pool.yaml read then: it may be somebody else's, or broken."""
    (tmp_path / "pool.yaml").write_text("{broken")
    assert run(*options).code == 0


@pytest.mark.parametrize(
    ("state", "code", "hint"),
    [
        (State.INTENDED, "org_not_ready", "wait until the build has finished; "),
        (State.SIGNING_UP, "org_not_ready", "wait until the build has finished; "),
        (State.DELETED, "org_deleted", "claim another org: provisioner claim --pool morning"),
    ],
)
def test_an_org_that_is_not_there_yet_or_no_more_is_reported_without_a_request(
    state: State, code: str, hint: str, run: Run, host: LoginHost, key_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, host.url, str(key_file))
    record(tmp_path, host.url, state)
    done = run(USERNAME, "--json")
    assert done.code == 3
    error = done.json["error"]
    assert error["code"] == code
    assert error["hint"].startswith(hint)
    assert host.seen == []


def test_without_pool_file_and_options_the_way_without_them_is_named(run: Run) -> None:
    done = run(USERNAME)
    assert done.code == 2
    assert "pool.yaml does not exist; it names the ledger and the private key" in done.err
    assert "--consumer-key KEY --key FILE" in done.err


def test_a_refusal_is_exit_5_with_cause_fix_and_each_answer(
    run: Run, options: list[str], host: LoginHost
) -> None:
    host.users = set()
    done = run(*options, "--json")
    assert done.code == 5
    error = done.json["error"]
    assert error["code"] == "login_not_approved"
    assert error["message"].count(host.url) >= 3
    assert "pre-authorized" in error["hint"]


@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [
        ({"SF_PRIVATE_KEY_PASSPHRASE": PASSPHRASE}, 0, "Logged in."),
        ({}, 2, "set SF_PRIVATE_KEY_PASSPHRASE"),
        ({"SF_PRIVATE_KEY_PASSPHRASE": "planted-other"}, 2, "is wrong for the private key"),
    ],
)
def test_a_passphrase_comes_from_the_environment(
    environment: dict[str, str],
    code: int,
    words: str,
    run: Run,
    options: list[str],
    key_file: Path,
    pem: Pem,
) -> None:
    key_file.write_text(pem(PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE.encode())))
    done = run(*options, **environment)
    assert done.code == code
    assert words in done.err
    assert "planted" not in done.out + done.err


def test_url_prints_the_link_alone_and_json_adds_it(run: Run, options: list[str]) -> None:
    done = run(*options, "--open", "--url")
    assert done.code == 0, done.err
    assert done.out.endswith(f"/secur/frontdoor.jsp?otp={OTP}\n")
    assert len(done.out.splitlines()) == 1
    assert OTP not in done.err
    both = run(*options, "--url", "--json").json
    assert both["url"].endswith(OTP)
    assert both["access_token"] == TOKEN


HEAVY = {
    *("requests", "simple_salesforce", "rich", "werkzeug", "provisioner.emulator"),
    *("jwt", "cryptography.x509", "asyncio", "psycopg", "provisioner.builder"),
}
LIST_IMPORTS = """
import sys
from provisioner.cli.main import run
code = run(["login", *sys.argv[1:]])
print(*sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("with_ledger", "unwanted"), [(False, HEAVY | {"yaml", "sqlite3"}), (True, HEAVY)]
)
def test_a_cold_login_imports_nothing_heavy(
    with_ledger: bool,
    unwanted: set[str],
    options: list[str],
    host: LoginHost,
    key_file: Path,
    tmp_path: Path,
) -> None:
    """Half of its time is spent on imports; those listed would double it."""
    if with_ledger:
        write_pool_file(tmp_path, host.url, str(key_file))
        record(tmp_path, host.url, State.AVAILABLE)
    arguments = [USERNAME] if with_ledger else options
    done = subprocess.run(
        [sys.executable, "-c", LIST_IMPORTS, *arguments, "--json"],
        cwd=tmp_path,
        env=Run(tmp_path).environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert unwanted & set(done.stderr.split()) == set()


def test_key_files_of_any_mode_are_read(run: Run, options: list[str], key_file: Path) -> None:
    key_file.chmod(0o644)
    assert run(*options).code == 0
