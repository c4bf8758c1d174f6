"""The map of the code in CONTRIBUTING.md names each package and top module, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
_ENTRY = re.compile(r"^      (\w+(?:/|\.py)) +(\S.*)$", re.MULTILINE)


def mapped() -> list[str]:
    """The entries below `provisioner/`: `builder/`, `plan.py`."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = text.partition("\n    provisioner/\n")[2].partition("\n\n")[0]
    return [name for name, _ in _ENTRY.findall(block + "\n")]


def present() -> set[str]:
    """What is there: modules but `__init__` and `__main__`, and folders with files."""
    package = ROOT / "provisioner"
    modules = {path.name for path in package.glob("*.py") if not path.name.startswith("__")}
    folders = {
        f"{path.name}/"
        for path in package.iterdir()
        if path.is_dir() and _has_files(path) and path.name != "__pycache__"
    }
    return modules | folders


def _has_files(folder: Path) -> bool:
    """A folder that a moved package leaves behind holds at most caches."""
    return any(path.is_file() and path.suffix != ".pyc" for path in folder.rglob("*"))


def test_the_map_names_each_package_and_module_once() -> None:
    assert sorted(mapped()) == sorted(present())
