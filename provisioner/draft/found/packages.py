"""Finds the packages that sfdx-project.json depends on, and other versions that it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.draft.model import ProjectPath, Step
from provisioner.draft.project import FILE, Project
from provisioner.steps.package_project import PackageProject, ProjectError, read_package_project


def find(project: Project) -> Iterator[Step]:
    """A step for all declared dependencies; other versions are comments."""
    if not project.content:
        return
    try:
        packages = read_package_project(project.root / FILE, FILE)
    except ProjectError as error:
        project.leave_out(FILE, str(error).removeprefix(f"{FILE}: "))
        return
    yield from _dependencies(packages)
    yield from _other_versions(packages)


def _dependencies(packages: PackageProject) -> Iterator[Step]:
    names = list(dict.fromkeys(each.package for each in packages.dependencies))
    own = [name for name in names if name.partition("@")[0] in packages.own]
    foreign = [name for name in names if name not in own]
    if not foreign:
        return
    options: dict[str, Any] = {"project": ProjectPath(".")}
    reason = f"{FILE} declares dependencies: {', '.join(foreign)}."
    if own:
        options["skip"] = own
        reason += f" deploy_source brings the source of {', '.join(own)}."
    reason += " Protected packages need installation_keys."
    yield Step("install_dependencies", options, reason)


def _other_versions(packages: PackageProject) -> Iterator[Step]:
    used = {each.package for each in packages.dependencies}
    for name, version in packages.aliases.items():
        package = name.partition("@")[0]
        is_own = package in packages.own
        if version.startswith("04t") and name not in used and package not in used and not is_own:
            reason = f"{FILE} names this version, but no package directory depends on it."
            yield Step("install_package", {"version": name}, reason, is_on=False)
