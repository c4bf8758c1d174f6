"""What claim, login and status need of pool.yaml, and no more: fast, and deaf to the rest."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import provisioner
from tests.config.project import HUB, POOL, Project, with_steps


def test_the_hub_and_a_ledger_are_enough(project: Project) -> None:
    config = project.load(f"{HUB}ledger: sqlite:///x.db\n", need="hub_and_ledger")

    assert config.dev_hub.username == "hub@acme.example"
    assert config.ledger == "sqlite:///x.db"
    assert config.pools == {}


def test_the_pools_have_the_keys_that_claims_use(project: Project) -> None:
    text = f"{HUB}{POOL}    reuse: true\n    prove_after: 1h\n  evening: {{size: 2}}\n"

    config = project.load(text, need="hub_and_ledger")

    assert {
        name: (pool.name, pool.size, pool.reuse, pool.prove_after)
        for name, pool in config.pools.items()
    } == {
        "morning": ("morning", 3, True, timedelta(hours=1)),
        "evening": ("evening", 2, False, timedelta(hours=4)),
    }


REST = {
    "a missing definition": POOL.replace("project-scratch", "nowhere"),
    "an unset variable in a step": with_steps(
        "- install_package: {version: 04t000000000001, installation_key: ${NOPE}}"
    ).removeprefix(HUB),
    "an unknown step": with_steps("- dance: {}").removeprefix(HUB),
    "an unset size": POOL.replace("size: 3", "size: ${NOPE}"),
    "a wrong size": POOL.replace("size: 3", "size: -3"),
    "a wrong duration": f"{POOL}    duration_days: 99\n",
    "an unknown key": f"{POOL}    colour: red\n",
    "a duplicate in a step": with_steps("- run_apex: {file: a, file: b}").removeprefix(HUB),
    "a pool without anything": "pools: {morning: }\n",
    "pools without anything": "pools:\n",
    "pools that are a list": "pools: [morning]\n",
    "limits that are wrong": "limits: {keep_daily: -1}\n",
    "an unknown key at the top": "colour: red\n",
}


@pytest.mark.parametrize("rest", REST.values(), ids=REST.keys())
def test_what_claims_do_not_use_may_be_broken(project: Project, rest: str) -> None:
    config = project.load(HUB + rest, need="hub_and_ledger")

    assert list(config.pools) == (
        ["morning"] if "morning: " in rest or "morning:\n" in rest else []
    )
    assert [problem for problem in project.problems(HUB + rest) if not problem.is_warning] or (
        rest in ("pools:\n",)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HUB.replace("3MVG9consumer", "${NOPE}"), "the environment variable NOPE is not set"),
        (f"{HUB}ledger: nosql:///x\n", "unknown kind of ledger 'nosql'; known: "
         "sqlite, postgresql, devhub"),
        (f"{HUB}{POOL}    reuse: maybe\n", "must be true or false (got 'maybe')"),
        (HUB.replace("private_key", "privat_key"), "the key private_key is missing; write "
         "private_key: ~/.certs/server.key"),
        (HUB.replace("server.key", "sever.key"), "the file sever.key does not exist; did you mean "
         "server.key?"),
        ("pools: {}\n", "the key dev_hub is missing; write dev_hub: …"),
    ],
)  # fmt: skip
def test_what_claims_use_must_be_right(project: Project, text: str, message: str) -> None:
    problems = project.problems(text, need="hub_and_ledger")

    assert message in [problem.message for problem in problems]


def test_a_consumer_of_the_second_app_needs_no_key_of_the_hub(project: Project) -> None:
    text = HUB.replace("server.key", "hub.key")
    scratch_app = "scratch_app: {consumer_key: second, private_key: server.key}\n"

    config = project.load(text + scratch_app, need="hub_and_ledger")

    assert config.consumer_app.consumer_key == "second"
    assert config.dev_hub.private_key == project.folder / "hub.key"
    assert [problem.key_path for problem in project.problems(text + scratch_app)] == [
        "dev_hub.private_key"
    ]


def test_the_certificate_is_not_needed_for_a_claim(project: Project) -> None:
    text = f"{HUB}  certificate: gone.crt\n"

    assert project.load(text, need="hub_and_ledger").dev_hub.certificate is not None
    assert [problem.key_path for problem in project.problems(text)] == ["dev_hub.certificate"]


HEAVY = ("cryptography", "jwt", "requests", "simple_salesforce", "rich", "sqlite3", "werkzeug")


def test_reading_for_a_claim_imports_yaml_and_nothing_slow(project: Project) -> None:
    project.load(with_steps("- run_apex: {text: x}"))
    script = f"""
import sys
from pathlib import Path
from provisioner.config.load import load
assert "yaml" not in sys.modules
load(Path({str(project.path)!r}), environ={{}}, need="hub_and_ledger")
print("\\n".join(sys.modules))
"""
    root = Path(provisioner.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(root)},
    )

    modules = set(done.stdout.split())
    assert not modules & set(HEAVY)
    assert not [name for name in modules if name.startswith("provisioner.steps")]
    assert "provisioner.config.pools" not in modules
