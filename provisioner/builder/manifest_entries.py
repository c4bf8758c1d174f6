"""What orgs of a fingerprint contain, as the manifest of a build shows it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner import children
from provisioner.steps.resolved_packages import InstallsPackages

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.plan import Fingerprints

GIT_TIMEOUT = 5.0  # seconds; a manifest is not worth a longer wait


def contents(config: PoolFile, pools: Iterable[str], prints: Fingerprints) -> dict[str, Any]:
    """Fingerprint → `{"definition", "packages", "steps", "source_commit"}`."""
    commit = source_commit(config.directory, config.secret_variables)
    found: dict[str, Any] = {}
    for name in pools:
        pool = config.pools[name]
        for definition in pool.definitions:
            entries = pool.steps_of(definition.name)
            steps = [entry.step for entry in entries]
            found[prints[name, definition.name]] = {
                "definition": definition.name,
                "packages": [
                    version.id
                    for step in steps
                    if isinstance(step, InstallsPackages)
                    for version in step.versions
                ],
                "steps": [entry.title for entry in entries],
                "source_commit": commit,
            }
    return found


def source_commit(folder: Path, secret_names: Iterable[str] = ()) -> str:
    """The commit of the checkout, with `+changes` when files differ from it; "" without git."""
    environ = children.environment(os.environ, frozenset(secret_names)).plus(
        {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    )

    def git(*arguments: str) -> str:
        try:
            command = ["git", "-C", str(folder), *arguments]
            code, output = children.run(command, environ, timeout=GIT_TIMEOUT)
        except OSError:
            return ""
        return output.strip() if code == 0 else ""

    head = git("rev-parse", "HEAD")
    return f"{head}+changes" if head and git("status", "--porcelain", "-uno") else head
