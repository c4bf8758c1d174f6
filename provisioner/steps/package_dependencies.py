"""The packages that a project depends on, in the order in which they are installed.

Source: docs/reference/packages.md#dependencies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from provisioner.declare.secret import Secret
from provisioner.errors import SalesforceError
from provisioner.salesforce.package_catalogue import Details, PackageCatalogue, is_about_key
from provisioner.salesforce.version_numbers import declared
from provisioner.steps import package_names
from provisioner.steps.package_names import UnknownNameError, is_package_id, is_version_id
from provisioner.steps.resolved_packages import ResolvedVersion

if TYPE_CHECKING:
    from provisioner.steps.package_project import Dependency, PackageProject

MOST = 200
"""Packages that one project may depend on; more are a mistake, and each is a query."""

_DECLARED = "1.2.0.LATEST, 1.2.0.RELEASED or 1.2.0.3"


class DependencyError(ValueError):
    """A dependency that cannot be resolved; `field` is the option of the step that it concerns."""

    def __init__(self, field: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.hint = hint


@dataclass(frozen=True)
class ResolvedDependencies:
    """Versions in the order of their installs, and the names of their installation keys."""

    versions: tuple[ResolvedVersion, ...]
    keys: Mapping[str, str] = field(default_factory=dict)  # 04t… → name in installation_keys
    unused: tuple[str, ...] = ()  # options that name no dependency: `skip.Core`


def problems(project: PackageProject, skip: Collection[str] = ()) -> Iterator[str]:
    """What can be said about the dependencies without the Dev Hub, but for those in `skip`."""
    for each in project.dependencies:
        wrong = "" if each.package in skip else _problem(each, project)
        if wrong:
            yield f"{each.where}: {wrong}"


def _problem(each: Dependency, project: PackageProject) -> str:
    wanted = project.aliases.get(each.package, each.package)
    if is_version_id(wanted):
        return ""
    if wanted != each.package and not is_package_id(wanted):
        return f"the alias {each.package} is {wanted[:40]!r}, which is neither 04t… nor 0Ho…"
    if not each.version:
        return f"the dependency on {each.package} has no versionNumber; write {_DECLARED}"
    if declared(each.version) is None:
        more = "; NEXT is for the version of the package itself" if "NEXT" in each.version else ""
        return f"{each.version[:40]!r} is not the version of a dependency{more}; write {_DECLARED}"
    return ""


def resolve(
    project: PackageProject,
    catalogue: PackageCatalogue,
    installation_keys: Mapping[str, Secret],
    skip: Iterable[str] = (),
) -> ResolvedDependencies:
    """All versions that the project needs, each package once, in its highest version.

    Raises DependencyError, SalesforceError, LoginError.
    """
    found = _Found(project, catalogue, installation_keys, frozenset(skip))
    for each in project.dependencies:
        found.declare(each)
    return found.in_order()


class _Found:
    """The versions that are known so far, and what each depends on."""

    def __init__(
        self,
        project: PackageProject,
        catalogue: PackageCatalogue,
        keys: Mapping[str, Secret],
        skip: frozenset[str],
    ) -> None:
        self._project, self._catalogue, self._given, self._skip = project, catalogue, keys, skip
        self._roots: list[str] = []
        self._versions: dict[str, ResolvedVersion] = {}  # by id, as all others
        self._below: dict[str, tuple[str, ...]] = {}
        self._keys: dict[str, str] = {}
        self._seen: set[str] = set()  # all names of all packages, also of those that are skipped

    def declare(self, each: Dependency) -> None:
        """Add a dependency of the project, with all that it depends on."""
        if each.package in self._skip:
            self._seen.add(each.package)
            return
        try:
            version_id = self._resolved(each)
        except UnknownNameError as error:
            raise DependencyError("project", f"{each.where}: {error}", self._fix(each)) from None
        if self._add(version_id, each.package):
            self._roots.append(version_id)

    def _resolved(self, each: Dependency) -> str:
        """The id of the version that a dependency of the project names today."""
        wanted = self._project.aliases.get(each.package, each.package)
        if is_version_id(wanted):
            return wanted
        selector = declared(each.version, each.branch)
        if selector is None:
            raise UnknownNameError(_problem(each, self._project))
        package = package_names.find_package(each.package, self._project, self._catalogue)
        return package_names.find_version(each.package, package, selector, self._catalogue).id

    def _fix(self, each: Dependency) -> str:
        """What to do about a package of the project itself that has no such version."""
        if each.package not in self._project.own:
            return ""
        return (
            f"{each.package} is a package directory of this project. Build the version with "
            f"`sf package version create --package {each.package}`, or deploy its source: list "
            f"{each.package} under skip, and add a deploy_source step with package_dirs: "
            f"[{each.package}]"
        )

    def _add(self, version_id: str, name: str) -> bool:
        """Read a version and all below it; False for a package that is skipped."""
        if version_id in self._versions:
            return True
        if len(self._versions) >= MOST:
            raise DependencyError("project", f"the project depends on more than {MOST} packages")
        owned = self._catalogue.owned(version_id)
        names = self._names(version_id, name, owned.package.name if owned and owned.package else "")
        if owned and owned.package:
            names.append(owned.package.id)
        self._seen.update(names)
        if self._skip.intersection(names):
            return False
        details = self._details(version_id, names)
        title = next((each for each in names if not is_version_id(each)), version_id)
        number = details.number if details else owned.number if owned else None
        package_id = details.package_id if details else ""
        if not package_id and owned and owned.package:
            package_id = owned.package.subscriber_id
        self._versions[version_id] = ResolvedVersion(version_id, title, number, package_id)
        self._below[version_id] = ()
        below = details.dependencies if details else ()
        self._below[version_id] = tuple(each for each in below if self._add(each, ""))
        return True

    def _names(self, version_id: str, name: str, hub_name: str) -> list[str]:
        """The names under which a version may be listed, the best first."""
        alias = self._project.name_of(version_id)
        found = [hub_name, name, alias, name.rpartition("@")[0], alias.rpartition("@")[0]]
        return [each for each in dict.fromkeys(found) if each] + [version_id, version_id[:15]]

    def _details(self, version_id: str, names: list[str]) -> Details | None:
        listed = next((each for each in names if each in self._given), "")
        if listed:
            self._keys[version_id] = listed
        key = self._given[listed].reveal() if listed else ""
        try:
            return self._catalogue.details(version_id, key)
        except SalesforceError as error:
            if not is_about_key(error):
                raise
            raise self._key_error(names[0], listed) from None

    def _key_error(self, name: str, listed: str) -> DependencyError:
        if listed:
            text = f"the installation key {listed} does not fit the package {name}"
            return DependencyError(f"installation_keys.{listed}", text)
        near = get_close_matches(name, self._given, 1, 0.6)
        advice = f"; did you mean {name} by {near[0]}?" if near else ""
        text = f"the package {name} needs an installation key; write {name}: ${{NAME}}{advice}"
        return DependencyError("installation_keys", text)

    def in_order(self) -> ResolvedDependencies:
        """Dependencies first; of several versions of a package the highest one."""
        highest: dict[str, ResolvedVersion] = {}
        for version in self._versions.values():
            known = highest.get(_package(version))
            if known is None or _number(version) > _number(known):
                highest[_package(version)] = version
        ordered: dict[str, ResolvedVersion] = {}
        entered: set[str] = set()

        def visit(version_id: str) -> None:
            chosen = highest[_package(self._versions[version_id])]
            if chosen.id in entered:
                return
            entered.add(chosen.id)
            for each in self._below[chosen.id]:
                visit(each)
            ordered[chosen.id] = chosen

        for root in self._roots:
            visit(root)
        keys = {one: name for one, name in self._keys.items() if one in ordered}
        listed = {"installation_keys": self._given, "skip": sorted(self._skip)}
        unused = (
            f"{option}.{name}" for option, names in listed.items() for name in names
            if name not in self._seen
        )  # fmt: skip
        return ResolvedDependencies(tuple(ordered.values()), keys, tuple(unused))


def _package(version: ResolvedVersion) -> str:
    return version.package_id[:15] or version.id


def _number(version: ResolvedVersion) -> tuple[int, ...]:
    number = version.number
    return (number.major, number.minor, number.patch, number.build) if number else ()
