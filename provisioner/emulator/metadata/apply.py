"""Applies packages to an org: kinds in order, deletions, optionally all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from provisioner.emulator import api_versions
from provisioner.emulator.metadata import state
from provisioner.emulator.metadata.archive import Archive
from provisioner.emulator.metadata.comparison import PACKAGE_XML, Package, failure
from provisioner.emulator.metadata.component_types import reported_type
from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.destruction import destroy
from provisioner.emulator.metadata.external_apps.installation import complete, install
from provisioner.emulator.metadata.kinds.loaded import kind_of
from provisioner.emulator.metadata.kinds.registry import DeployContext, ordered
from provisioner.emulator.metadata.manifest import version_problem
from provisioner.emulator.metadata.options import DeployOptions
from provisioner.emulator.metadata.problems import Outcome, Problem
from provisioner.emulator.metadata.standard_components import is_of_every_org
from provisioner.emulator.org import EmulatedOrg

_ONE_AT_A_TIME = threading.RLock()
"""Two orgs must not both find that a consumer key is free in all orgs, and both take it."""


@dataclass
class Result:
    """The outcome of the packages of one deploy."""

    outcomes: list[Outcome] = field(default_factory=list)
    is_rolled_back: bool = False

    @property
    def components(self) -> list[Outcome]:
        """The entries that count: each component once, without package.xml and the like.

        A component that is deleted and created again counts once, one that was to be deleted and
        does not exist counts only where that fails the deploy.
        """
        counted: dict[tuple[str, ...], Outcome] = {}
        for one in self.outcomes:
            is_ignored = one.problem_type == "Warning" and one.success and not one.id
            if one.component_type and not is_ignored:
                warning = one.problem if one.problem_type == "Warning" else ""
                counted[one.component_type, one.full_name, warning] = one
        return list(counted.values())

    @property
    def failures(self) -> list[Outcome]:
        """The entries that failed."""
        return [one for one in self.outcomes if not one.success]


class _RollBackError(Exception):
    """Rolls back the transaction around it."""


def apply_packages(
    org: EmulatedOrg,
    archive: Archive,
    packages: Iterable[Package],
    options: DeployOptions,
    user_id: str,
    *,
    namespace: str | None = None,
    accept: Callable[[], bool] = lambda: True,
) -> Result:
    """Apply packages; the org is as before when the result says so (an error, or checkOnly).

    `accept` is called when all is applied; if it returns False (failed tests), all is undone.
    """
    with org.store.lock, _ONE_AT_A_TIME:
        return _apply_packages(org, archive, packages, options, user_id, namespace, accept)


def _apply_packages(
    org: EmulatedOrg,
    archive: Archive,
    packages: Iterable[Package],
    options: DeployOptions,
    user_id: str,
    namespace: str | None,
    accept: Callable[[], bool],
) -> Result:
    result, before = Result(), dict(org.components)
    try:
        with org.store.transaction():
            for package in packages:
                context = _context(org, user_id, archive, package, options, namespace)
                result.outcomes += _apply_package(context, package, options)
            complete(org, user_id)
            failed = result.failures and options.rollback_on_error
            only_packages = not result.components and bool(result.failures)
            if failed or only_packages or not accept() or options.check_only:
                raise _RollBackError  # noqa: TRY301 - the transaction is undone by an exception
    except _RollBackError:
        org.components.clear()
        org.components.update(before)
        result.is_rolled_back = True
    else:
        install(org)
    return result


def _context(
    org: EmulatedOrg,
    user_id: str,
    archive: Archive,
    package: Package,
    options: DeployOptions,
    namespace: str | None,
) -> DeployContext:
    version, ignores = package.manifest.version, options.ignore_warnings
    return DeployContext(org, user_id, archive, package.root, namespace, version, ignores)


def _apply_package(
    context: DeployContext, package: Package, options: DeployOptions
) -> Iterator[Outcome]:
    """The outcomes of one package: problems of its manifest first.

    Only package.xml has an entry of its own, after what was deleted before the deploy (the tests
    "destructive" of plugin-deploy-retrieve, "should delete and deploy the same component").
    """
    failures = list(package.failures)
    problem = version_problem(package.manifest.version, api_versions.NEWEST)
    if problem and not failures:
        path = package.root + PACKAGE_XML
        failures.append(failure("", PACKAGE_XML, path, problem))
    yield from failures
    if any(not one.component_type for one in failures):
        return  # the manifest itself is invalid: nothing else is checked
    yield from _destroy(context, package, ("destructiveChangesPre.xml",), options)
    if not failures:
        path = package.root + PACKAGE_XML
        yield Outcome("", PACKAGE_XML, path, is_changed=True)
    for component in ordered(package.chosen):
        yield _apply(context, component, options)
    names = ("destructiveChanges.xml", "destructiveChangesPost.xml")
    yield from _destroy(context, package, names, options)


def _destroy(
    context: DeployContext, package: Package, names: Iterable[str], options: DeployOptions
) -> Iterator[Outcome]:
    for name in names:
        manifest = package.destructive.get(name)
        if manifest is not None:
            yield from destroy(context, manifest, package.root + name, options)


class _RefusedError(Exception):
    """A component has problems: its changes are rolled back."""


def _apply(context: DeployContext, component: Component, options: DeployOptions) -> Outcome:
    """Apply one component; returns its outcome."""
    known = context.find(component.type, component.full_name)
    is_new = known is None and not is_of_every_org(context.store, component)
    if not component.problems:
        try:
            with context.store.transaction():
                kind_of(component.type)(context, component)
                if component.problems:
                    raise _RefusedError  # noqa: TRY301 - undoes the component's changes
        except _RefusedError:
            pass
    path = context.root + component.path
    if component.problems:
        outcome = failure(component.type, component.full_name, path, component.problems[0])
        outcome.is_warning_fatal = not options.ignore_warnings
        return outcome
    warning = _warning_of(context, component)
    if warning and not options.ignore_warnings:
        outcome = failure(component.type, component.full_name, path, Problem(warning))
        outcome.problem_type, outcome.is_warning_fatal = "Warning", True
        return outcome
    stored = state.find(context.org, component.type, component.full_name)
    digest = component_digest(context, component)
    is_changed = known is None or known.digest != digest
    if stored is not None:
        stored.digest = digest
    return Outcome(
        reported_type(component.type, component.path),
        component.full_name,
        path,
        id=stored.id if stored else "",
        is_created=is_new,
        is_changed=is_changed,
        files=tuple(component.paths),
        problem=warning,
        problem_type="Warning" if warning else "",
    )


def _warning_of(context: DeployContext, component: Component) -> str:
    """The warning that a fault gives a component; "" without one."""
    faults, subject = context.org.world.faults, f"{component.type} {component.full_name}"
    found = faults.operation("component_warning", org=context.org.label, subject=subject)
    return "" if found is None else str(found.get("message") or "something is deprecated")


def component_digest(context: DeployContext, component: Component) -> int:
    """A number that changes with a component's files; of a child, with its part of the file."""
    if component.parent is not None and component.element is not None:
        return component.element.digest()
    archive, root = context.archive, context.root
    return hash(tuple(archive.checksum(root + path) for path in sorted(component.paths)))
