"""Prints the lower bounds of pyproject.toml; other packages as in requirements-dev.lock."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOWER_BOUND = re.compile(r"([A-Za-z0-9._-]+)(\[[a-z,]+\])?>=([0-9.]+)")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==[^\\\n]+", re.MULTILINE)
NOT_NEEDED = ("mypy", "ruff", "types-")


def lowest() -> dict[str, str]:
    """The requirement of each package that provisioner names, by the package's name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    found = {}
    for requirement in named:
        bound = LOWER_BOUND.match(requirement)
        if bound is None:
            raise SystemExit(f"pyproject.toml: {requirement} has no lower bound")
        name, extra, version = bound.groups()
        found[name.lower()] = f"{name}{extra or ''}=={version}"
    return found


def locked() -> dict[str, str]:
    """The requirement of each package of requirements-dev.lock that tests need, by its name."""
    text = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    pins = {match[1]: match[0].strip() for match in PIN.finditer(text)}
    return {name: pin for name, pin in pins.items() if not name.startswith(NOT_NEEDED)}


if __name__ == "__main__":
    pins = {**locked(), **lowest()}
    pins.pop("psycopg-binary")  # psycopg[binary] wants its own version of it
    print("\n".join(pins.values()))
