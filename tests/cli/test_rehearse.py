"""`provisioner rehearse` plays the whole night of a pool.yaml, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from provisioner.builder.result import BuildResult
from provisioner.builder.run import build
from provisioner.ledger.facts import HubFacts
from provisioner.rehearsal.hub_facts import limits
from tests.cli.conftest import Cli, tree

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
FAST = "2000"

TWO_POOLS = """\
dev_hub:
  username: ${SF_HUB_USERNAME}
  consumer_key: ${SF_CONSUMER_KEY}
  private_key: ${SF_PRIVATE_KEY}
ledger: sqlite:///FOLDER/ledger.db
pools:
  one: &pool
    size: 1
    duration_days: 2
    replacements: 0
    sign_up_timeout: 24h
    definitions: [config/project-scratch-def.json]
    steps:
      - install_package:
          { version: 04t000000000001AAA, installation_key: "${INSTALL_KEY}", timeout: 24h }
  two: *pool
"""


@pytest.fixture
def pools(tmp_path: Path) -> Path:
    """The folder of a small project; its pool.yaml names variables that nobody has set."""
    (tmp_path / "config").mkdir()
    definition = {"edition": "Developer", "orgName": "Acme"}
    (tmp_path / "config/project-scratch-def.json").write_text(json.dumps(definition))
    (tmp_path / "pool.yaml").write_text(TWO_POOLS.replace("FOLDER", str(tmp_path)))
    return tmp_path


def plan_faults(folder: Path, *faults: dict[str, Any]) -> str:
    """A file of faults for the emulator."""
    (folder / "faults.json").write_text(json.dumps(faults))
    return "faults.json"


def test_the_result_is_the_builds_and_the_org_that_was_claimed(cli: Cli, pools: Path) -> None:
    before = tree(pools)
    done = cli("rehearse", "--speed", FAST, "--json")
    assert done.code == 0, done.err
    document = done.json
    assert (document["wanted"], document["built"], document["failed"]) == (2, 2, 0)
    claimed = document["claimed"]
    (org,) = [org for org in document["orgs"] if org["username"] == claimed["username"]]
    assert claimed["org_id"][:15] == org["org_id"][:15]
    assert claimed["instance_url"] == org["instance_url"]
    assert shlex.split(claimed["command"])[:3] == ["provisioner", "login", claimed["username"]]
    assert "INSTALL_KEY is not set" in done.err
    assert tree(pools) == before, "the rehearsal has a ledger and keys of its own"


def test_the_output_names_the_org_that_was_claimed(cli: Cli, pools: Path) -> None:
    done = cli("rehearse", "--speed", FAST, "one")
    assert done.code == 0, done.err
    claimed, org_id, login = done.out.splitlines()
    username = claimed.split()[1]
    assert claimed == f"claimed   {username}"
    assert username.startswith("one-")
    assert org_id.startswith("org id    00D")
    assert login.startswith(f"login     provisioner login {username} --consumer-key ")
    assert "one: 1 of 1 available" in done.err
    assert "two:" not in done.err


def test_it_exits_as_build_does_when_the_faults_make_orgs_fail(cli: Cli, pools: Path) -> None:
    fault = {
        "when": {"operation": "signup"},
        "then": {"do": "error", "error": "S-9999"},
        "times": 0,
    }
    done = cli("rehearse", "--speed", FAST, "--json", "--faults", plan_faults(pools, fault), "one")
    assert (done.code, done.json["built"], done.json["claimed"]) == (6, 0, None)
    assert "S-9999" in done.json["orgs"][0]["error"]


BIG = """\
dev_hub: { username: hub@acme.example, consumer_key: "${SF_CONSUMER_KEY}", private_key: no.key }
limits: { keep_daily: 10000, keep_active: 10000 }
pools:
  big: { size: 3, replacements: 0, definitions: [config/project-scratch-def.json] }
"""


def test_a_pool_of_any_size_is_rehearsed_unless_limits_are_chosen(cli: Cli, pools: Path) -> None:
    """Without them, even so many orgs may be kept for people."""
    (pools / "pool.yaml").write_text(BIG)
    done = cli("rehearse", "--speed", FAST, "--json")
    assert (done.code, done.json["built"]) == (0, 3), done.err
    (pools / "pool.yaml").write_text(BIG.replace("10000", "1"))
    done = cli("rehearse", "--speed", FAST, "--json", "--limits", "active=3")
    assert (done.code, done.json["built"]) == (4, 2), done.err
    assert "active scratch org limit" in done.err
    done = cli("rehearse", "--limits", "activ=3")
    assert done.code == 2
    assert "'activ=3' must be NAME=NUMBER; the names are active, daily, api" in done.err
    assert "hint: see `provisioner rehearse --help`\n" in done.err


def test_the_limits_are_those_that_a_probe_has_found() -> None:
    assert limits(HubFacts(active_limit=6, daily_limit=12)) == "active=6,daily=12"
    assert limits(HubFacts(daily_limit=12), "active=3") == "active=1000000,daily=12,active=3"


def test_without_a_pool_file_no_emulator_is_started(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.children.start", lambda *_a, **_k: pytest.fail("started"))
    done = cli("rehearse", "--config", str(tmp_path / "none.yaml"))
    assert (done.code, done.out) == (2, "")
    assert "none.yaml:1:1: the file does not exist" in done.err


def test_on_the_worst_monday_the_pool_is_filled_with_replacements(cli: Cli, pools: Path) -> None:
    text = (pools / "pool.yaml").read_text()
    text = text.replace("size: 1", "size: 3").replace("replacements: 0", "replacements: 2")
    (pools / "pool.yaml").write_text(text)
    done = cli("rehearse", "--speed", FAST, "--json", "--faults", "worst-monday", "one")
    assert (done.code, done.json["built"], done.json["failed"]) == (0, 3, 1), done.err
    assert "Error C-9999: the sign-up service failed" in done.err


def test_without_an_org_there_is_nothing_to_claim(cli: Cli, pools: Path) -> None:
    limit = {"do": "answer", "status": 400, "error": "LIMIT_EXCEEDED", "message": "daily limit"}
    fault = {"when": {"route": "sobjects.create", "org": "hub"}, "then": limit, "times": 0}
    done = cli("rehearse", "--speed", FAST, "--faults", plan_faults(pools, fault), "one")
    assert (done.code, done.out) == (4, "No org was built, so none was claimed.\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--speed", "0.5"], "--speed"),
        (["--faults", "nowhere.json"], "the file nowhere.json does not exist; scenarios: worst-"),
        (["--faults", "worst-day"], "(did you mean worst-monday?); known: worst-monday"),
        (["three"], "three"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_rehearsed_is_a_usage_error(
    cli: Cli, pools: Path, arguments: list[str], text: str
) -> None:
    done = cli("rehearse", *arguments)
    assert (done.code, done.out) == (2, "")
    assert text in done.err


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[\n  ,]", "2:3", "the file is not JSON: "),
        ('[\n  {"then": {"do": "reset"}},\n  {}\n]', "3:3", "`then` must be a behaviour, such as"),
        ('{\n "fault": []\n}', "2:2", "unknown key 'fault' (did you mean faults?"),
    ],
    ids=["not JSON", "no behaviour", "an unknown key"],
)
def test_a_broken_fault_file_is_a_usage_error_with_its_line(
    cli: Cli, pools: Path, text: str, line: str, message: str
) -> None:
    (pools / "faults.json").write_text(text)
    done = cli("rehearse", "--faults", "faults.json")
    assert (done.code, done.out) == (2, "")
    assert f"error: {pools / 'faults.json'}:{line}: {message}" in done.err
    assert done.err.endswith("\nhint: docs/emulator.md describes the format of the file\n")


def test_a_broken_fault_file_is_a_usage_error_in_json(cli: Cli, pools: Path) -> None:
    (pools / "faults.json").write_text("[{}]")
    done = cli("rehearse", "--json", "--faults", "faults.json")
    assert (done.code, done.err) == (2, "")
    assert done.json["error"]["code"] == "usage"
    assert f"{pools / 'faults.json'}:1:2: `then` must be" in done.json["error"]["message"]


@dataclass(frozen=True)
class Serving:
    """`rehearse --serve` that has built, and serves on."""

    process: subprocess.Popen[str]
    url: str
    export: str  # the last line of the result

    def state(self) -> Any:
        """What the emulator says of itself."""
        with urllib.request.urlopen(f"{self.url}/_emulator/state", timeout=60) as answer:
            return json.load(answer)

    def end(self, number: int) -> tuple[int, str]:
        """The exit code after a signal, and what was said on stderr since it serves."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err


@contextmanager
def serving(pools: Path, *options: str) -> Iterator[Serving]:
    """Starts it, and waits until it says that it serves."""
    process = start(pools, *options)
    try:
        assert process.stderr is not None
        assert process.stdout is not None
        talk = list(takewhile(lambda line: "Ctrl-C" not in line, process.stderr))
        *_, login, export = [process.stdout.readline() for _ in range(4)]
        assert login.startswith("login "), "".join(talk)
        words = shlex.split(login)
        yield Serving(process, words[words.index("--login-url") + 1], export)
    finally:
        kill(process)


def start(pools: Path, *options: str) -> subprocess.Popen[str]:
    """`rehearse --serve` of one pool."""
    return subprocess.Popen(
        [sys.executable, "-m", "provisioner", "rehearse", "--serve", "one", *options],
        cwd=pools,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(pools)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill(process: subprocess.Popen[str]) -> None:
    """End it with all its children; of a rehearsal that ended well nothing is left."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_with_serve_the_emulator_serves_until_a_signal(pools: Path, number: int) -> None:
    before = tree(pools)
    with serving(pools, "--speed", FAST) as rehearsal:
        assert rehearsal.state()["orgs"], "the login can be repeated"
        code, said = rehearsal.end(number)
        assert (code, said) == (0, "Stopped.\n")
        with pytest.raises(OSError, match="refused"):
            rehearsal.state()
    assert tree(pools) == before, "the key and the ledger of the rehearsal are gone"


def test_commands_work_on_the_rehearsal_while_its_variable_is_exported(
    cli: Cli, pools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the user's own pool.yaml, and without a touch of its Dev Hub and ledger."""
    before = tree(pools)
    with serving(pools, "--speed", FAST) as rehearsal:
        name, _, folder = rehearsal.export.removeprefix("shell     export ").strip().partition("=")
        assert name == "PROVISIONER_REHEARSAL"
        monkeypatch.setenv(name, folder)
        said = f"Working on the rehearsal in {folder}, not on the Dev Hub ({name} is set).\n"
        (pool, _) = cli("status", "--json").json["pools"]
        (org,) = pool["orgs"]
        assert (org["state"], org["owner"]) == ("claimed", "rehearsal")
        done = cli("plan", "one")
        assert (done.code, said) == (0, done.err), done.out
        username = org["username"]
        assert cli("login", username, "--owner", "rehearsal").code == 0
        assert cli("release", username, "--owner", "rehearsal").err.count(said) == 1
        built = cli("build", "two", "--json")
        assert (built.code, built.json["built"]) == (0, 1), built.err
        assert cli("claim", "--owner", "me", "--pool", "two").code == 0
        assert cli("report", "--runs").out.count("1 of 1") == 2
        done = cli("ledger", "copy", "devhub", "sqlite:///other.db")
        assert (done.code, done.out) == (2, "")
        assert "`ledger copy` does not work on a rehearsal" in done.err
        rehearsal.end(signal.SIGINT)
        done = cli("status")
        assert (done.code, done.out) == (2, "")
        assert f"{name} is set, but no rehearsal is running in {folder}\n" in done.err
        assert f"hint: to work on the real Dev Hub, run `unset {name}`; " in done.err
    assert tree(pools) == before


def test_the_result_in_json_has_the_login_and_the_variable(cli: Cli, pools: Path) -> None:
    process = start(pools, "--json", "--speed", FAST)
    try:
        assert process.stderr is not None
        talk = list(takewhile(lambda line: "Ctrl-C" not in line, process.stderr))
        assert process.stdout is not None
        text = "".join(iter(process.stdout.readline, "}\n")) + "}"
        document = json.loads(text)
        _, command, username, *options = shlex.split(document["claimed"]["command"])
        done = cli(command, username, *options, "--json")
        assert (done.code, done.json["username"]) == (0, username), "".join(talk) + done.err
        folder = document["environment"]["PROVISIONER_REHEARSAL"]
        assert Path(folder).parent == pools
    finally:
        kill(process)


def test_the_speed_and_the_seed_are_the_emulators(pools: Path) -> None:
    with serving(pools, "--speed", "4000", "--seed", "7") as rehearsal:
        state = rehearsal.state()
        assert (state["speed"], state["seed"]) == (4000, 7)


def test_the_time_scale_of_the_build_is_the_inverse_of_the_speed(
    cli: Cli, pools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checked by the options of the build: its waits themselves would need a timed assertion."""
    time_scales: list[float] = []

    def recorded(*arguments: Any) -> BuildResult:
        time_scales.append(arguments[-1].time_scale)
        return build(*arguments)

    monkeypatch.setattr("provisioner.builder.run.build", recorded)
    assert cli("rehearse", "--speed", "4000", "one").code == 0
    assert time_scales == [1 / 4000]


ASSUMING = """\
dev_hub:
  username: ${{SF_HUB_USERNAME}}
  consumer_key: ${{SF_CONSUMER_KEY}}
  private_key: ${{SF_PRIVATE_KEY}}
{rehearsal}pools:
  one:
    size: 1
    replacements: 0
    definitions: [config/project-scratch-def.json]
    steps: {steps}
"""


def write_pool(folder: Path, steps: list[dict[str, Any]], rehearsal: str = "") -> None:
    """A pool.yaml whose orgs take these steps."""
    text = ASSUMING.format(rehearsal=rehearsal, steps=json.dumps(steps))
    (folder / "pool.yaml").write_text(text)


@pytest.mark.parametrize("where", ["option", "pool.yaml"])
def test_what_the_emulator_cannot_know_can_be_assumed(cli: Cli, pools: Path, where: str) -> None:
    steps = [{"assign_permission_sets": ["Sales_Excellence"]}]
    write_pool(pools, steps)
    refused = cli("rehearse", "--speed", FAST)
    assert refused.code == 6
    assert "permission sets not found in the org: Sales_Excellence" in refused.err + refused.out
    assert "which a real org may have" in refused.err
    assert "provisioner rehearse --assume permission-set:Sales_Excellence" in refused.err
    options = ["--assume", "permission-set:Sales_Excellence"] if where == "option" else []
    if where == "pool.yaml":
        write_pool(pools, steps, "rehearsal: { assume: ['permission-set:Sales_Excellence'] }\n")
    assert cli("rehearse", "--speed", FAST, *options).code == 0


def test_an_assumption_of_an_unknown_kind_is_a_usage_error(cli: Cli, pools: Path) -> None:
    write_pool(pools, [])
    done = cli("rehearse", "--speed", FAST, "--assume", "nonsense:A")
    assert done.code == 2
    assert "'nonsense:A' is not an assumption" in done.err
    write_pool(pools, [], "rehearsal: { assume: ['nonsense:A'] }\n")
    done = cli("rehearse", "--speed", FAST)
    assert done.code == 2
    assert "pool.yaml:5:" in done.err
    assert "write KIND:NAME" in done.err


def test_names_of_a_package_are_accepted_with_one_warning(cli: Cli, pools: Path) -> None:
    """The content of a package that no packages file describes is unknown."""
    install = {"install_package": {"version": "04t000000000001AAA"}}
    write_pool(pools, [install, {"assign_permission_sets": ["acme__Admin"]}])
    done = cli("rehearse", "--speed", FAST)
    assert done.code == 0, done.err
    assert done.err.count("does not know what the package with the namespace acme contains") == 1


def test_a_packages_file_says_what_a_package_contains(cli: Cli, pools: Path) -> None:
    contents = {"namespace": "acme", "permission_sets": ["Admin"]}
    (pools / "packages.json").write_text(json.dumps({"04t000000000001AAA": contents}))
    install = {"install_package": {"version": "04t000000000001AAA"}}
    write_pool(pools, [install, {"assign_permission_sets": ["acme__Admin"]}])
    done = cli("rehearse", "--speed", FAST, "--packages", "packages.json")
    assert done.code == 0, done.err
    assert "does not know" not in done.err
    write_pool(
        pools,
        [install, {"assign_permission_sets": ["acme__Other"]}],
        "rehearsal: { packages: packages.json }\n",
    )
    done = cli("rehearse", "--speed", FAST)
    assert done.code == 6, "the file says all that this package contains"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", " must be an object with a key for each package version (04t…)"),
        ("{\n", ":2:1: the file is not JSON: Expecting property name"),
        ('{"05t": {}}', ":1:2: '05t' is not a package version id (04t…)"),
        (
            '{"04t000000000001AAA": {"objects": [\n {"name": "A__c", "field": {}}]}}',
            ":2:19: 04t000000000001AAA: objects: unknown key 'field' (did you mean fields?",
        ),
    ],
)
def test_a_broken_packages_file_is_a_usage_error(
    cli: Cli, pools: Path, text: str, problem: str
) -> None:
    (pools / "packages.json").write_text(text)
    write_pool(pools, [])
    done = cli("rehearse", "--speed", FAST, "--packages", "packages.json")
    assert done.code == 2
    assert f"error: packages.json{problem}" in done.err
