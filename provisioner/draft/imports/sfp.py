"""Imports a pool definition of sfp (the file of `sfp pool prepare`).

Source: docs/reference/other-tools.md#sfp.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.draft.commands.steps import project_path
from provisioner.draft.found import packages, source
from provisioner.draft.imports.source_file import SourceFile
from provisioner.draft.imports.values import whole
from provisioner.draft.model import (
    DefinitionFile,
    Imported,
    PoolDraft,
    ProjectPath,
    Setting,
    Step,
)
from provisioner.draft.names import pool_name
from provisioner.draft.project import Project

_USUAL_DEFINITION = "config/project-scratch-def.json"
_USUAL = {"expiry": 2, "batchSize": 5, "waitTime": 6}
_WITHOUT_EFFECT: Mapping[str, bool] = {
    "succeedOnDeploymentErrors": False,
    "enableVlocity": False,
    "enableSourceTracking": False,
    "relaxAllIPRanges": False,
    "disableSourcePackageOverride": False,
    "noAnchestors": True,
}
"""Values for which provisioner does the same."""
_HANDLED = frozenset(
    {"$schema", "tag", "maxAllocation", "expiry", "batchSize", "configFilePath", "waitTime"}
    | {"installAll", "retryOnFailure", "maxRetryCount"}
)
_NOT_IMPORTED: Mapping[str, str] = {
    "releaseConfigFile": "a release config has no counterpart; deploy_source brings all packages, "
    "or those of its key package_dirs",
    "succeedOnDeploymentErrors": "an org whose deploy fails never becomes available; see "
    "continue_on_error, which makes the failure of a step a warning",
    "enableVlocity": "there is no step for Vlocity; run_command can run a program for it",
    "enableSourceTracking": "provisioner keeps no source tracking files; a consumer runs "
    "`sf project reset tracking`",
    "relaxAllIPRanges": "deploy the settings for IP ranges with the source",
    "ipRangesToBeRelaxed": "deploy the settings for IP ranges with the source",
    "snapshotPool": "a pool cannot be made from another pool",
    "postDeploymentScriptPath": "sfp calls the script with an alias and the Dev Hub user; "
    "run_command gives a program the org in environment variables instead: adapt it",
    "preDependencyInstallationScriptPath": "sfp calls the script with an alias and the Dev Hub "
    "user; run_command gives a program the org in environment variables instead: adapt it",
    "disableSourcePackageOverride": "packages of the project are always deployed as source",
    "noAnchestors": "sign-ups have no ancestors; nothing to write",
    "fetchArtifacts": "artifacts are not fetched; the source of the project is deployed",
}


def recognise(file: SourceFile) -> bool:
    """Whether the file has the two keys that sfp requires."""
    return isinstance(file.value, Mapping) and {"tag", "maxAllocation"} <= file.value.keys()


def import_pool(file: SourceFile, project: Project) -> Imported:
    """One pool. Raises no error: what cannot be imported is in `left_out`."""
    value: Mapping[str, Any] = file.value
    left_out = [
        file.left_out(f"{key}: {_NOT_IMPORTED.get(key, 'not a key of sfp that init knows')}", key)
        for key in value
        if key not in _HANDLED and not _is_default(key, value[key])
    ]
    name = pool_name(str(value["tag"]))
    if name != str(value["tag"]):
        left_out.append(file.left_out(f"tag: the pool is called {name} here", "tag"))
    definition = str(value.get("configFilePath") or _USUAL_DEFINITION)
    return Imported(
        file.name,
        [
            PoolDraft(
                name,
                reason=f"{file.where('tag')} describes this pool.",
                settings=dict(_settings(file)),
                definitions=[
                    DefinitionFile(
                        str(project_path(definition)), f"As in {file.where('configFilePath')}."
                    )
                ],
                steps=list(_steps(file, project)),
                is_refreshed=False,  # sfp replaces an org when it has expired
            )
        ],
        left_out,
        {"concurrent_signups": _bounded(file, "batchSize", 1, 100, "sign-ups at the same time")},
    )


def _is_default(key: str, value: Any) -> bool:
    """Whether the key asks for what provisioner does anyway."""
    return value in (None, "", [], {}) or _WITHOUT_EFFECT.get(key) is value


def _settings(file: SourceFile) -> Iterator[tuple[str, Setting]]:
    size = _bounded(file, "maxAllocation", 0, 1000, "")
    yield "size", Setting(size.value, f"maxAllocation in {file.where('maxAllocation')}")
    yield "maximum", Setting(size.value, "sfp counts orgs that were fetched, too")
    yield "duration_days", _bounded(file, "expiry", 1, 30, "the life of each org")
    if "waitTime" in file.value:
        minutes = _bounded(file, "waitTime", 1, 1440, "how long a sign-up may take")
        yield "sign_up_timeout", Setting(f"{minutes.value}m", minutes.reason)


def _bounded(file: SourceFile, key: str, least: int, most: int, reason: str) -> Setting:
    number = whole(file.at(key), _USUAL.get(key, least))
    return Setting(min(max(number, least), most), reason or f"{key} in {file.where(key)}")


def _steps(file: SourceFile, project: Project) -> Iterator[Step]:
    """External dependencies first; with installAll, the packages of the project as source."""
    for step in packages.find(project):
        if step.kind == "install_dependencies":
            yield step
    if file.at("installAll") is True:
        for step in source.find(project) if project.package_dirs else [_whole_project()]:
            retry = _retry(file)
            reason = f"installAll in {file.where('installAll')}. {step.reason}"
            yield Step(step.kind, {**step.options, **retry}, reason)


def _whole_project() -> Step:
    return Step("deploy_source", {"path": ProjectPath(".")}, "All packages.")


def _retry(file: SourceFile) -> dict[str, int]:
    if file.at("retryOnFailure") is not True:
        return {}
    return {"retry": min(max(whole(file.at("maxRetryCount"), 2), 1), 10)}
