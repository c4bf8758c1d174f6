"""The packages part of `check --online`: resolves their names, and says which can be installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from provisioner.builder.resolution import remarks, resolved
from provisioner.errors import SalesforceError, UsageError
from provisioner.salesforce.packages import availability
from provisioner.steps.resolved_packages import InstallsPackages, ResolvedVersion

if TYPE_CHECKING:
    from provisioner.builder.connections import Connections
    from provisioner.cli.invocation import Invocation
    from provisioner.config.model import PoolFile, StepEntry

INSTALLABLE = "NO_ERRORS_DETECTED"


def check_packages(
    call: Invocation, pool_file: PoolFile, connections: Connections
) -> list[dict[str, Any]]:
    """Print the version of each name, and warn of versions that cannot be installed (yet).

    Raises ConfigError for names that the Dev Hub cannot resolve, UsageError when it does not show
    its packages.
    """
    try:
        config = resolved(pool_file, pool_file.pools, connections)
    except SalesforceError as error:
        raise UsageError(error.message, code=error.code, hint=error.hint) from None
    for remark in remarks(config, config.pools):
        call.output.warn(remark)
    found: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    for entry, step, version in _versions(config):
        key = step.key_of(version)
        if (version.id, key) in seen:
            continue
        seen.add((version.id, key))
        try:
            status = availability(connections.hub.client, version.id, key)
            status = status or "not found, or not available yet"
        except SalesforceError as error:
            status = error.message
        where = f"{entry.file}:{entry.line}"
        if status != INSTALLABLE:
            call.output.warn(f"{where}: package version {version.title}: {status}")
        elif version.title != version.id:
            call.output.say(f"{where}: {version.title} can be installed")
        number = str(version.number) if version.number else ""
        found.append({"name": version.name, "number": number, "id": version.id, "status": status})
    return found


def _versions(
    config: PoolFile,
) -> Iterator[tuple[StepEntry, InstallsPackages, ResolvedVersion]]:
    for pool in config.pools.values():
        for entry in pool.steps:
            if isinstance(entry.step, InstallsPackages):
                yield from ((entry, entry.step, version) for version in entry.step.versions)
