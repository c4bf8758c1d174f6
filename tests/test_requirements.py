"""What pyproject.toml requires is what the code imports, and both locks name the same versions."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

import pytest

from provisioner.rehearsal.emulator import EMULATOR_NEEDS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: Mapping[str, list[str]] = PROJECT["project"]["optional-dependencies"]

MODULES = {"pyyaml": "yaml", "pyjwt": "jwt", "simple-salesforce": "simple_salesforce"}
"""Packages that are imported under another name than their own."""


def names(requirements: Iterable[str]) -> set[str]:
    """The names in a list of requirements, as registries write them."""
    found = (re.match(r"[A-Za-z0-9._-]+", one) for one in requirements)
    return {re.sub(r"[-_.]+", "-", one[0]).lower() for one in found if one}


def imports(paths: Iterable[Path]) -> set[str]:
    """The packages of others that these files import, wherever in the file."""
    found: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"provisioner"}


def modules(requirements: Iterable[str]) -> set[str]:
    """The modules that requirements are imported as."""
    return {MODULES.get(name, name) for name in names(requirements)}


def pins(lock: str) -> dict[str, str]:
    """Name → version of a lock file."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^ ;]+)", text, re.MULTILINE))


EMULATOR = ROOT / "provisioner" / "emulator"
SERVER = ROOT / "provisioner" / "server"
AGENT = ROOT / "provisioner" / "agent"
CLIENT = [
    path
    for path in (ROOT / "provisioner").rglob("*.py")
    if not {EMULATOR, SERVER, AGENT} & {*path.parents}
]
BASE = modules(PROJECT["project"]["dependencies"])


def test_the_client_imports_what_the_base_installation_and_the_database_extra_bring() -> None:
    assert imports(CLIENT) == BASE | modules(EXTRAS["postgresql"])


def test_the_emulator_imports_what_its_extra_brings_and_nothing_that_is_missing() -> None:
    imported = imports(EMULATOR.rglob("*.py"))

    assert imported - BASE == modules(EXTRAS["emulator"]) == set(EMULATOR_NEEDS)


def test_the_server_imports_only_what_its_extra_brings() -> None:
    assert imports(SERVER.rglob("*.py")) - BASE <= modules(EXTRAS["server"])


def test_the_tools_of_agents_import_only_what_their_extra_brings() -> None:
    assert imports(AGENT.rglob("*.py")) - BASE <= modules(EXTRAS["mcp"])


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_has_every_requirement(lock: str) -> None:
    wanted = names(PROJECT["project"]["dependencies"]) | names(chain(*EXTRAS.values()))
    if "dev" in lock:
        wanted |= names(PROJECT["dependency-groups"]["dev"])

    assert wanted <= pins(lock).keys()


def test_users_install_the_versions_that_the_tests_run_on() -> None:
    ours, theirs = pins("requirements-dev.lock"), pins("requirements.lock")

    assert theirs.items() <= ours.items()


def test_users_install_no_tool_of_ours() -> None:
    ours = names(PROJECT["dependency-groups"]["dev"])

    assert not ours & pins("requirements.lock").keys()
