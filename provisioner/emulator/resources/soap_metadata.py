"""The Metadata SOAP API: deploys, quick deploys, retrieves, lists, and the CRUD-based calls.

The path may continue with the org id, or with `deployRequest` as simple-salesforce writes it
(docs/reference/clients.md#soap-paths).

Source: "File-Based Calls" and "CRUD-Based Calls" in the Metadata API Developer Guide;
docs/reference/clients.md#soap-paths.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from provisioner.emulator.errors import NotEmulatedError, SoapFault
from provisioner.emulator.ids import same_id
from provisioner.emulator.metadata.component_types import CHILD_ELEMENTS, all_types
from provisioner.emulator.metadata.crud_calls import CRUD_CALLS, type_of
from provisioner.emulator.metadata.deployment import Deployment
from provisioner.emulator.metadata.listing import listed
from provisioner.emulator.metadata.manifest import Manifest, manifest_of
from provisioner.emulator.metadata.options import DeployOptions, TestsRefused, read_options
from provisioner.emulator.metadata.retrieval import UNPACKAGED, retrieve
from provisioner.emulator.metadata.setup_queue import enqueue, enqueue_validated, settle
from provisioner.emulator.metadata.soap import answer, read_operation
from provisioner.emulator.metadata.xml_tree import METADATA_NAMESPACE, Element
from provisioner.emulator.objects import permissions
from provisioner.emulator.resources.deploy_rest import NO_VALIDATION
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.xml_values import without_nulls


@route("/services/Soap/m/<version>", "POST", name="soap.metadata", access="soap")
@route("/services/Soap/m/<version>/<path:rest>", "POST", name="soap.metadata", access="soap")
def metadata(call: Call) -> Reply:
    """One operation of the Metadata API."""
    request = read_operation(call)
    operation = _OPERATIONS.get(request.name)
    if operation is None:
        raise NotEmulatedError(f"Metadata API {request.name}")
    if not permissions.is_administrator(call.session_org().store, call.user_id):
        raise SoapFault("INSUFFICIENT_ACCESS", permissions.NO_METADATA)
    return answer(METADATA_NAMESPACE, request.name, without_nulls(operation(call, request)))


def _deploy(call: Call, request: Element) -> dict[str, Any]:
    try:
        zip_bytes = base64.b64decode("".join(request.value("ZipFile").split()), validate=True)
    except ValueError as error:  # also for characters that are not ASCII
        text = "Invalid content in base64Binary element: ZipFile"
        raise SoapFault("INVALID_TYPE", text) from error
    org = call.session_org()
    deployment = enqueue(org, zip_bytes, _options(request.find("DeployOptions")), call.user_id)
    return {"done": False, "id": deployment.id, "state": "Queued"}


def _options(element: Element | None) -> DeployOptions:
    if element is None:
        raise SoapFault("MISSING_ARGUMENT", "Required field is missing: DeployOptions")
    given: dict[str, Any] = {child.name: child.text for child in element.children}
    given["runTests"] = [one.text for one in element.every("runTests") if one.text]
    try:
        return read_options(given)
    except ValueError as error:
        code = error.code if isinstance(error, TestsRefused) else "INVALID_TYPE"
        raise SoapFault(code, str(error)) from error


def _check_deploy_status(call: Call, request: Element) -> dict[str, Any]:
    settle(call.session_org())
    return _find(call, request, "asyncProcessId").to_json(
        with_details=request.flag("includeDetails")
    )


def _deploy_recent_validation(call: Call, request: Element) -> str:
    """The id of the deploy. Salesforce's text for an id that does not qualify is not known."""
    wanted = request.value("validationId")
    deployment = enqueue_validated(call.session_org(), wanted, call.user_id)
    if deployment is None:
        raise SoapFault("INVALID_ID_FIELD", f"{NO_VALIDATION}: {wanted}")
    return deployment.id


def _check_status(call: Call, request: Element) -> dict[str, Any]:
    """The AsyncResult of a deploy or retrieve: CumulusCI waits for it (API 30 and earlier)."""
    org, wanted = call.session_org(), request.value("asyncProcessId")
    settle(org)
    found = [*org.deployments.values(), *org.retrievals.values()]
    job = next((one for one in found if same_id(one.id, wanted)), None)
    if job is None:
        raise SoapFault("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    done = job.poll() in ("Succeeded", "SucceededPartial", "Failed", "Canceled")
    return {"done": done, "id": job.id, "state": "Completed" if done else "InProgress"}


def _cancel_deploy(call: Call, request: Element) -> dict[str, Any]:
    settle(call.session_org())
    names = ("String", "id", "asyncProcessId")  # the WSDL's, the Salesforce CLI's, jsforce's
    name = next((one for one in names if request.find(one)), "asyncProcessId")
    deployment = _find(call, request, name)
    if deployment.is_settled:
        text = f"Deployment already completed: {deployment.id}"
        raise SoapFault("INVALID_ID_FIELD", text)
    deployment.cancel(call.user_id)
    return {"done": deployment.is_settled, "id": deployment.id}


def _find(call: Call, request: Element, name: str) -> Deployment:
    wanted = request.value(name)
    if len(wanted) not in (15, 18):
        raise SoapFault("INVALID_ID_FIELD", f"{name}: id value of incorrect type: {wanted}")
    for deployment in list(call.session_org().deployments.values()):
        if isinstance(deployment, Deployment) and same_id(deployment.id, wanted):
            return deployment
    raise SoapFault("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")


def _describe_metadata(call: Call, request: Element) -> dict[str, Any]:  # noqa: ARG001 - one signature
    objects = [
        {
            "childXmlNames": list(CHILD_ELEMENTS.get(one.name, {}).values()),
            "directoryName": one.folder,
            "inFolder": one.is_in_folder,
            "metaFile": one.has_content or one.kind == "bundle",
            "suffix": one.suffix or None,
            "xmlName": one.name,
        }
        for one in all_types()
        if one.kind != "folder"
    ]
    return {
        "metadataObjects": objects,
        "organizationNamespace": call.session_org().namespace or "",
        "partialSaveAllowed": True,
        "testRequired": False,
    }


def _list_metadata(call: Call, request: Element) -> list[dict[str, Any]]:
    queries = list(request.every("queries"))
    if len(queries) > 3:
        raise SoapFault("EXCEEDED_MAX_TYPES_LIMIT", "No more than 3 queries are allowed")
    org, found = call.session_org(), []
    settle(org)
    for query in queries:
        found += listed(org, type_of(query), query.value("folder"))
    return found


def _retrieve(call: Call, request: Element) -> dict[str, Any]:
    wanted = request.find("retrieveRequest") or request.find("request")
    unpackaged = wanted.find("unpackaged") if wanted else None
    packages = [one.text for one in wanted.every("packageNames")] if wanted else []
    if wanted is None or (unpackaged is None and not packages):
        raise SoapFault("MISSING_ARGUMENT", "Required field is missing: unpackaged")
    org = call.session_org()
    settle(org)
    manifest = manifest_of(unpackaged) if unpackaged else Manifest()
    version = wanted.value("apiVersion") or manifest.version or call.version
    folder = "" if wanted.flag("singlePackage") else UNPACKAGED
    retrieval = retrieve(
        org, manifest, version, user_id=call.user_id, folder=folder, packages=packages
    )
    return {"done": False, "id": retrieval.id, "state": "Queued"}


def _check_retrieve_status(call: Call, request: Element) -> dict[str, Any]:
    wanted = request.value("asyncProcessId") or request.value("id")
    if len(wanted) not in (15, 18):
        raise SoapFault("INVALID_ID_FIELD", f"asyncProcessId: id value of incorrect type: {wanted}")
    for retrieval in list(call.session_org().retrievals.values()):
        if same_id(retrieval.id, wanted):
            with_zip = request.flag("includeZip", default=True)
            result: dict[str, Any] = retrieval.to_json(with_zip=with_zip)
            return result
    raise SoapFault("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")


_OPERATIONS: dict[str, Callable[[Call, Element], Any]] = {
    "cancelDeploy": _cancel_deploy,
    "checkDeployStatus": _check_deploy_status,
    "checkStatus": _check_status,
    "deployRecentValidation": _deploy_recent_validation,
    "deploy": _deploy,
    "describeMetadata": _describe_metadata,
    "checkRetrieveStatus": _check_retrieve_status,
    "listMetadata": _list_metadata,
    "retrieve": _retrieve,
    **CRUD_CALLS,
}
