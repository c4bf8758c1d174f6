"""A copy of a plugin's repository in the cache folder, with what its tests need from npm."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from salesforce_cli_install import npm_install
from trial import CACHE

NOT_NEEDED = (
    "@oclif/plugin-command-snapshot",
    "@salesforce/dev-scripts",
    "@salesforce/plugin-command-reference",
    "eslint",
    "oclif",
)
"""How the names of development packages for builds, checks and documents begin."""
TEST_TOOLS = {  # what @salesforce/dev-scripts brings; the versions of the plugins' yarn.lock
    "@salesforce/dev-config": "^4.3.3",
    "chai": "^4.5.0",
    "mocha": "^10.8.2",
    "sinon": "10.0.0",
    "ts-node": "^10.9.2",
    "typescript": "^5.9.3",
}


def copy_of(repository: Path) -> Path:
    """The copy, up to date; the repository itself is not changed."""
    if not (repository / "package.json").is_file():
        raise SystemExit(f"{repository} has no package.json: it is not a checked-out plugin")
    folder = CACHE / "plugin-tests" / repository.resolve().name
    _empty(folder)
    ignored = shutil.ignore_patterns(".git", "node_modules", "test_session_*")
    shutil.copytree(repository, folder, ignore=ignored, dirs_exist_ok=True, symlinks=True)
    package = json.loads((folder / "package.json").read_text())
    text = json.dumps(_with_test_tools(package), indent=2)
    (folder / "package.json").write_text(text)
    installed = folder / "node_modules" / "installed.json"
    if not installed.is_file() or installed.read_text() != text:
        print(f"installing the packages of {package['name']} into {folder}", file=sys.stderr)
        options = ("--ignore-scripts", "--no-package-lock", "--legacy-peer-deps")
        npm_install(folder, options=options)
        installed.write_text(text)
    return folder


def _empty(folder: Path) -> None:
    """Delete all but the installed packages."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name == "node_modules":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _with_test_tools(package: dict[str, Any]) -> dict[str, Any]:
    wanted = {
        name: version
        for name, version in package.get("devDependencies", {}).items()
        if not name.startswith(NOT_NEEDED)
    }
    return {**package, "devDependencies": {**wanted, **TEST_TOOLS}, "scripts": {}}
