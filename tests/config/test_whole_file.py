"""A good pool.yaml becomes one frozen model; a bad one tells everything at once."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from provisioner.config.load import load
from provisioner.config.portion import Portion
from provisioner.config.rehearsed import Rehearsed
from provisioner.declare.secret import Secret
from provisioner.errors import ConfigError
from tests.config.project import HUB, POOL, Project, options
from tests.config.step_kinds import Assign, Install, Load

FULL = """\
dev_hub:
  username: hub@acme.example
  consumer_key: ${SF_CONSUMER_KEY}
  private_key: server.key
  login_url: https://acme.my.salesforce.com/
  scratch_login_url: https://test.salesforce.com
  api_version: "68.0"
scratch_app: { consumer_key: second, private_key: ${SF_SECOND_KEY} }
ledger: sqlite:///.provisioner/ledger.db
limits: { concurrent_signups: 10, keep_daily: 5, keep_active: 6 }
pools:
  morning:
    size: 50
    maximum: 60
    duration_days: 2
    refresh_after: 20h
    prove_after: 2h
    replacements: 1
    canary: false
    swap: 20%
    reuse: true
    definitions:
      - file: config/project-scratch-def.json
        weight: 4
      - config/person-accounts.json
    steps:
      - install_package: { version: 04t000000000001, installation_key: ${KEY} }
      - name: Everybody
        timeout: 30m
        assign_permission_sets: [Sales_Rep]
      - load_data: { plan: data/plan.json }
"""


def test_every_key_of_the_format_is_read(project: Project) -> None:
    project.write("config/person-accounts.json", '{"edition": "Enterprise"}')
    pem = "-----BEGIN PRIVATE KEY-----\\nAA==\\n-----END PRIVATE KEY-----"
    project.environ = {"SF_CONSUMER_KEY": "first", "SF_SECOND_KEY": pem, "KEY": "install-me"}

    config = project.load(FULL)

    assert config.path == project.path
    assert config.directory == project.folder
    assert config.dev_hub.username == "hub@acme.example"
    assert config.dev_hub.consumer_key == "first"
    assert config.dev_hub.private_key == project.folder / "server.key"
    assert config.dev_hub.login_url == "https://acme.my.salesforce.com"
    assert config.dev_hub.api_version == "68.0"
    assert config.scratch_app is not None
    assert config.consumer_app is config.scratch_app
    assert config.scratch_app.private_key == Secret(pem.replace("\\n", "\n"))
    assert config.ledger == "sqlite:///.provisioner/ledger.db"
    assert dataclasses.astuple(config.limits) == (10, 5, 6)
    pool = config.pools["morning"]
    assert (pool.name, pool.size, pool.maximum, pool.duration_days) == ("morning", 50, 60, 2)
    assert pool.refresh_after == timedelta(hours=20)
    assert pool.prove_after == timedelta(hours=2)
    assert (pool.replacements, pool.canary, pool.reuse) == (1, False, True)
    assert pool.swap == Portion(20, is_share=True)
    assert [(made.name, made.weight, made.content) for made in pool.definitions] == [
        ("config/project-scratch-def.json", 4, {"edition": "Developer"}),
        ("config/person-accounts.json", 1, {"edition": "Enterprise"}),
    ]
    install, assign, load_data = pool.steps
    assert options(install) == Install("04t000000000001", Secret("install-me"))
    assert (install.kind, install.name, install.timeout) == ("install_package", None, None)
    assert (install.file, install.line) == (str(project.path), 27)
    assert options(assign) == Assign(("Sales_Rep",))
    assert (assign.title, assign.timeout) == ("Everybody", timedelta(minutes=30))
    assert options(load_data) == Load(Path("data/plan.json"))
    assert config.warnings == ()


def test_what_is_left_out_has_sane_defaults(project: Project) -> None:
    config = project.load(HUB + POOL)

    assert config.ledger == "sqlite:///.provisioner/ledger.db"
    assert config.dev_hub.login_url == "https://login.salesforce.com"
    assert config.scratch_app is None
    assert config.consumer_app is config.dev_hub
    assert dataclasses.astuple(config.limits) == (10, 0, 0)
    pool = config.pools["morning"]
    assert (pool.maximum, pool.refresh_after, pool.steps) == (None, None, ())
    assert (pool.duration_days, pool.replacements, pool.canary, pool.reuse) == (7, 2, True, False)
    assert pool.prove_after == timedelta(hours=4)


def test_the_model_cannot_be_changed(project: Project) -> None:
    config = project.load(HUB + POOL)

    with pytest.raises(dataclasses.FrozenInstanceError):
        config.pools["morning"].size = 4  # type: ignore[misc]


def test_a_rehearsal_replaces_the_dev_hub_and_the_ledger_of_the_file(project: Project) -> None:
    """A rehearsal brings its own, and must not need the keys of the real one."""
    own = Rehearsed(project.path.parent, "http://127.0.0.1:9", "hub@acme.example", "K", "own.key")
    apps = "scratch_app: {consumer_key: ${NOPE}, private_key: gone.key}\n"
    written = HUB.replace("server.key", "${NOPE}") + apps + "ledger: ${NOPE}\n" + POOL
    project.write("pool.yaml", written)

    config = load(project.path, environ={}, rehearsed=own)

    assert config.dev_hub == own.dev_hub
    assert config.consumer_app == own.dev_hub
    assert config.ledger == own.ledger
    assert config.pools["morning"].size == 3


def test_a_file_with_only_the_hub_and_a_ledger_is_complete(project: Project) -> None:
    config = project.load(f"{HUB}ledger: sqlite:///ledger.db\n")

    assert config.pools == {}


BROKEN = """\
dev_hub:
  username: hub
  consumer_key: ${SF_CONSUMER_KEY}
  private_key: nowhere.key
  login_url: login.salesforce.com
  api_version: 68
ledgr: x
limits: {concurrent_signups: 0, keep_daily: many}
pools:
  Morning:
    size: 1001
    size: 2
    duration_days: 0
    refresh_after: 1:30
    canary: yes
    definitions:
      - config/project-scratch-def.json
      - file: config/project-scratch-deff.json
        weight: "4"
    steps:
      - install_packge: {version: 1}
      - install_package: {version: 05i000000000001}
      - run_command: {}
      - load_data:
          plan: data/plan.jsn
"""


def test_every_problem_is_reported_at_once_with_its_position_and_what_to_write(
    project: Project,
) -> None:
    project.write("config/project-scratch-def.json", '{"edition": "Developer",\n "features": [,]}')

    assert project.lines(BROKEN) == [
        "pool.yaml:2:13: dev_hub.username: 'hub' is not valid; write a Salesforce username like "
        "hub@acme.example",
        "pool.yaml:3:17: dev_hub.consumer_key: the environment variable SF_CONSUMER_KEY is not set",
        "pool.yaml:4:16: dev_hub.private_key: the file nowhere.key does not exist; relative paths "
        f"start at {project.folder}",
        "pool.yaml:5:14: dev_hub.login_url: write the whole URL: https://login.salesforce.com",
        "pool.yaml:6:16: dev_hub.api_version: '68' is not valid; write an API version like "
        '"68.0"',
        "pool.yaml:7:1: ledgr: unknown key; did you mean ledger?",
        "pool.yaml:8:30: limits.concurrent_signups: 0 is out of range; write 1 to 100",
        "pool.yaml:8:45: limits.keep_daily: must be a whole number, for example 3 (got 'many')",
        "pool.yaml:10:3: pools.Morning: 'Morning' is not valid; write a name of at most 30 "
        "lower-case letters, digits and hyphens that starts with a letter",
        "pool.yaml:11:11: pools.Morning.size: 1001 is out of range; write 0 to 1000",
        "pool.yaml:12:5: pools.Morning.size: duplicate key, first written in line 11; keep one "
        "of them",
        "pool.yaml:13:20: pools.Morning.duration_days: 0 is out of range; write 1 to 30",
        "pool.yaml:14:20: pools.Morning.refresh_after: 1:30 is a time of day; write 1h30m",
        "pool.yaml:15:13: pools.Morning.canary: must be true or false (got 'yes'); write true",
        "pool.yaml:17:9: pools.Morning.definitions.0: config/project-scratch-def.json:2:15: the "
        "file is not JSON: Expecting value",
        "pool.yaml:18:15: pools.Morning.definitions.1.file: the file "
        "config/project-scratch-deff.json does not exist; did you mean "
        "config/project-scratch-def.json?",
        "pool.yaml:19:17: pools.Morning.definitions.1.weight: is a text because of the quotes; "
        "write 4",
        "pool.yaml:21:9: pools.Morning.steps.0.install_packge: unknown key; did you mean "
        "install_package?",
        "pool.yaml:22:36: pools.Morning.steps.1.install_package.version: '05i000000000001' is "
        "not valid; write a 04t package version id of 15 or 18 characters",
        "pool.yaml:23:9: pools.Morning.steps.2.run_command: the key command is missing; write "
        "command: [python, scripts/seed.py]",
        "pool.yaml:25:17: pools.Morning.steps.3.load_data.plan: the file data/plan.jsn does not "
        "exist; "
        "did you mean data/plan.json?",
    ]


def test_a_missing_key_is_reported_at_its_parent(project: Project) -> None:
    assert project.lines("ledger: sqlite:///x.db\npools:\n  a:\n    size: 1\n") == [
        "pool.yaml:1:1: the key dev_hub is missing; write dev_hub: …",
        "pool.yaml:3:3: pools.a: the key definitions is missing; write definitions: "
        "[config/project-scratch-def.json]",
    ]
    assert project.lines("dev_hub:\n  username: a@b.c\n")[:1] == [
        "pool.yaml:1:1: dev_hub: the key consumer_key is missing; write consumer_key: "
        "${SF_CONSUMER_KEY}"
    ]


def test_the_error_holds_all_problems_and_exits_with_2(project: Project) -> None:
    project.write("pool.yaml", BROKEN)

    with pytest.raises(ConfigError) as caught:
        load(project.path, environ={})

    assert caught.value.exit_code == 2
    assert caught.value.code == "config"
    assert len(caught.value.problems) == 20
    assert "provisioner check" in caught.value.hint


def test_warnings_change_nothing_but_are_kept(project: Project) -> None:
    config = project.load(f"{HUB}{POOL}    refresh_after: 7d\n")

    assert [(problem.is_warning, problem.key_path) for problem in config.warnings] == [
        (True, "pools.morning.refresh_after")
    ]
    assert ": warning: pools.morning.refresh_after: the orgs expire before" in str(
        config.warnings[0]
    )


def test_values_that_exclude_each_other_are_reported_at_the_second(project: Project) -> None:
    assert project.lines(f"{HUB}{POOL}    maximum: 2\n") == [
        "pool.yaml:10:14: pools.morning.maximum: is less than size; write 3 or more, or leave it "
        "out"
    ]
    twice = f"{HUB}{POOL}      - config/project-scratch-def.json\n"
    assert project.lines(twice) == [
        "pool.yaml:10:9: pools.morning.definitions.1: config/project-scratch-def.json is listed "
        "twice; list it once, with a weight"
    ]
