"""The Metadata SOAP API, `/services/Soap/m/<version>`: deploys and their status.

The path may continue with the org id, or with `deployRequest` as simple-salesforce writes it
(docs/reference/clients.md#soap-paths).

Source: "File-Based Calls" and "CRUD-Based Calls" in the Metadata API Developer Guide;
docs/reference/clients.md#soap-paths.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from provisioner.emulator.errors import NotEmulatedError, SoapFault
from provisioner.emulator.metadata.component_types import (
    CHILD_ELEMENTS,
    CHILD_TYPES,
    all_types,
    type_names,
)
from provisioner.emulator.metadata.deployment import Deployment
from provisioner.emulator.metadata.listing import listed, read_record
from provisioner.emulator.metadata.manifest import manifest_of
from provisioner.emulator.metadata.options import DeployOptions, read_options
from provisioner.emulator.metadata.retrieval import UNPACKAGED, retrieve
from provisioner.emulator.metadata.setup_queue import enqueue, settle
from provisioner.emulator.metadata.soap import answer, read_operation, without_nulls
from provisioner.emulator.metadata.xml_tree import METADATA_NAMESPACE, Element
from provisioner.emulator.routing import Call, Reply, route


@route("/services/Soap/m/<version>", "POST", name="soap.metadata", access="soap")
@route("/services/Soap/m/<version>/<path:rest>", "POST", name="soap.metadata", access="soap")
def metadata(call: Call) -> Reply:
    """One operation of the Metadata API."""
    request = read_operation(call)
    operation = _OPERATIONS.get(request.name)
    if operation is None:
        raise NotEmulatedError(f"Metadata API {request.name}")
    return answer(METADATA_NAMESPACE, request.name, without_nulls(operation(call, request)))


def _deploy(call: Call, request: Element) -> dict[str, Any]:
    try:
        zip_bytes = base64.b64decode("".join(request.value("ZipFile").split()), validate=True)
    except binascii.Error as error:
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
        raise SoapFault("INVALID_TYPE", str(error)) from error


def _check_deploy_status(call: Call, request: Element) -> dict[str, Any]:
    settle(call.session_org())
    return _find(call, request, "asyncProcessId").to_json(
        with_details=request.flag("includeDetails")
    )


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
    for deploy_id, deployment in call.session_org().deployments.items():
        if deploy_id[:15] == wanted[:15] and isinstance(deployment, Deployment):
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
        wanted = query.value("type")
        if wanted not in type_names() and wanted not in CHILD_TYPES:
            raise SoapFault("INVALID_TYPE", f"Unknown type:{wanted}")
        found += listed(org, wanted, query.value("folder"))
    return found


def _retrieve(call: Call, request: Element) -> dict[str, Any]:
    wanted = request.find("retrieveRequest") or request.find("request")
    unpackaged = wanted.find("unpackaged") if wanted else None
    if wanted is None or unpackaged is None:
        raise SoapFault("MISSING_ARGUMENT", "Required field is missing: unpackaged")
    org = call.session_org()
    settle(org)
    version = wanted.value("apiVersion") or unpackaged.value("version") or call.version
    folder = "" if wanted.flag("singlePackage") else UNPACKAGED
    retrieval = retrieve(org, manifest_of(unpackaged), version, folder=folder)
    return {"done": False, "id": retrieval.id, "state": "Queued"}


def _check_retrieve_status(call: Call, request: Element) -> dict[str, Any]:
    wanted = request.value("asyncProcessId") or request.value("id")
    if len(wanted) not in (15, 18):
        raise SoapFault("INVALID_ID_FIELD", f"asyncProcessId: id value of incorrect type: {wanted}")
    for retrieve_id, retrieval in call.session_org().retrievals.items():
        if retrieve_id[:15] == wanted[:15]:
            with_zip = request.flag("includeZip", default=True)
            result: dict[str, Any] = retrieval.to_json(with_zip=with_zip)
            return result
    raise SoapFault("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")


def _read_metadata(call: Call, request: Element) -> dict[str, Any]:
    wanted = request.value("type")
    if wanted not in type_names() and wanted not in CHILD_TYPES:
        raise SoapFault("INVALID_TYPE", f"Unknown type:{wanted}")
    names = [one.text for one in request.every("fullNames")]
    if len(names) > 10:
        raise SoapFault("LIMIT_EXCEEDED", "No more than 10 records are allowed")
    org = call.session_org()
    settle(org)
    return {"records": [read_record(org, wanted, name) for name in names]}


_OPERATIONS: dict[str, Callable[[Call, Element], Any]] = {
    "cancelDeploy": _cancel_deploy,
    "checkDeployStatus": _check_deploy_status,
    "deploy": _deploy,
    "describeMetadata": _describe_metadata,
    "checkRetrieveStatus": _check_retrieve_status,
    "listMetadata": _list_metadata,
    "readMetadata": _read_metadata,
    "retrieve": _retrieve,
}
