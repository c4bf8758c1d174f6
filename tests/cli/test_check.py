"""`check` tells every problem of pool.yaml, for people and for machines."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from provisioner.cli.annotations import annotation
from provisioner.cli.new_keys import key_files, write_key_pair
from provisioner.config.load import load
from provisioner.config.model import Pool, PoolFile
from provisioner.declare.keys import declared_keys
from provisioner.errors import Problem
from provisioner.ledger import open_ledger
from provisioner.ledger.facts import HubFacts
from tests.cli.conftest import Cli

GOOD = """\
dev_hub:
  username: hub@acme.example
  consumer_key: 3MVG9consumer
  private_key: keys/server.key
pools:
  morning:
    size: 2
    definitions: [config/def.json]
"""


NO_PROBLEMS = {
    "problems": [],
    "checked": {"pools": 1, "orgs": 2, "definitions": 1, "steps": 0, "files": 2},
}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path) -> None:
    write_key_pair(key_files(tmp_path / "keys"))
    (tmp_path / "config").mkdir()
    (tmp_path / "config/def.json").write_text('{"edition": "Developer"}')
    (tmp_path / "pool.yaml").write_text(GOOD)


def test_a_good_file(cli: Cli) -> None:
    done = cli("check")

    assert (done.code, done.out) == (0, "")
    assert done.err == (
        "pool.yaml: no problems (1 pool, 2 orgs wanted; checked 1 definition, 0 steps, 2 files)\n"
    )


def test_quiet_prints_nothing_for_a_valid_file(cli: Cli) -> None:
    done = cli("check", "--quiet")

    assert (done.code, done.out, done.err) == (0, "", "")


def test_problems_are_lines_on_stderr_and_exit_2(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pool.yaml").write_text(GOOD.replace("size: 2", "size: 2000\n    colour: red"))

    done = cli("check", "--quiet")

    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [
        "pool.yaml:7:11: pools.morning.size: 2000 is out of range; write 0 to 1000",
        "pool.yaml:8:5: pools.morning.colour: unknown key; known keys: "
        + ", ".join(sorted(declared_keys(Pool))),
    ]
    assert cli("check").err.splitlines()[-1] == "2 problems"


def test_warnings_do_not_change_the_exit_code(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "keys/server.key").chmod(0o644)

    done = cli("check")

    assert done.code == 0
    assert done.err.splitlines() == [
        "pool.yaml:4:16: warning: dev_hub.private_key: others on this machine can read this key; "
        "run chmod 600 keys/server.key",
        "    4 |   private_key: keys/server.key",
        "      |                ^",
        "pool.yaml: 1 warning (1 pool, 2 orgs wanted; checked 1 definition, 0 steps, 2 files)",
    ]


def test_json_lists_the_problems(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "keys/server.key").chmod(0o644)
    (tmp_path / "pool.yaml").write_text(f"{GOOD}ledgr: x\n")

    done = cli("check", "--json", "--quiet")

    assert done.code == 2
    assert done.json == {
        "problems": [
            {
                "file": "pool.yaml",
                "line": 4,
                "column": 16,
                "key": "dev_hub.private_key",
                "message": "others on this machine can read this key; run chmod 600 "
                "keys/server.key",
                "warning": True,
            },
            {
                "file": "pool.yaml",
                "line": 9,
                "column": 1,
                "key": "ledgr",
                "message": "unknown key; did you mean ledger?",
                "warning": False,
            },
        ],
        "checked": None,
    }


def test_json_of_a_good_file_has_no_problem_and_says_what_was_checked(cli: Cli) -> None:
    done = cli("--json", "check")

    assert (done.code, done.json, done.err) == (0, NO_PROBLEMS, "")


def test_format_json_is_json(cli: Cli) -> None:
    done = cli("check", "--format", "json")

    assert (done.code, done.json, done.err) == (0, NO_PROBLEMS, "")


def test_format_github_annotates_the_lines(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keys/server.key").chmod(0o644)
    (tmp_path / "pool.yaml").write_text(f"{GOOD}'50%:,\\n': x\nledgr: x\n")

    done = cli("check", "--format", "github")

    assert done.code == 2
    assert done.out.splitlines() == [
        "::warning file=pool.yaml,line=4,col=16,title=dev_hub.private_key::others on this machine "
        "can read this key; run chmod 600 keys/server.key",
        "::error file=pool.yaml,line=9,col=1,title=50%25%3A%2C\\n::unknown key; known keys: "
        + ", ".join(sorted(declared_keys(PoolFile))),
        "::error file=pool.yaml,line=10,col=1,title=ledgr::unknown key; did you mean ledger?",
    ]
    assert done.err == "2 problems\n"


def test_an_annotation_names_the_file_from_the_root_of_the_repository(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path.parent))
    (tmp_path / "pool.yaml").write_text("dev_hub: x\n")

    done = cli("check", "--format", "github")

    assert done.out.startswith(f"::error file={tmp_path.name}/pool.yaml,line=1,col=10,")


def test_an_annotation_is_one_line_whatever_the_problem_contains() -> None:
    problem = Problem("a,b:c.yaml", 1, 2, "key", "100%\r\n::error::no", is_warning=True)

    assert annotation(problem, {}) == (
        "::warning file=a%2Cb%3Ac.yaml,line=1,col=2,title=key::100%25%0D%0A::error::no"
    )


def test_json_and_format_github_exclude_each_other(cli: Cli) -> None:
    done = cli("check", "--json", "--format", "github")

    assert done.code == 2
    assert done.json["error"]["message"] == "--json and --format github exclude each other"


def test_a_file_without_pools_is_not_all_good(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pool.yaml").write_text(GOOD[: GOOD.index("pools:")])

    done = cli("check")

    assert done.code == 0
    assert done.err == (
        "pool.yaml: no problems, but there is no pool, so `build` has nothing to do; claim, login "
        "and status can use the file (1 file checked)\n"
    )
    assert cli("check", "--json").json["checked"]["pools"] == 0


def test_a_missing_file_says_how_to_get_one(cli: Cli) -> None:
    done = cli("check", "-c", "nowhere.yaml")

    assert done.code == 2
    assert done.err.splitlines() == [
        "nowhere.yaml:1:1: the file does not exist",
        "hint: run `provisioner init` to create it, or pass the path of another file: "
        "--config FILE",
    ]
    assert cli("check", "-c", "nowhere.yaml", "--json").json["problems"][0]["line"] == 1


def test_broken_yaml_is_one_problem(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pool.yaml").write_text("dev_hub:\n\tusername: x\n")

    done = cli("check")

    assert done.code == 2
    assert done.err.splitlines() == [
        "pool.yaml:2:1: this line is indented with a tab; use spaces",
        "    2 |     username: x",
        "      | ^",
    ]


def test_the_key_is_read(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "keys/server.key").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n")

    done = cli("check")

    assert done.code == 2
    assert done.err.startswith("pool.yaml:4:16: dev_hub.private_key: keys/server.key: ")
    assert "AAAA" not in done.err


def test_the_certificate_must_match_the_key(cli: Cli, tmp_path: Path) -> None:
    write_key_pair(key_files(tmp_path / "other"))
    (tmp_path / "other/server.crt").replace(tmp_path / "keys/server.crt")

    done = cli("check")

    assert done.code == 2
    assert "the certificate does not match the private key" in done.err


def test_a_broken_definition_is_reported_where_it_is_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "config/def.json").write_text('{"edition": "Developer",\n}')

    assert cli("check").err.startswith(
        "pool.yaml:8:19: pools.morning.definitions.0: config/def.json:2:1: the file is not JSON: "
    )


def test_a_name_in_the_file_cannot_control_the_terminal(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pool.yaml").write_text(f'{GOOD}"\\e]0;owned\\a": 1\n')

    assert "\x1b" not in cli("check").err


def test_sizes_are_compared_with_what_the_ledger_knows_of_the_dev_hub(
    cli: Cli, tmp_path: Path
) -> None:
    config = load(tmp_path / "pool.yaml", environ={})
    with closing(open_ledger(config.ledger, tmp_path)) as ledger:
        ledger.record_facts(config.facts_subject, HubFacts(active_limit=1))

    done = cli("check", "--quiet")

    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines() == [
        "pool.yaml:6:3: warning: pools: the pools want 2 orgs, but the Dev Hub allows 1 active "
        "scratch org; write sizes of at most 1 together"
    ]


def test_schema_is_json_on_stdout_and_needs_no_pool_yaml(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pool.yaml").unlink()

    done = cli("schema")

    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["title"] == "pool.yaml"
