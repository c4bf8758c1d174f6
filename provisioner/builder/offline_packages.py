"""Package versions without the Dev Hub, for the comparison of two `pool.yaml`.

Ids and aliases are known. In place of a version that only the Dev Hub knows is one whose id is a
hash of what is declared: two files that declare the same have the same. It cannot be installed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.salesforce.package_catalogue import PackageCatalogue
from provisioner.steps.install_dependencies import InstallDependencies
from provisioner.steps.install_package import InstallPackage
from provisioner.steps.package_project import PROJECT_FILE, read_package_project
from provisioner.steps.resolved_packages import InstallsPackages, ResolvedVersion

if TYPE_CHECKING:
    from provisioner.config.model import Pool
    from provisioner.salesforce.org import OrgClient
    from provisioner.steps.base import Step


class _AskedError(Exception):
    """The Dev Hub would be asked."""


def without_hub(pool: Pool, directory: Path) -> Pool:
    """The pool with its package versions, as far as they can be known."""
    steps = tuple(replace(entry, step=_offline(entry.step, directory)) for entry in pool.steps)
    return replace(pool, steps=steps)


def known_to_hub(pool: Pool) -> Iterator[str]:
    """What the Dev Hub alone knows about the packages of a pool that `without_hub` has made."""
    for step in (entry.step for entry in pool.steps):
        if isinstance(step, InstallDependencies):
            yield f"the dependencies of the packages in {PROJECT_FILE}"
        elif isinstance(step, InstallPackage):
            versions = (version for version in step.versions if not version.id.startswith("04t"))
            yield from (f"the version that {version.name} names" for version in versions)


def _offline(step: Step, directory: Path) -> Step:
    if isinstance(step, InstallDependencies):
        return _declared(step, directory)
    if not isinstance(step, InstallsPackages):
        return step
    try:
        found: Step = step.resolve(PackageCatalogue(_refuse), directory)
    except _AskedError:
        if not isinstance(step, InstallPackage):
            raise
        found = replace(step, resolved=_substitute(step.version, step.version))
    return found


def _declared(step: InstallDependencies, directory: Path) -> InstallDependencies:
    project = read_package_project(directory / step.project / PROJECT_FILE, PROJECT_FILE)
    versions = [
        _substitute(
            each.package,
            f"{project.aliases.get(each.package, each.package)} {each.version} {each.branch}",
        )
        for each in project.dependencies
        if each.package not in step.skip
    ]
    return replace(step, resolved=tuple(versions))


def _substitute(name: str, declared: str) -> ResolvedVersion:
    return ResolvedVersion(hashlib.sha256(declared.encode()).hexdigest()[:15], name)


def _refuse() -> OrgClient:
    raise _AskedError
