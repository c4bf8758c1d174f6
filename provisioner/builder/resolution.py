"""Resolves the names of package versions, once for a build or a plan, before anything is planned.

The fingerprint contains the resolved ids: a new release replaces the orgs that wait, as any other
change of their content does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.errors import ConfigError, ErrorKind, Problem, SalesforceError, UsageError
from provisioner.salesforce.package_catalogue import PackageCatalogue
from provisioner.steps.resolved_packages import InstallsPackages, UnresolvedError

if TYPE_CHECKING:
    from provisioner.builder.connections import Connections
    from provisioner.config.model import Pool, PoolFile, StepEntry


def resolved(config: PoolFile, pools: Iterable[str], connections: Connections) -> PoolFile:
    """`config` with the package versions of these pools.

    Raises ConfigError with a problem for each name that cannot be resolved, UsageError when the
    user of the build may not read packages, SalesforceError, LoginError.
    """
    catalogue = PackageCatalogue(lambda: connections.hub.client)
    found: dict[str, Pool] = dict(config.pools)
    problems: dict[Problem, str] = {}
    for name in pools:
        pool = config.pools[name]
        steps = tuple(
            _resolved(config, entry, f"pools.{name}.steps.{index}", catalogue, problems)
            for index, entry in enumerate(pool.steps)
        )
        found[name] = replace(pool, steps=steps)
    if problems:
        hint = next(filter(None, problems.values()), "")
        raise ConfigError(tuple(problems), hint=hint)
    return replace(config, pools=found)


def remarks(config: PoolFile, pools: Iterable[str]) -> Iterator[str]:
    """What is odd about the packages of these pools, with file and line."""
    for entry in (entry for name in pools for entry in config.pools[name].steps):
        if isinstance(entry.step, InstallsPackages):
            where = f"{entry.file}:{entry.line}: {entry.kind}"
            yield from (f"{where}.{remark}" for remark in entry.step.remarks)


def _resolved(
    config: PoolFile,
    entry: StepEntry,
    path: str,
    catalogue: PackageCatalogue,
    problems: dict[Problem, str],
) -> StepEntry:
    """The entry with its versions; a name that cannot be resolved is added to `problems`."""
    step = entry.step
    if not isinstance(step, InstallsPackages):
        return entry
    try:
        return replace(entry, step=step.resolve(catalogue, config.directory))
    except UnresolvedError as error:
        key = f"{path}.{entry.kind}.{error.field}"
        file = entry.file or str(config.path)
        problems[Problem(file, entry.line, entry.column, key, error.message)] = error.hint
        return entry
    except SalesforceError as error:
        where = f"{entry.file}:{entry.line}: {entry.title}"
        if error.kind not in (ErrorKind.CONFIGURATION, ErrorKind.CONTENT):
            raise SalesforceError(
                f"{where}: {error.message}",
                status=error.status,
                error_code=error.error_code,
                kind=error.kind,
                hint=error.hint,
                code=error.code,
            ) from None
        raise UsageError(
            f"{where}: the Dev Hub does not show its packages: {error.message}",
            code="package_version",
            hint="give the user of the build the system permission Create and Update "
            "Second-Generation Packages, or write the 04t id of the version",
        ) from None
