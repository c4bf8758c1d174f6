"""Each file of docs/examples is valid by its own schema, and starts commands that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.cli.sample_project import sample_files
from provisioner.config.load import load
from tests.cli.command_tree import parse
from tests.examples.files import EXAMPLES, FILES, PAGE, commands, document, pod, text
from tests.login.scheduling_page import recipes
from tests.login.workflow_syntax import problems

SCHEMAS = {
    "github-actions.yml": "vendor.github-workflows",
    "gitlab-ci.yml": "vendor.gitlab-ci",
}
VARIABLES = {
    "SF_HUB_USERNAME": "hub@acme.example",
    "SF_CONSUMER_KEY": "3MVG9.key",
    "LEDGER_URL": "devhub",
    "SLACK_WEBHOOK": "https://hooks.example/services/1",
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_of_the_ci_system_accepts_it(name: str) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMAS[name]]
    done = subprocess.run([*check, str(EXAMPLES / name)], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok -- validation done\n", "")


def test_a_job_per_dev_hub_shares_nothing_with_the_others() -> None:
    workflow = document("github-actions.yml")
    workflow["on"] = workflow.pop(True)  # `on` is a truth value in YAML 1.1
    assert problems(workflow) == []
    (job,) = workflow["jobs"].values()
    assert job["strategy"]["fail-fast"] is False
    assert job["environment"] in job["concurrency"]["group"]
    (gitlab,) = document("gitlab-ci.yml").values()
    assert gitlab["environment"]["name"].split("/")[1] in gitlab["resource_group"]


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    for suffix in ("service", "timer"):
        unit = text(f"systemd/provisioner@.{suffix}").replace("=pools", "=root")
        unit = unit.replace("/srv/provisioner/bin/provisioner", sys.executable)
        (tmp_path / f"provisioner@.{suffix}").write_text(unit)
    (tmp_path / "provisioner-failed.service").write_text(recipes("ini")[2])
    (tmp_path / "provisioner@.timer.d").mkdir()
    (tmp_path / "provisioner@.timer.d/standby.conf").write_text(text("systemd/standby.conf"))
    names = ["provisioner@morning.service", "provisioner@morning.timer"]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
    )
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "/" not in line]
    assert (done.returncode, ours) == (0, [])


def test_pool_yaml_has_no_problems_in_the_project_that_the_image_copies(tmp_path: Path) -> None:
    for name, content in sample_files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    copied = re.findall(r"^COPY (.+) \S+$", text("project.Dockerfile"), re.MULTILINE)
    assert [
        each for line in copied for each in line.split() if not (tmp_path / each).exists()
    ] == []
    (tmp_path / "pool.yaml").write_text(text("pool.yaml"))
    (tmp_path / "server.key").write_text("")
    loaded = load(tmp_path / "pool.yaml", environ={**VARIABLES, "SF_PRIVATE_KEY": "server.key"})
    assert set(loaded.pools) == {"morning", "review"}


def test_the_jobs_set_the_variables_of_pool_yaml() -> None:
    wanted = set(re.findall(r"\$\{(\w+)\}", text("pool.yaml")))
    (job,) = document("github-actions.yml")["jobs"].values()
    assert set(job["env"]) == wanted
    page = PAGE.read_text(encoding="utf-8")
    variables = set(re.findall(r"^ *([A-Z_]+)=", page, re.MULTILINE))
    mounted = {each["name"] for each in pod("kubernetes/morning.yaml")["containers"][0]["env"]}
    assert variables | mounted == wanted | {"PGPASSWORD"}


@pytest.mark.parametrize("name", [*FILES, "../more-than-one-machine.md"])
def test_the_commands_exist_with_their_options(name: str) -> None:
    found = list(commands(EXAMPLES / name))
    for words in found:
        parse(words)
    may_have_none = ("pool.yaml", "standby.conf", ".timer", "Dockerfile")
    assert found or name.endswith(may_have_none)


@pytest.mark.parametrize("name", FILES)
def test_the_page_links_to_it(name: str) -> None:
    assert f"](examples/{name})" in PAGE.read_text(encoding="utf-8")
