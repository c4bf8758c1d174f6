"""Names of package versions: their form, and how the Dev Hub resolves them.

Source: docs/reference/packages.md#names-of-versions.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from provisioner.salesforce.package_catalogue import Package, PackageCatalogue, Version
from provisioner.salesforce.version_numbers import FORMS, LATEST_RELEASED, Selector, named
from provisioner.steps.resolved_packages import ResolvedVersion

if TYPE_CHECKING:
    from provisioner.steps.package_project import PackageProject

VERSION_ID = r"04t([A-Za-z0-9]{12}|[A-Za-z0-9]{15})"
PACKAGE_ID = r"0Ho([A-Za-z0-9]{12}|[A-Za-z0-9]{15})"


class UnknownNameError(ValueError):
    """A name that has a wrong form, or that names nothing; the text says what to write."""


def is_version_id(text: str) -> bool:
    """Whether a text has the form of a package version id, 04t…"""
    return re.fullmatch(VERSION_ID, text) is not None


def is_package_id(text: str) -> bool:
    """Whether a text has the form of a package id, 0Ho…"""
    return re.fullmatch(PACKAGE_ID, text) is not None


def version_id(text: str, project: PackageProject) -> str:
    """The 04t… id that an id or an alias gives without the Dev Hub; "" for NAME@VERSION.

    Raises UnknownNameError for another form, and for an alias of anything but a version.
    """
    if is_version_id(text):
        return text
    if text in project.aliases:
        named_by = project.aliases[text]
        if is_version_id(named_by):
            return named_by
        if is_package_id(named_by):
            raise UnknownNameError(
                f"{text} is an alias of a package, not of a version; "
                f"write {text}@{LATEST_RELEASED}, or another version after the @"
            )
        raise UnknownNameError(
            f"the alias {text} in {project.file} is {named_by[:40]!r}, which is not an id of a "
            "package version (04t…) or of a package (0Ho…)"
        )
    parse(text, project)
    return ""


def parse(text: str, project: PackageProject) -> tuple[str, Selector]:
    """The package and the selector of NAME@VERSION. Raises UnknownNameError."""
    name, at, version = text.rpartition("@")
    if not at:
        raise UnknownNameError(_neither(text, project))
    selector = named(version)
    if not name or selector is None:
        raise UnknownNameError(f"{version[:40]!r} is not a version; write {FORMS} after the @")
    return name, selector


def _neither(text: str, project: PackageProject) -> str:
    near = get_close_matches(text, project.aliases, 1)
    if near:
        return f"no alias {text[:80]} in {project.file}; did you mean {near[0]}?"
    return (
        f"{text[:80]!r} is neither a package version id (04t with 15 or 18 characters) nor an "
        f"alias of {project.file}; for a name write NAME@VERSION, for example "
        f"{_example(text)}@{LATEST_RELEASED}"
    )


def _example(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z][\w .-]{0,79}", text) else "Billing"


def resolve(text: str, project: PackageProject, catalogue: PackageCatalogue) -> ResolvedVersion:
    """The version that an id, an alias or NAME@VERSION names today.

    Raises UnknownNameError, SalesforceError, LoginError.
    """
    found = version_id(text, project)
    if found:
        return ResolvedVersion(found, text)
    name, selector = parse(text, project)
    package = find_package(name, project, catalogue)
    version = find_version(name, package, selector, catalogue)
    return ResolvedVersion(version.id, text, version.number, package.subscriber_id)


def find_package(name: str, project: PackageProject, catalogue: PackageCatalogue) -> Package:
    """The package with an alias of the project, or with a name on the Dev Hub.

    Raises UnknownNameError.
    """
    wanted = project.aliases.get(name, name)
    if is_version_id(wanted):
        raise UnknownNameError(f"{name} is an alias of a version ({wanted}); write {name} alone")
    found = catalogue.packages(wanted)
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(sorted(package.id for package in found))
        raise UnknownNameError(
            f"the Dev Hub has {len(found)} packages with the name {name}: {ids}; write the id of "
            "one of them in place of the name"
        )
    names = catalogue.names()
    near = get_close_matches(name, {*project.aliases, *names} - {name}, 3, 0.6)
    advice = f"did you mean {' or '.join(near)}?" if near else _all(names)
    shown = f"{wanted}, which {project.file} calls {name}" if wanted != name else name
    raise UnknownNameError(f"the Dev Hub has no package {shown}; {advice}")


def _all(known: list[str]) -> str:
    names = ", ".join(dict.fromkeys(known[:10]))
    return f"it has {names}" if names else "it has no packages that the user can see"


def find_version(
    name: str, package: Package, selector: Selector, catalogue: PackageCatalogue
) -> Version:
    """The version of a package that the selector chooses. Raises UnknownNameError."""
    version = catalogue.version(package, selector)
    if version is not None:
        return version
    newest = catalogue.newest(package)
    if not newest:
        raise UnknownNameError(
            f"the package {name} has no version; build one with `sf package version create`"
        )
    shown = ", ".join(f"{v.number}{'' if v.is_released else ' (beta)'}" for v in newest)
    on_branch = "" if selector.takes_any_branch else ", where builds of other branches do not count"
    raise UnknownNameError(
        f"the package {name} has no version {selector.text}{on_branch}; the newest are {shown}"
    )
