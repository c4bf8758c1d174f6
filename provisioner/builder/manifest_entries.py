"""What orgs of a fingerprint contain, as the manifest of a build shows it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner import children
from provisioner.steps.assign_permission_sets import AssignPermissionSets
from provisioner.steps.create_users import CreateUsers
from provisioner.steps.deploy_source import DeploySource
from provisioner.steps.load_data import LoadData
from provisioner.steps.resolved_packages import InstallsPackages, ResolvedVersion

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.plan import Fingerprints
    from provisioner.steps.base import Step

MOST_NAMES = 50  # of one kind
GIT_TIMEOUT = 5.0  # seconds; a manifest is not worth a longer wait


def contents(config: PoolFile, pools: Iterable[str], prints: Fingerprints) -> dict[str, Any]:
    """Fingerprint → what an org of it contains.

    The keys are `definition`, `packages` (ids of versions), `package_names` (the same with name and
    number), `source` (folders), `source_commit`, `permission_sets` (also groups and licences),
    `data` (files), `users` (personas) and `steps` (all, by name).
    """
    commits: dict[Path, str] = {}
    found: dict[str, Any] = {}
    for name in pools:
        pool = config.pools[name]
        for definition in pool.definitions:
            entries = pool.steps_of(definition.name)
            steps = [entry.step for entry in entries]
            folder = next(
                (config.directory / step.path for step in steps if isinstance(step, DeploySource)),
                config.directory,
            )
            if folder not in commits:
                commits[folder] = source_commit(folder, config.secret_variables)
            found[prints[name, definition.name]] = {
                "definition": definition.name,
                "packages": [version.id for version in _versions(steps)],
                "package_names": [version.title for version in _versions(steps)],
                "source": _found(steps, _source),
                "source_commit": commits[folder],
                "permission_sets": _found(steps, _permission_sets),
                "data": _found(steps, _data),
                "users": _found(steps, _users),
                "steps": [entry.title for entry in entries],
            }
    return found


def _versions(steps: Iterable[Step]) -> list[ResolvedVersion]:
    installs = [step for step in steps if isinstance(step, InstallsPackages)]
    return [version for step in installs for version in step.versions]


def _found(steps: Iterable[Step], names: Callable[[Step], Iterable[object]]) -> list[str]:
    """What `names` gives for the steps, each once, as far as the record of a run keeps it."""
    return list(dict.fromkeys(str(name) for step in steps for name in names(step)))[:MOST_NAMES]


def _source(step: Step) -> Iterable[object]:
    return [step.path] if isinstance(step, DeploySource) else []


def _permission_sets(step: Step) -> Iterable[object]:
    if not isinstance(step, AssignPermissionSets):
        return ()
    return (*step.sets, *step.groups, *step.licenses)


def _users(step: Step) -> Iterable[object]:
    return step.personas if isinstance(step, CreateUsers) else ()


def _data(step: Step) -> Iterable[object]:
    if not isinstance(step, LoadData):
        return ()
    single = [file for file in (step.plan, step.sfdmu, step.snowfakery) if file]
    return (*single, *step.csv, *step.files)


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
