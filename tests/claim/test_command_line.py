"""`claim`, `renew`, `release` and `status` as people and scripts call them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from provisioner.ledger.base import Ledger, Run, State
from provisioner.ledger.rows import utc_now
from tests.salesforce.world import private_key

from .conftest import ORG_KEYS, POOL_YAML, Call, add

ROOT = Path(__file__).parents[2]


def test_claim_prints_the_org_as_one_json_document_with_the_promised_keys(
    ledger: Ledger, call: Call
) -> None:
    add(
        ledger,
        "a",
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
        org_id="00D000000000001AAA",
        consumer_key="3MVG9.key",
        users=({"persona": "agent", "username": "b@acme.example"},),
    )
    answer = call("claim", "--json", "--purpose", "demo", "--lease", "1h30m")
    assert (answer.code, answer.err) == (0, "")
    document = answer.document
    assert list(document) == ORG_KEYS
    assert document["username"] == "a@acme.example"
    assert (document["state"], document["owner"]) == ("claimed", "ann@acme.example")
    assert (document["purpose"], document["fence"]) == ("demo", 1)
    assert document["expires_at"] == "2099-01-01T00:00:00Z"
    assert document["users"] == [{"persona": "agent", "username": "b@acme.example"}]
    assert (document["error"], document["instance_url"]) == (None, None)
    lease = datetime.fromisoformat(document["lease_until"]) - utc_now()
    assert timedelta(hours=1) < lease <= timedelta(minutes=90)


def test_claim_tells_people_the_username_the_host_the_end_and_how_to_log_in(
    ledger: Ledger, call: Call
) -> None:
    add(ledger, "a", life=timedelta(days=1, hours=4, seconds=30), instance_url="https://a.example")
    lines = call("claim").out.splitlines()
    assert lines[0] == "a@acme.example"
    assert lines[1].split() == ["instance", "https://a.example"]
    assert lines[2].endswith("UTC (in 1d 4h)")
    assert lines[3].split(maxsplit=2)[2] == "provisioner login a@acme.example"


def test_the_login_command_names_another_pool_yaml(
    ledger: Ledger, call: Call, folder: Path
) -> None:
    add(ledger, "a")
    (folder / "my pools.yaml").write_text(POOL_YAML)
    out = call("claim", "-c", "my pools.yaml").out
    assert "provisioner --config 'my pools.yaml' login a@acme.example" in out


def test_a_pool_yaml_with_only_hub_and_ledger_is_enough(
    ledger: Ledger, call: Call, folder: Path
) -> None:
    add(ledger, "a")
    (folder / "pool.yaml").write_text(POOL_YAML.partition("pools:")[0])
    assert call("claim", "--pool", "morning").code == 0
    assert call("renew", "a@acme.example").code == 0
    assert call("status").code == 0
    assert call("release", "a@acme.example").code == 0


def test_none_available_exits_with_3(ledger: Ledger, call: Call) -> None:
    answer = call("claim", "--json", "--pool", "evening")
    assert answer.code == 3
    assert answer.error["code"] == "no_org_available"
    assert "create orgs: provisioner build evening" in answer.error["hint"]
    spoken = call("claim", "--pool", "evening")
    assert (spoken.code, spoken.out) == (3, "")
    assert spoken.err.startswith("error: no scratch org is available in the pool evening")


def test_a_wait_without_success_is_announced_and_exits_with_3(ledger: Ledger, call: Call) -> None:
    answer = call("claim", "--wait", "1s")
    assert answer.code == 3
    assert "there are no orgs; waiting up to 1s" in answer.err


def test_an_unknown_username_exits_with_3_and_an_unknown_pool_with_2(
    ledger: Ledger, call: Call
) -> None:
    unknown = call("claim", "nobody@acme.example", "--json")
    assert (unknown.code, unknown.error["code"]) == (3, "unknown_username")
    pool = call("claim", "--pool", "mornign", "--json")
    assert (pool.code, pool.error["code"]) == (2, "unknown_pool")
    assert pool.error["hint"] == "did you mean morning?"


def test_an_org_of_another_exits_with_7(ledger: Ledger, call: Call) -> None:
    add(ledger, "a")
    assert call("claim", "a@acme.example", "--owner", "bob").code == 0
    for command in ("claim", "renew", "release"):
        answer = call(command, "a@acme.example", "--json")
        assert answer.code == 7
        assert "is claimed by bob until" in answer.error["message"]


def test_the_same_key_prints_the_same_org(ledger: Ledger, call: Call) -> None:
    add(ledger, "a")
    add(ledger, "b")
    first = call("claim", "--json", "--idempotency-key", "job-1")
    assert call("claim", "--json", "--idempotency-key", "job-1").document == first.document


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("claim", "--owner", "a\nb"), "--owner must not contain line breaks"),
        (("claim", "--purpose", "\x1b[2J"), "--purpose must not contain"),
        (("claim", "--idempotency-key", "a\x00b"), "--idempotency-key must not contain"),
        (("claim", "--pool", " "), "--pool is empty"),
        (("claim", ""), "USERNAME is empty"),
        (("release", ""), "USERNAME is empty"),
        (("claim", "--idempotency-key", ""), "--idempotency-key is empty"),
        (("claim", "--lease", "8"), "--lease: 8 has no unit"),
        (("claim", "--lease", "0s"), "--lease: 0s is out of range"),
        (("renew", "a", "--lease", "31d"), "--lease: 31d is out of range"),
        (("claim", "--min-life", "soon"), "--min-life: must be a duration like 20h"),
        (("claim", "--wait", "9999999999w"), "--wait: "),
        (("status", "nowhere"), "there is no pool 'nowhere'"),
    ],
)
def test_an_invalid_argument_exits_with_2_and_claims_nothing(
    ledger: Ledger, call: Call, arguments: tuple[str, ...], message: str
) -> None:
    add(ledger, "a")
    answer = call(*arguments, "--json")
    assert answer.code == 2
    assert answer.error["message"].startswith(message)
    assert len(ledger.orgs(states=[State.AVAILABLE])) == 1


def test_release_deletes_later_or_puts_back_where_the_pool_allows_it(
    ledger: Ledger, call: Call
) -> None:
    add(ledger, "a")
    add(ledger, "e", pool="evening")
    for name in ("a", "e"):
        call("claim", f"{name}@acme.example")
    assert call("release", "a@acme.example", "--reuse").out == (
        "a@acme.example is available again\n"
    )
    refused = call("release", "e@acme.example", "--reuse", "--json")
    assert (refused.code, refused.error["code"]) == (2, "reuse_not_allowed")
    released = call("release", "e@acme.example")
    assert released.out == "e@acme.example is released; the next build or reap will delete it\n"
    assert "could not be deleted now: " in released.err
    assert call("release", "e@acme.example", "--json").document["state"] == "released"


def test_release_by_force_says_what_is_so_and_what_deletes_the_org(
    ledger: Ledger, call: Call
) -> None:
    add(ledger, "free")
    add(ledger, "failed", State.FAILED)
    add(ledger, "kept", State.FAILED, kept=True)
    add(ledger, "gone", State.EXPIRED, State.DELETED)

    def said(name: str, *options: str) -> str:
        return call("release", f"{name}@acme.example", "--force", *options).out.strip()

    assert said("free", "--reuse") == "free@acme.example is available; it was not claimed"
    assert said("free") == "free@acme.example is released; the next build or reap will delete it"
    assert said("failed") == "failed@acme.example is failed; the next build or reap will delete it"
    assert said("kept") == "kept@acme.example is failed; `provisioner reap --kept` will delete it"
    assert said("gone") == "gone@acme.example was already deleted"


def test_a_broken_row_is_reported_on_stderr_by_claims_and_on_stdout_by_status(
    ledger: Ledger, call: Call, folder: Path
) -> None:
    add(ledger, "broken", life=timedelta(days=1))
    add(ledger, "sound")
    with closing(sqlite3.connect(folder / "ledger.db")) as file, file:
        file.execute("UPDATE org SET users = '{' WHERE username LIKE 'broken%'")
    said = (
        "broken@acme.example: its row in the ledger is broken: users has an invalid value (got '{')"
    )
    answer = call("claim", "--json")
    assert (answer.code, answer.document["username"]) == (0, "sound@acme.example")
    assert said in answer.err
    answer = call("claim", "--json")
    assert (answer.code, answer.error["code"]) == (3, "no_org_available")
    assert said in answer.err
    answer = call("claim", "broken@acme.example", "--json")
    assert (answer.code, answer.error["code"]) == (2, "ledger_corrupt")
    assert "users has an invalid value (got '{')" in answer.error["message"]
    assert answer.err == "", "the reason is printed once"
    answer = call("status")
    assert answer.err == ""
    lines = answer.out.splitlines()
    assert "Broken rows of the ledger (not available for claims):" in lines
    assert lines[-1].startswith(
        "broken@acme.example  morning  users has an invalid value (got '{')"
    )
    assert lines[-1].endswith("the next `provisioner build` repairs it")


def test_a_row_with_an_address_that_is_none_ends_no_claim_as_a_bug(
    ledger: Ledger, call: Call, folder: Path
) -> None:
    pem = private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.key").write_bytes(pem)
    old = utc_now() - timedelta(days=1)
    for name, url in (("a", "https://two words"), ("b", "http://[")):
        add(ledger, name, proven_at=old, login_url=url, life=timedelta(days=1))
    for name in ("a", "b"):
        answer = call("claim", f"{name}@acme.example", "--json")
        assert (answer.code, answer.document["username"]) == (0, f"{name}@acme.example")
        assert f"{name}@acme.example could not be verified: " in answer.err
        assert call("login", f"{name}@acme.example", "--json").code > 1, "no bug of ours"


NO_KEYS = """\
dev_hub: { username: "${NOPE}", consumer_key: "${NOPE}", private_key: nowhere.key, login_url: 7 }
scratch_app: { consumer_key: "${NOPE}" }
ledger: sqlite:///${LEDGER}.db
pools: { morning: { size: 2, reuse: true }, evening: { steps: [{ dance: "${NOPE}" }] } }
"""


def test_what_needs_no_key_reads_none_and_no_variable_but_the_ledgers(
    ledger: Ledger, call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(ledger, "a")
    add(ledger, "old", proven_at=utc_now() - timedelta(days=1))
    ledger.finish_run(Run("run-1", "host", 1, utc_now()))
    (folder / "pool.yaml").write_text(NO_KEYS)
    monkeypatch.setenv("LEDGER", "ledger")
    for command in (
        ("status",),
        ("status", "--manifest"),
        ("report",),
        ("claim", "a@acme.example", "--lease", "1h"),
        ("renew", "a@acme.example"),
        ("release", "a@acme.example", "--reuse"),
    ):
        answer = call(*command)
        assert (answer.code, answer.err) == (0, ""), command
    monkeypatch.delenv("LEDGER")
    answer = call("status", "--json")
    assert (answer.code, answer.error["code"]) == (2, "config")
    assert "the environment variable LEDGER is not set" in answer.error["message"]


def test_a_key_that_cannot_be_read_says_nothing_of_an_org(
    ledger: Ledger, call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(ledger, "old", proven_at=utc_now() - timedelta(days=1))
    (folder / "pool.yaml").write_text(NO_KEYS)
    monkeypatch.setenv("LEDGER", "ledger")
    answer = call("claim", "--json")
    assert (answer.code, answer.document["username"]) == (0, "old@acme.example")
    assert "old@acme.example could not be verified: pool.yaml:1:" in answer.err
    answer = call("release", "old@acme.example")
    assert answer.out == "old@acme.example is released; the next build or reap will delete it\n"
    assert "could not be deleted now: pool.yaml:1:" in answer.err
    answer = call("status", "--prove", "--json")
    assert (answer.code, answer.error["code"]) == (2, "config")


def test_what_claims_use_of_a_pool_must_be_right_for_claims_alone(
    ledger: Ledger, call: Call, folder: Path
) -> None:
    (folder / "pool.yaml").write_text(POOL_YAML.replace("reuse: true", "reuse: maybe"))
    assert call("status").code == 0
    assert call("report").code == 3
    answer = call("claim", "--json")
    assert (answer.code, answer.error["code"]) == (2, "config")


def test_renew_prints_the_new_end(ledger: Ledger, call: Call) -> None:
    add(ledger, "a")
    call("claim", "--lease", "1h")
    answer = call("renew", "a@acme.example", "--lease", "3h")
    assert answer.out.startswith("a@acme.example is claimed by ann@acme.example until ")
    document = call("renew", "a@acme.example", "--json").document
    assert datetime.fromisoformat(document["lease_until"]) > utc_now() + timedelta(hours=7)


def test_renew_says_when_it_changes_nothing_and_how_to_shorten(ledger: Ledger, call: Call) -> None:
    add(ledger, "a")
    first = call("claim", "--lease", "3h", "--json").document
    answer = call("renew", "a@acme.example", "--lease", "1h", "--json")
    assert (answer.code, answer.document["lease_until"]) == (0, first["lease_until"])
    assert "The lease already ends later than in 1h and was not changed" in answer.err
    assert call("renew", "a@acme.example", "--shorten").code == 2
    document = call("renew", "a@acme.example", "--lease", "1h", "--shorten", "--json").document
    assert datetime.fromisoformat(document["lease_until"]) < utc_now() + timedelta(hours=2)


def test_a_lease_that_would_outlast_the_org_is_cut_and_that_is_said(
    ledger: Ledger, call: Call
) -> None:
    org = add(ledger, "a")
    assert org.expires_at is not None
    until = org.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    for command in (("claim",), ("renew", org.username)):
        answer = call(*command, "--lease", "20d", "--json")
        assert (answer.code, answer.document["lease_until"]) == (0, until)
    assert ", when the org expires" in call("renew", org.username, "--lease", "20d").out


def test_a_ledger_that_cannot_be_used_exits_with_2_and_no_traceback(
    call: Call, folder: Path
) -> None:
    (folder / "ledger.db").write_text("this is no database, and never was one")
    for command in (("claim",), ("status",), ("release", "a@b"), ("renew", "a@b")):
        answer = call(*command, "--json")
        assert (answer.code, answer.error["code"]) == (2, "ledger_corrupt")
        assert "is damaged" in answer.error["message"]
        assert answer.err == ""


def test_claim_and_status_import_nothing_heavy(ledger: Ledger, folder: Path) -> None:
    add(ledger, "a")
    ledger.finish_run(Run("run-1", "host", 1, utc_now()))
    script = (
        "import sys; from provisioner.cli.main import run; run(['status']); "
        "code = run(['claim']); "
        "print(sorted(set(sys.modules) & {'rich', 'requests', 'simple_salesforce', 'jwt', "
        "'cryptography', 'werkzeug', 'psycopg', 'asyncio', 'provisioner.emulator', "
        "'provisioner.steps.plugins'})); "
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"
