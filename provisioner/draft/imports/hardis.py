"""Imports a .sfdx-hardis.yml: its scratch org pool, and how it sets up a scratch org.

Source: docs/reference/other-tools.md#sfdx-hardis.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.draft.commands.steps import project_path
from provisioner.draft.imports.source_file import SourceFile
from provisioner.draft.imports.values import texts, whole
from provisioner.draft.model import (
    DefinitionFile,
    Imported,
    LeftOut,
    PoolDraft,
    ProjectPath,
    Setting,
    Step,
    Variable,
)
from provisioner.draft.names import pool_name
from provisioner.draft.project import Project

_KEYS = frozenset(
    {"poolConfig", "scratchOrgDuration", "installedPackages", "initPermissionSets", "dataPackages"}
    | {"scratchOrgInitApexScripts", "scratchOrgShape", "devHubUsername", "userEmail"}
)
_DEFINITION = "config/project-scratch-def.json"  # `hardis:scratch:create` reads no other one
_SAMPLE_DATA = "scripts/data/ScratchInit"
_USUAL_DAYS, _USUAL_REST = 30, 25
_POOL_KEYS: Mapping[str, str] = {
    "maxScratchOrgsNumberToCreateOnce": "a build creates all orgs that are missing; "
    "limits.keep_daily reserves sign-ups",
    "storageService": "the ledger keeps the orgs; no other service is needed",
}


def recognise(file: SourceFile) -> bool:
    """Whether the file has the name, or a key that only sfdx-hardis has."""
    if not isinstance(file.value, Mapping):
        return False
    is_named = file.path.name.endswith(".sfdx-hardis.yml")
    return is_named or bool(file.value.keys() & (_KEYS - {"devHubUsername", "userEmail"}))


def import_pool(file: SourceFile, project: Project) -> Imported:
    """One pool. Raises no error: what cannot be imported is in `left_out`."""
    name = pool_name(str(file.at("projectName") or ""), *project.names)
    variables: dict[str, str] = {}
    left_out = list(_left_out(file))
    steps = [
        *_packages(file, variables, left_out),
        Step("deploy_source", {"path": ProjectPath(".")}, "sfdx-hardis pushes the whole source."),
        *_permission_sets(file, left_out),
        *_scripts(file),
        *_data(file, project),
    ]
    definition = DefinitionFile(_DEFINITION, "The definition that sfdx-hardis uses.")
    pool = PoolDraft(
        name,
        f"{file.name} describes such an org.",
        dict(_settings(file)),
        [definition],
        steps,
        is_refreshed=False,  # sfdx-hardis replaces an org when few days are left
    )
    return Imported(file.name, [pool], left_out, variables=variables)


def _left_out(file: SourceFile) -> Iterator[LeftOut]:
    for key in file.mapping("poolConfig"):
        if key in _POOL_KEYS:
            yield file.left_out(f"poolConfig.{key}: {_POOL_KEYS[key]}", "poolConfig", key)
        elif key not in ("maxScratchOrgsNumber", "minScratchOrgRemainingDays"):
            yield file.left_out(f"poolConfig.{key}: not a key that init knows", "poolConfig", key)
    if file.at("scratchOrgShape"):
        text = f"scratchOrgShape: write it as sourceOrg to {_DEFINITION}, in place of edition"
        yield file.left_out(text, "scratchOrgShape")
    if file.at("devHubUsername"):
        text = f"devHubUsername: export SF_HUB_USERNAME={file.at('devHubUsername')}"
        yield file.left_out(text, "devHubUsername")
    if file.at("userEmail"):
        text = f"userEmail: write it as adminEmail to {_DEFINITION}, if it is needed"
        yield file.left_out(text, "userEmail")
    for key in file.mapping():
        if key.startswith("commandsP") or key == "extends":
            yield file.left_out(f"{key}: init does not read it", key)


def _settings(file: SourceFile) -> Iterator[tuple[str, Setting]]:
    at = ("poolConfig", "maxScratchOrgsNumber")
    if file.at(*at) is not None:
        size = min(whole(file.at(*at), 0), 1000)
        yield "size", Setting(size, f"maxScratchOrgsNumber in {file.where(*at)}")
        yield "maximum", Setting(size, "sfdx-hardis counts all active orgs")
    days = min(max(whole(file.at("scratchOrgDuration"), _USUAL_DAYS), 1), 30)
    yield "duration_days", Setting(days, "the life of each org, from its sign-up")
    rest = whole(file.at("poolConfig", "minScratchOrgRemainingDays"), _USUAL_REST)
    if 0 < rest < days:
        reason = f"an org with less than {rest} days left is replaced"
        yield "refresh_after", Setting(f"{days - rest}d", reason)


def _packages(
    file: SourceFile, variables: dict[str, str], left_out: list[LeftOut]
) -> Iterator[Step]:
    for index, each in enumerate(file.items("installedPackages")):
        at = ("installedPackages", index)
        if not isinstance(each, Mapping) or each.get("installOnScratchOrgs") is not True:
            continue
        name = str(each.get("SubscriberPackageName") or "")
        version = str(each.get("SubscriberPackageVersionId") or "")
        if not version.startswith("04t"):
            left_out.append(file.left_out(f"{name}: it has no version id (04t…)", *at))
            continue
        options: dict[str, Any] = {"version": version}
        if each.get("installationkey"):
            variable = _variable(name)
            options["installation_key"] = Variable(variable)
            variables[variable] = f"the installation key in {file.where(*at, 'installationkey')}"
        yield Step("install_package", options, f"{name or 'A package'}, as in {file.where(*at)}.")


def _variable(name: str) -> str:
    """The name of an environment variable for the installation key of a package."""
    word = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")[:40]
    return f"KEY_{word}" if word else "INSTALLATION_KEY"


def _permission_sets(file: SourceFile, left_out: list[LeftOut]) -> Iterator[Step]:
    at = "initPermissionSets"
    names = []
    for index, name in enumerate(file.items(at)):
        name = name.get("name") if isinstance(name, Mapping) else name
        if isinstance(name, str) and re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
            names.append(name)
        else:
            left_out.append(file.left_out(f"{at}: not the API name of a permission set", at, index))
    if names:
        reason = f"{at} in {file.where(at)}."
        yield Step("assign_permission_sets", {"sets": names}, reason, needs="deploy_source")


def _scripts(file: SourceFile) -> Iterator[Step]:
    at = "scratchOrgInitApexScripts"
    for index, script in enumerate(texts(file.at(at))):
        reason = f"{at} in {file.where(at, index)}."
        yield Step("run_apex", {"file": project_path(script)}, reason, needs="deploy_source")


def _data(file: SourceFile, project: Project) -> Iterator[Step]:
    folders = {}
    if project.has(f"{_SAMPLE_DATA}/export.json"):
        folders[_SAMPLE_DATA] = "sfdx-hardis loads this folder into each scratch org."
    for index, each in enumerate(file.items("dataPackages")):
        if isinstance(each, Mapping) and each.get("importInScratchOrgs") is True:
            folder = str(project_path(str(each.get("dataPath") or ".")))
            folders.setdefault(folder, f"dataPackages in {file.where('dataPackages', index)}.")
    for folder, reason in folders.items():
        path = ProjectPath(posixpath.join(folder, "export.json"))
        yield Step("load_data", {"sfdmu": path}, reason, needs="deploy_source")
