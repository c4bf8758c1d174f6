"""The package versions of pool.yaml exist, and can be installed today."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.builder.resolution import remarks, resolved
from provisioner.doctor.result import Result, ok, warning
from provisioner.errors import SalesforceError
from provisioner.plain_text import quantity
from provisioner.salesforce.packages import availability
from provisioner.steps.resolved_packages import InstallsPackages, ResolvedVersion

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile, StepEntry
    from provisioner.doctor.examination import Examination
    from provisioner.salesforce.org import OrgClient

INSTALLABLE = "NO_ERRORS_DETECTED"


def examine(examination: Examination) -> Iterator[Result]:
    """One request for each version, and those that resolve names.

    Raises ConfigError for names that the Dev Hub cannot resolve, UsageError or SalesforceError
    when it does not show its packages.
    """
    connections = examination.connections
    config = resolved(examination.config, examination.config.pools, connections)
    for remark in remarks(config, config.pools):
        yield warning(remark)
    seen: set[tuple[str, str]] = set()
    unnamed = 0
    for entry, step, version in _versions(config):
        key = step.key_of(version)
        if (version.id, key) in seen:
            continue
        seen.add((version.id, key))
        status = _status(connections.hub.client, version.id, key)
        where = f"{entry.file}:{entry.line}"
        if status != INSTALLABLE:
            yield warning(
                f"{where}: package version {version.title}: {status}",
                "check the id and the installation key; a new version is available after minutes",
            )
        elif version.title != version.id:
            yield ok(f"{where}: {version.title} can be installed")
        else:
            unnamed += 1
        number = str(version.number) if version.number else ""
        examination.packages.append(
            {"name": version.name, "number": number, "id": version.id, "status": status}
        )
    if unnamed:
        yield ok(f"{quantity(unnamed, 'package version')} with an id in pool.yaml can be installed")
    if not seen:
        yield ok("pool.yaml installs none")


def _status(client: OrgClient, version: str, key: str) -> str:
    try:
        return availability(client, version, key) or "not found, or not available yet"
    except SalesforceError as error:
        return error.message


def _versions(
    config: PoolFile,
) -> Iterator[tuple[StepEntry, InstallsPackages, ResolvedVersion]]:
    for pool in config.pools.values():
        for entry in pool.steps:
            if isinstance(entry.step, InstallsPackages):
                yield from ((entry, entry.step, version) for version in entry.step.versions)
