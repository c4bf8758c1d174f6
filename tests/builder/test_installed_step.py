"""The step kind of docs/steps.md, built and installed as a distribution of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from provisioner.ledger.base import State
from tests.builder.night import TIME_SCALE, Night
from tests.test_layers import ROOT

pytestmark = pytest.mark.slow

BUILD = ("build", "--time-scale", str(TIME_SCALE))


def blocks(language: str) -> list[str]:
    """The code blocks of the page in a language."""
    page = (ROOT / "docs/steps.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the distribution is installed."""
    project, target = tmp_path_factory.mktemp("acme"), tmp_path_factory.mktemp("target")
    (pyproject,), (module,) = blocks("toml"), blocks("python")
    (project / "pyproject.toml").write_text(pyproject)
    (project / "acme_steps.py").write_text(module)
    pip = [sys.executable, "-m", "pip"] if find_spec("pip") else ["uv", "pip"]
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(target)]
    subprocess.run([*pip, "install", "--quiet", *options, str(project)], check=True)
    return target


def run(night: Night, path: Path | None, *arguments: str) -> tuple[int, str]:
    """`provisioner` with this folder among those of its modules: exit code and all output."""
    environ: Mapping[str, str] = {**os.environ, **night.environ, "PYTHONPATH": str(path or "")}
    command = [sys.executable, "-m", "provisioner", *arguments]
    ended = subprocess.run(
        command, cwd=night.folder, env=environ, capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_the_example_is_short() -> None:
    (module,) = blocks("python")
    assert len([line for line in module.splitlines() if line.strip()]) <= 21


def test_the_example_is_planned_built_and_reported(night: Night, installed: Path) -> None:
    steps = [block for block in blocks("yaml") if "ensure_account" in block]
    night.write_pool(size=1, steps=steps[0])
    code, text = run(night, installed, "check")
    assert code == 0, text
    code, text = run(night, installed, "plan")
    assert "steps of each: sign-up, ensure_account, verification" in text
    code, text = run(night, installed, *BUILD, "--log-format", "events")
    assert code == 0, text
    assert "ensure_account (2/3)" in text
    assert '"ensure_account"' in run(night, installed, "schema")[1]
    code, text = run(night, installed, "status")
    assert code == 0, text


def test_a_build_with_it_makes_its_record(
    night: Night, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.write_pool(size=1, steps="- ensure_account: { name: Acme }\n")
    night.fault({"method": "POST", "path": "sobjects/Account", "nth": 1}, {"do": "reset"})
    code, text = run(night, installed, *BUILD)
    assert code == 0, text
    monkeypatch.syspath_prepend(str(installed))
    from provisioner.steps.plugins import plugins

    plugins.cache_clear()
    try:
        (org,) = night.orgs(State.AVAILABLE)
    finally:
        plugins.cache_clear()
    names = [row["Name"] for row in night.rows_in(org, "Account")]
    assert names.count("Acme") == 1


def test_a_broken_installation_is_named(night: Night, installed: Path, tmp_path: Path) -> None:
    for file in installed.rglob("*"):
        if file.is_file() and file.suffix != ".pyc":
            copy = tmp_path / "broken" / file.relative_to(installed)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    (tmp_path / "broken/acme_steps.py").write_text("import no_such_module\n")
    night.write_pool(size=1, steps="- ensure_account: { name: Acme }\n")
    code, text = run(night, tmp_path / "broken", "check")
    assert code == 2
    flat = " ".join(text.split())
    assert "ensure_account of acme-steps 1.0 cannot be loaded: ModuleNotFoundError" in flat
    assert "Traceback" not in text


def test_without_the_installation_the_kind_is_unknown(night: Night) -> None:
    night.write_pool(size=1, steps="- ensure_account: { name: Acme }\n")
    code, text = run(night, None, "check")
    assert code == 2
    assert "unknown key" in text
