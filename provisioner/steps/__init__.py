"""The registry of step kinds."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.steps.base import Step

STEPS: Mapping[str, str] = {
    "install_package": "provisioner.steps.install_package:InstallPackage",
    "install_dependencies": "provisioner.steps.install_dependencies:InstallDependencies",
    "deploy_source": "provisioner.steps.deploy_source:DeploySource",
    "deploy_metadata": "provisioner.steps.deploy_metadata:DeployMetadata",
    "create_users": "provisioner.steps.create_users:CreateUsers",
    "assign_permission_sets": "provisioner.steps.assign_permission_sets:AssignPermissionSets",
    "load_data": "provisioner.steps.load_data:LoadData",
    "run_apex": "provisioner.steps.run_apex:RunApex",
    "run_command": "provisioner.steps.run_command:RunCommand",
    "snapshot": "provisioner.steps.snapshot:Snapshot",
}
"""Kind, as `pool.yaml` names it → module and class; the module is imported when it is used.

Other distributions may add kinds, see `provisioner.steps.plugins`.
"""


def kinds() -> Mapping[str, object]:
    """All kinds: those of `STEPS`, then those of the other distributions that are installed."""
    from provisioner.steps.plugins import plugins

    return {**dict.fromkeys(STEPS), **plugins()}


def conflict(kind: str) -> str:
    """The distribution that declares a kind of `STEPS`, which is not used; or ""."""
    from provisioner.steps.plugins import distribution, plugins

    points = plugins().get(kind, ()) if kind in STEPS else ()
    return distribution(points[0]) if points else ""


def step_class(kind: str) -> type[Step]:
    """The class of a kind. Raises KeyError for an unknown one, PluginError for a broken one."""
    if kind not in STEPS:
        from provisioner.steps.plugins import plugin_class, plugins

        return plugin_class(kind, plugins()[kind])
    module, _, name = STEPS[kind].partition(":")
    found: type[Step] = getattr(import_module(module), name)
    return found
