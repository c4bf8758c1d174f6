"""The lines of `check --online`: for people, for `--json`, for GitHub, for narrow encodings."""

from __future__ import annotations

import contextlib
import io
import os
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from provisioner.builder.connections import Connections
from provisioner.builder.snapshot_names import prefix
from provisioner.cli import main
from provisioner.doctor.checks import CHECKS
from provisioner.emulator.keys import KeyPair, make_key_pair
from provisioner.emulator.world import DEFAULT_HUB_USERNAME
from provisioner.ledger import open_ledger
from provisioner.ledger.facts import HubFacts
from provisioner.ledger.postgresql import session as postgresql_session
from provisioner.salesforce.org_snapshots import OrgSnapshots
from tests.builder.night import Night
from tests.config.test_key_pairs import NOW, YEAR, certificate, pem
from tests.doctor import damages
from tests.doctor.conftest import MakeNight, put_key
from tests.proof.here import run
from tests.proof.processes import environment

pytestmark = pytest.mark.slow


@pytest.fixture
def night(make_with_files: MakeNight) -> Night:
    """A Dev Hub with nothing wrong, and a pool without steps."""
    night = make_with_files()
    night.write_pool(steps="")
    return night


def test_a_hub_with_nothing_wrong_has_only_good_lines_and_costs_seven_requests(
    night: Night,
) -> None:
    ended = run(night, "check", "--online")
    assert ended.code == 0
    assert {line[0] for line in ended.err.splitlines()[1:-2]} == {"✓"}
    assert ended.err.endswith("Dev Hub: no problems (7 requests to the Dev Hub)\n")
    assert sum(night.world.log.counts()["hub"].values()) == 7


def test_json_has_each_check_and_its_earlier_keys(night: Night) -> None:
    document = run(night, "check", "--online", "--json").document
    assert set(document) == {
        "problems",
        "checked",
        "hub",
        "packages",
        "checks",
        "api_calls",
        "facts",
    }
    assert document["api_calls"] == {"hub": 7}
    names = [check["name"] for check in document["checks"]]
    assert list(dict.fromkeys(names)) == [
        name for name in CHECKS if name not in ("scratch_app", "snapshots")
    ]
    for check in document["checks"]:
        assert set(check) == {"name", "status", "message", "hint"}
        assert (check["status"], check["hint"]) == ("ok", None)


def test_json_of_a_failure_has_the_error_and_all_checks(night: Night) -> None:
    damages.disable_app(night)
    damages.damage_ledger(night)
    ended = run(night, "check", "--online", "--json")
    assert ended.code == 5
    assert ended.document["error"]["code"] == "login_unknown_key"
    assert ended.document["hub"]["api_version"] is None
    found = {check["name"]: check["status"] for check in ended.document["checks"]}
    assert (found["login"], found["ledger"]) == ("problem", "problem")
    assert found["rights"] == "skipped"


def test_a_limit_hides_no_problem_that_needs_a_repair(night: Night) -> None:
    night.write_pool(steps="", top="limits: { keep_daily: 80 }")
    assert run(night, "check", "--online").code == 4
    damages.damage_ledger(night)
    assert run(night, "check", "--online").code == 2


def test_quiet_prints_only_what_needs_attention(night: Night) -> None:
    assert run(night, "--quiet", "check", "--online").err == ""
    damages.damage_ledger(night)
    err = run(night, "--quiet", "check", "--online").err
    assert [line.split(":")[0] for line in err.splitlines()] == ["✗ ledger", "  hint"]


def test_github_gets_an_annotation_for_each_problem(night: Night) -> None:
    damages.damage_ledger(night)
    ended = run(night, "check", "--online", "--format", "github")
    assert ended.code == 2
    [line] = ended.out.splitlines()
    assert line.startswith("::error title=ledger::the ledger .provisioner/ledger.db is damaged: ")
    assert "%0Ahint: restore it from a backup" in line


def test_a_terminal_without_the_marks_gets_ascii(night: Night) -> None:
    damages.damage_ledger(night)
    written = io.BytesIO()
    with (
        contextlib.chdir(night.folder),
        patch.dict(os.environ, environment(night), clear=True),
        contextlib.redirect_stderr(io.TextIOWrapper(written, encoding="ascii")),
    ):
        assert main.run(["check", "--online"]) == 2
        text = written.getvalue().decode("ascii")
    assert "\n+ login: " in text
    assert "\nx ledger: " in text
    assert "\\u" not in text


def test_marks_have_colours_on_a_terminal(night: Night) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    with (
        contextlib.chdir(night.folder),
        patch.dict(os.environ, {**environment(night), "TERM": "xterm"}, clear=True),
        contextlib.redirect_stderr(terminal),
    ):
        assert main.run(["check", "--online"]) == 0
    assert "\n\x1b[32m✓\x1b[0m login: " in terminal.getvalue()


def test_each_key_is_shown_while_a_key_is_replaced(night: Night, key_pair: KeyPair) -> None:
    put_key(night, key_pair, "old")
    put_key(night, make_key_pair(), "new")
    damages.write(night, "${KEY}", "[new.key, old.key]")
    ended = run(night, "check", "--online")
    assert ended.code == 0
    for line in (
        "✓ private key: dev_hub.private_key.0: new.key: RSA, 2048 bits, not encrypted",
        "✓ private key: dev_hub.private_key.1: old.key: RSA, 2048 bits, not encrypted",
        "✓ certificate: new.crt is the certificate of private_key.0, and valid until ",
        "✓ certificate: old.crt is the certificate of private_key.1, and valid until ",
        "! login: only the second private key opens the Dev Hub: its app still has the old "
        "certificate\n  hint: put the certificate of the first key into the app: ",
    ):
        assert f"\n{line}" in ended.err


def test_the_certificate_of_pool_yaml_must_be_that_of_the_new_key(
    night: Night, key_pair: KeyPair
) -> None:
    put_key(night, key_pair, "old")
    put_key(night, make_key_pair(), "new")
    damages.write(night, "${KEY}", "[new.key, old.key]\n  certificate: old.crt")
    ended = run(night, "check", "--online", "--json")
    assert ended.code == 2
    assert "\n✗ certificate: old.crt belongs to another key than private_key.0\n" in ended.err
    assert [problem["key"] for problem in ended.document["problems"]] == ["dev_hub.certificate"]
    assert ended.document["error"]["code"] == "certificate"


def test_an_encrypted_key_is_shown_as_such(night: Night, key_pair: KeyPair) -> None:
    key = load_pem_private_key(key_pair.private_key.encode(), None)
    locked = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a long passphrase")
    )
    (night.folder / "hub.key").write_bytes(locked)
    err = run(night, "check", "--online").err
    assert (
        "✗ private key: dev_hub.private_key: hub.key: the private key is encrypted, but no" in err
    )
    assert "  hint: set SF_PRIVATE_KEY_PASSPHRASE to the passphrase\n" in err
    night.environ["SF_PRIVATE_KEY_PASSPHRASE"] = "a long passphrase"
    ended = run(night, "check", "--online")
    assert "hub.key: RSA, 2048 bits, encrypted, and the passphrase opens it\n" in ended.err
    assert ended.code == 0
    assert "a long passphrase" not in ended.err


@pytest.mark.parametrize(
    ("days", "line"),
    [
        (1, "! certificate: hub.crt expires on {}, before the orgs that are built today, which "
         "live 2 days: then nobody can log in to them"),
        (5, "! certificate: hub.crt is the certificate of private_key, and expires on {}"),
        (90, "✓ certificate: hub.crt is the certificate of private_key, and valid until {} "
         "(89 days)"),
    ],
)  # fmt: skip
def test_the_certificate_must_outlive_the_orgs_of_tonight(
    night: Night, key_pair: KeyPair, days: int, line: str
) -> None:
    key = load_pem_private_key(key_pair.private_key.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    until = datetime.now(UTC) + timedelta(days=days)
    made = certificate(key, since=-YEAR, until=until - NOW)
    (night.folder / "hub.crt").write_bytes(pem(made))
    ended = run(night, "check", "--online")
    assert ended.code == 0
    assert f"\n{line.format(f'{until:%Y-%m-%d}')}\n" in ended.err


def record(night: Night, facts: HubFacts) -> None:
    """What a probe or a build has found out."""
    config = night.config()
    with contextlib.closing(open_ledger(config.ledger, config.directory)) as ledger:
        ledger.record_facts(config.facts_subject, facts)


def test_the_kind_of_app_and_the_way_of_sign_ups_follow_the_facts(night: Night) -> None:
    def line() -> str:
        found = run(night, "check", "--online").err.splitlines()
        return next(each for each in found if "login app: " in each)

    assert line() == (
        "✓ login app: a connected app (there is no External Client App); the next build "
        "finds out whether sign-ups copy it (login_app: auto)"
    )
    record(night, HubFacts(sign_up_way="replicated"))
    assert line() == (
        "✓ login app: sign-ups copy it into each org, as they do with a connected app "
        "(login_app: auto)"
    )
    record(night, HubFacts(sign_up_way="deployed", sign_up_way_reason="sign-up: C-1016"))
    assert line() == (
        "✓ login app: sign-ups do not copy it, as with an External Client App; each org gets a "
        "login app of its own (login_app: auto)"
    )
    night.login_app("replicated")
    night.write_pool(steps="")
    assert line() == (
        "! login app: login_app is replicated, but an earlier sign-up showed that the Dev Hub does "
        "not copy its app: sign-up: C-1016"
    )
    night.login_app("deployed")
    night.write_pool(steps="")
    assert line().endswith("each org gets a login app of its own (login_app: deployed)")


def test_a_database_that_cannot_be_reached_hides_nothing_else(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_session, "RETRY_SECONDS", 0.0)
    night.write_pool(steps="", top="ledger: postgresql://user@127.0.0.1:1/pools")
    ended = run(night, "check", "--online")
    assert ended.code == 9
    assert "\n✗ ledger: " in ended.err
    assert "\n✓ allowances: the pools want 2 orgs\n" in ended.err


def test_a_dev_hub_that_cannot_be_reached_hides_no_local_result(night: Night) -> None:
    night.login_url = "http://127.0.0.1:1"
    night.write_pool(steps="")
    ended = run(night, "check", "--online")
    assert ended.code == 9
    assert f"✗ login: login of {DEFAULT_HUB_USERNAME} at {night.login_url} failed: " in ended.err
    assert "\n✓ private key: " in ended.err
    assert "\n! clock: not checked, because the Dev Hub sent no answer with a date\n" in ended.err
    assert "\n✓ ledger: " in ended.err


def test_a_probe_that_could_not_delete_its_org_is_a_warning_about_rights(night: Night) -> None:
    record(night, HubFacts(can_delete=False))
    err = run(night, "check", "--online").err
    assert (
        "\n! rights: the last `check --probe` showed that hub@acme.example cannot delete its "
        "scratch orgs\n  hint: give it Delete on Active Scratch Orgs, then run " in err
    )


MARKER = """\
- run_apex: { file: scripts/setup.apex }
- snapshot: {}
"""


def _snapshot_lines(night: Night) -> list[str]:
    """The lines about snapshots of a `check --online` without a problem."""
    ended = run(night, "check", "--online", "--json")
    assert ended.code == 0
    found = [check for check in ended.document["checks"] if check["name"] == "snapshots"]
    return [f"{check['status']}: {check['message']}" for check in found]


def test_a_pool_with_the_marker_gets_a_line_for_each_fact_of_its_snapshots(night: Night) -> None:
    night.write_pool(steps=MARKER)
    assert _snapshot_lines(night) == [
        "ok: 40 active and 40 daily ones left",
        "ok: no org snapshot of this pool.yaml yet",
    ]
    config = night.config()
    start = f"{prefix(config)}content20"
    org = night.world.add_scratch_org("source@acme.example")
    night.world.faults.add({"when": {"operation": "snapshot"}, "then": {"do": "error"}, "times": 1})
    with Connections(config) as connections:
        snapshots = OrgSnapshots(connections.hub.client)
        for number in range(2):
            key = snapshots.create(f"{start}{number}", org.id, "provisioner")
            while (snapshot := snapshots.read(key)) and snapshot.is_pending:
                pass
        snapshots.create(f"{start}9", org.id, "made by a person")
    night.world.limits.daily_snapshots = 3
    until = night.world.now().date() + timedelta(days=90)
    assert _snapshot_lines(night) == [
        "warning: 38 active and 0 daily ones left: a build cannot make a new one",
        f"ok: 1 org snapshot of this pool.yaml: {start}1 (Active until {until})",
        f"warning: {start}0: its status is Error: The snapshot could not be created.",
    ]


def test_where_snapshots_are_off_orgs_are_built_in_full(night: Night) -> None:
    night.write_pool(steps=MARKER)
    night.world.hub.store.remove_type("OrgSnapshot")
    ended = run(night, "check", "--online")
    assert ended.code == 0
    assert "! snapshots: no org snapshots, so orgs are built in full (" in ended.err
    assert "hint: enable Scratch Org Snapshots in Setup of the Dev Hub" in ended.err
