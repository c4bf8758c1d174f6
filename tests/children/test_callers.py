"""Every program is started by `provisioner.children`, with the environment made there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2] / "provisioner"
STARTING = re.compile(
    r"(subprocess|webbrowser|pty|multiprocessing)(\..*)?"
    r"|os\.(exec|spawn|posix_spawn|system|popen|fork|startfile).*"
    r"|asyncio\.create_subprocess.*|concurrent\.futures\.Process.*"
)
STARTS = {f"children.{name}" for name in ("run", "start", "supervise", "show", "become")}
CALLERS = {
    "builder/manifest_entries.py",
    "claim/owner.py",
    "cli/browser.py",
    "cli/run_with_session.py",
    "cli/salesforce_cli.py",
    "cli/sf_logout.py",
    "notify/command.py",
    "rehearsal/emulator.py",
    "steps/snowfakery_data.py",
    "supervised.py",
}


@cache
def sources() -> dict[str, ast.Module]:
    """Parsed by the first test that reads them, not by each worker that collects them."""
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(ROOT.rglob("*.py"))
    }


def starts_programs(tree: ast.Module) -> Iterator[str]:
    """What in a module could start a program, by module or by name."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [f"{node.value.id}.{node.attr}"]
        yield from (name for name in names if STARTING.fullmatch(name))


def starts(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls of `children` that start a program."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in STARTS:
            yield node


def test_no_other_module_starts_a_program() -> None:
    found = {name: set(starts_programs(tree)) for name, tree in sources().items()}
    starting = {name for name, ways in found.items() if ways}
    # supervisor.py is a program of its own; agent/holder.py forks, and starts no program.
    assert starting == {"children.py", "supervisor.py", "agent/holder.py"}
    assert found["agent/holder.py"] == {"os.fork"}


def test_these_modules_start_programs() -> None:
    """With an `Environment`, as mypy sees: any other dict has another type."""
    callers = {name for name, tree in sources().items() if list(starts(tree))}
    assert callers == CALLERS


def test_only_one_function_creates_an_environment() -> None:
    makers = {
        name
        for name, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Environment"
    }
    assert makers == {"children.py", "server/page/rendering.py"}  # the latter of Jinja2


@pytest.mark.parametrize(
    "code",
    ["import subprocess", "from os import execv", "os.spawnl(0)", "from subprocess import run"],
)
def test_the_search_sees_what_starts_a_program(code: str) -> None:
    assert list(starts_programs(ast.parse(code)))
