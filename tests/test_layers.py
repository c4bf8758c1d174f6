"""Imports run one way: a file knows the layer below it and nothing above."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "provisioner"

LAYERS: tuple[tuple[str, ...], ...] = (
    (
        "errors",
        "children",
        "plain_text",
        "redaction",
        "input_file",
        "json_text",
        "json_places",
        "archive",
    ),
    ("crash", "config.fields", "config.duration"),
    ("salesforce", "source", "ledger.base", "ledger.broken"),
    ("steps", "ledger"),
    ("config",),
    ("plan", "lifetimes"),
    ("stamp",),
    ("removal",),
    ("builder", "claim", "reap", "rebuild", "login", "health"),
    ("report", "rehearsal"),
    ("api",),
    ("cli", "output"),
)
"""From the lowest to the highest; a name stands for a module or a whole package."""


def modules() -> list[tuple[str, Path]]:
    """All modules but the emulator's: dotted name below `provisioner`, and file."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        found.append((".".join(parts), path))
    return found


def layer(module: str) -> int | None:
    """The layer of a module, by the longest name that fits it; None for the package itself."""
    best: tuple[int, int] | None = None
    for height, names in enumerate(LAYERS):
        for name in names:
            if module == name or module.startswith(name + "."):
                best = max(best or (0, 0), (len(name), height))
    return best[1] if best else None


def imported(path: Path) -> set[str]:
    """Modules of ours that a file imports when it runs; imports for types alone do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("provisioner"):
            module = (node.module or "").removeprefix("provisioner").lstrip(".")
            found |= {f"{module}.{alias.name}".lstrip(".") for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {
                alias.name.removeprefix("provisioner.")
                for alias in node.names
                if alias.name.startswith("provisioner.")
            }
    return found


OURS = [(name, path) for name, path in modules() if name and not name.startswith("emulator")]
EMULATED = [(name, path) for name, path in modules() if name.startswith("emulator")]


@pytest.mark.parametrize(("name", "path"), OURS, ids=[name for name, _ in OURS])
def test_a_module_imports_nothing_from_above(name: str, path: Path) -> None:
    height = layer(name)
    if name in ("__main__", "sample"):
        return
    assert height is not None, f"{name} has no place in LAYERS"
    for other in imported(path):
        other_height = layer(other)
        assert other_height is None or other_height <= height, f"{name} imports {other}"
        if not name.startswith("cli"):
            assert not other.startswith("emulator"), f"{name} imports the emulator"


@pytest.mark.parametrize(("name", "path"), EMULATED, ids=[name for name, _ in EMULATED])
def test_the_emulator_imports_nothing_of_the_rest(name: str, path: Path) -> None:
    strangers = {other for other in imported(path) if not other.startswith("emulator")}
    assert strangers <= {"__version__"}, f"{name} imports {strangers}"
