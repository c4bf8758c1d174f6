"""Packages of an emulated Dev Hub, and a project that depends on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from provisioner.salesforce.package_catalogue import PackageCatalogue
from tests.salesforce.world import Emulated

CORE_1, CORE_2, CORE_BETA, BILLING_1, BILLING_2, VENDOR, LATE, KEYED, ON_BRANCH = (
    f"04t00000000000{digit}AAA" for digit in "123456789"
)
KEY = "k3y' of the \\ core"

PACKAGES: dict[str, dict[str, Any]] = {
    CORE_1: {"name": "Core", "version": "1.0.0.2"},
    CORE_2: {"name": "Core", "version": "1.10.0.1", "depends_on": [VENDOR]},
    CORE_BETA: {"name": "Core", "version": "1.10.0.2", "beta": True},
    BILLING_1: {"name": "Billing", "version": "2.0.0.1", "depends_on": [CORE_1]},
    BILLING_2: {"name": "Billing", "version": "2.1.0.5", "beta": True, "depends_on": [CORE_1]},
    VENDOR: {"name": "Vendor", "version": "7.3.0.1", "other_hub": True},
    LATE: {"name": "Late", "available_after": 1e9},
    KEYED: {"name": "Keyed", "installation_key": KEY, "depends_on": [CORE_2]},
    ON_BRANCH: {"name": "Forked", "version": "1.0.0.3", "branch": "feature", "beta": True},
}


def package_id(emulated: Emulated, name: str) -> str:
    """The id (0Ho…) of a package."""
    rows = emulated.hub().client.tooling_query_as(
        f"SELECT Id FROM Package2 WHERE Name = '{name}'", lambda row: str(row["Id"])
    )
    (found,) = rows
    return found


def catalogue(emulated: Emulated) -> PackageCatalogue:
    """What the Dev Hub knows."""
    hub = emulated.hub().client
    return PackageCatalogue(lambda: hub)


def project(
    folder: Path,
    *dependencies: Mapping[str, Any],
    aliases: Mapping[str, str] | None = None,
    package: str = "",
) -> Path:
    """A project with one package directory, perhaps of a package."""
    entry: dict[str, Any] = {"path": "force-app", "default": True}
    entry |= {"dependencies": list(dependencies)} if dependencies else {}
    entry |= {"package": package} if package else {}
    content = {"packageDirectories": [entry], "packageAliases": dict(aliases or {})}
    path = folder / "sfdx-project.json"
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return path
