"""DeployRequest (Tooling): the deploys of an org, as rows created per query.

Source: "DeployRequest" in the Tooling API reference.
"""

from __future__ import annotations

from datetime import datetime

from provisioner.emulator.metadata.deployment import Deployment
from provisioner.emulator.metadata.setup_queue import settle
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.values import format_datetime
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.soql.hooks import QueryView, on_query

DEPLOY_REQUEST = "DeployRequest"


@on_query(DEPLOY_REQUEST)
def _deploys(org: EmulatedOrg, view: QueryView) -> None:
    settle(org)
    with view.store.lock:
        view.store.clear(DEPLOY_REQUEST)
        for deployment in list(org.deployments.values()):
            view.store.add(DEPLOY_REQUEST, _row(deployment), user_id=deployment.user_id)


def _row(deployment: Deployment) -> Record:
    """The row of a deploy; reading it is a poll."""
    shown, options = deployment.to_json(with_details=False), deployment.options
    return {
        "Id": deployment.id,
        "AllowMissingFiles": options.allow_missing_files,
        "AutoUpdatePackage": options.auto_update_package,
        "CanceledById": deployment.canceled_by or None,
        "CheckOnly": options.check_only,
        "CompletedDate": _moment(deployment.completed if shown["done"] else None),
        "CreatedDate": _moment(deployment.created),
        "ErrorMessage": shown["errorMessage"],
        "ErrorStatusCode": shown["errorStatusCode"],
        "IgnoreWarnings": options.ignore_warnings,
        "LastModifiedDate": _moment(deployment.completed or deployment.created),
        "NumberComponentErrors": shown["numberComponentErrors"],
        "NumberComponentsDeployed": shown["numberComponentsDeployed"],
        "NumberComponentsTotal": shown["numberComponentsTotal"],
        "NumberTestErrors": shown["numberTestErrors"],
        "NumberTestsCompleted": shown["numberTestsCompleted"],
        "NumberTestsTotal": shown["numberTestsTotal"],
        "PurgeOnDelete": options.purge_on_delete,
        "RollbackOnError": options.rollback_on_error,
        "RunTestsEnabled": shown["runTestsEnabled"],
        "SinglePackage": options.single_package,
        "StartDate": _moment(deployment.started),
        "StateDetail": shown["stateDetail"],
        "Status": shown["status"],
        "TestLevel": options.test_level or None,
        "Type": "SoapApi",
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else format_datetime(moment)
