"""What orgs of a fingerprint hold, in words that a manifest may show."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.steps.install_package import InstallPackage

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.plan import Fingerprints

GIT_TIMEOUT = 5.0  # seconds; a manifest is not worth waiting for a broken repository


def contents(config: PoolFile, pools: Iterable[str], prints: Fingerprints) -> dict[str, Any]:
    """Fingerprint → `{"definition", "packages", "steps", "source_commit"}`."""
    commit = source_commit(config.directory)
    found: dict[str, Any] = {}
    for name in pools:
        pool = config.pools[name]
        steps = [entry.step for entry in pool.steps]
        for definition in pool.definitions:
            found[prints[name, definition.name]] = {
                "definition": definition.name,
                "packages": [s.version for s in steps if isinstance(s, InstallPackage)],
                "steps": [entry.title for entry in pool.steps],
                "source_commit": commit,
            }
    return found


def source_commit(folder: Path) -> str:
    """The commit of the checkout, with `+changes` when files differ from it; "" without git."""
    head = _git(folder, "rev-parse", "HEAD")
    return f"{head}+changes" if head and _git(folder, "status", "--porcelain", "-uno") else head


def _git(folder: Path, *arguments: str) -> str:
    environ: Mapping[str, str] = {"PATH": _path(), "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        answer = subprocess.run(  # noqa: S603 - fixed words, no shell
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            timeout=GIT_TIMEOUT,
            check=True,
            env=environ,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()


def _path() -> str:
    return os.environ.get("PATH", os.defpath)
