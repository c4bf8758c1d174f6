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
    "assign_permission_sets": "provisioner.steps.assign_permission_sets:AssignPermissionSets",
    "load_data": "provisioner.steps.load_data:LoadData",
    "run_apex": "provisioner.steps.run_apex:RunApex",
    "run_command": "provisioner.steps.run_command:RunCommand",
}
"""Kind, as `pool.yaml` names it → module and class; the module is imported when it is used."""


def step_class(kind: str) -> type[Step]:
    """The class of a kind. Raises KeyError for one that is not in `STEPS`."""
    module, _, name = STEPS[kind].partition(":")
    found: type[Step] = getattr(import_module(module), name)
    return found
