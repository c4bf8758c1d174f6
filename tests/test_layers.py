"""A file imports only from its own layer and lower ones, and no imports form a cycle.

All imports count: of modules, of names, inside functions, and those for types alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
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
        "input_json",
        "json_locations",
        "archive",
        "retry",
        "supervisor",
        "supervised",
    ),
    ("crash", "declare"),
    (
        "salesforce",
        "source",
        "ledger.base",
        "ledger.broken",
        "ledger.facts",
        "ledger.hub_counts",
        "ledger.past_orgs",
    ),
    ("steps", "ledger"),
    ("config",),
    ("shares",),
    ("plan", "draft"),
    ("manifest_file",),
    ("org_credentials",),
    ("credentials",),
    ("login",),
    ("hub_app",),
    ("upkeep",),
    ("builder",),
    ("probe",),
    ("doctor",),
    ("claim",),
    ("report", "rehearsal"),
    ("notify",),
    ("api",),
    ("access",),
    ("server", "agent"),
    ("cli", "output"),
)
"""From the lowest to the highest; a name is that of a module or of a whole package."""


def modules(folder: Path) -> dict[str, Path]:
    """Dotted name and file of all modules of a package, the package itself included."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(known: Mapping[str, Path]) -> dict[str, set[str]]:
    """Module → those of `known` that it imports, wherever in its file and for whatever reason."""
    return {name: imported(name, path, known) for name, path in known.items()}


def imported(name: str, path: Path, known: Mapping[str, Path]) -> set[str]:
    """What one module imports. `from a import b` is an import of `a.b` if that is a module."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            parts = [*(above if node.level else []), *([node.module] if node.module else [])]
            origin = ".".join(parts)
            for alias in node.names:
                full = f"{origin}.{alias.name}"
                found.add(full if full in known else origin)
    return (found & set(known)) - {name}


def cycle(graph: Mapping[str, set[str]]) -> list[str]:
    """Modules that import each other in a ring, the first one repeated at the end; [] is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def layer(module: str) -> int | None:
    """The layer of a module, by the longest name that fits it; None for the package itself."""
    best: tuple[int, int] | None = None
    for height, names in enumerate(LAYERS):
        for name in names:
            if module == name or module.startswith(name + "."):
                best = max(best or (0, 0), (len(name), height))
    return best[1] if best else None


@cache
def graph() -> dict[str, set[str]]:
    """Module of this package → the modules of it that it imports, both without `provisioner.`."""
    return {
        short(name): {short(other) for other in others}
        for name, others in imports(modules(PACKAGE)).items()
    }


def short(name: str) -> str:
    return name.removeprefix("provisioner").lstrip(".")


NAMES = sorted(name for name in map(short, modules(PACKAGE)) if name)
OURS = [name for name in NAMES if not name.startswith("emulator")]
EMULATED = [name for name in NAMES if name.startswith("emulator")]


def test_a_module_imports_nothing_from_above() -> None:
    wrong = [problem for name in OURS for problem in upward_imports(name)]
    assert not wrong, "\n".join(wrong)


def upward_imports(name: str) -> Iterator[str]:
    height = layer(name)
    if name in ("__main__", "sample"):
        return
    if height is None:
        yield f"{name} has no place in LAYERS"
        return
    for other in sorted(graph()[name]):
        other_height = layer(other)
        if other_height is not None and other_height > height:
            yield f"{name} imports {other}"
        if other.startswith("emulator") and not name.startswith("cli"):
            yield f"{name} imports the emulator"


def test_the_emulator_imports_nothing_of_the_rest() -> None:
    strangers = {
        name: others
        for name in EMULATED
        if (others := {one for one in graph()[name] if one and not one.startswith("emulator")})
    }
    assert not strangers, f"the emulator imports {strangers}"


def test_no_modules_import_each_other() -> None:
    assert not (ring := cycle(graph())), " imports ".join(ring)


def test_all_modules_were_read() -> None:
    """The tests above say something: they saw both halves, and imports of every kind."""
    assert len(OURS) > 150
    assert len(EMULATED) > 100
    assert sum(map(len, graph().values())) > 1000
    assert "ledger.broken" in graph()["ledger.base"], "for types alone"
    assert "emulator.json_body" in graph()["emulator.routing"], "inside a function"


@pytest.mark.parametrize(
    "statement",
    [
        "import pack.second",
        "from pack import second",
        "from pack.second import name",
        "from . import second",
        "from .second import name",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pack.second import name",
        "def late():\n    from pack.second import name",
    ],
)
def test_a_cycle_is_found_whatever_the_kind_of_import(tmp_path: Path, statement: str) -> None:
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "first.py").write_text(f"{statement}\n")
    (folder / "second.py").write_text("from pack import third\n")
    (folder / "third.py").touch()
    assert cycle(imports(modules(folder))) == []
    (folder / "third.py").write_text("from pack.first import name\n")
    ring = cycle(imports(modules(folder)))
    assert ring[0] == ring[-1]
    assert set(ring) == {"pack.first", "pack.second", "pack.third"}
