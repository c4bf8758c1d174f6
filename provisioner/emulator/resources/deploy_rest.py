"""`/metadata/deployRequest`: deploys by REST.

Source: docs/reference/deploys.md#requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

from provisioner.emulator.errors import ApiError
from provisioner.emulator.ids import same_id
from provisioner.emulator.json_body import parse_body
from provisioner.emulator.metadata.deployment import Deployment
from provisioner.emulator.metadata.options import DeployOptions, TestsRefused, read_options
from provisioner.emulator.metadata.setup_queue import enqueue, enqueue_validated, settle
from provisioner.emulator.objects import permissions
from provisioner.emulator.routing import Call, Reply, route

_PATH = "/services/data/v<version>/metadata/deployRequest"
NO_VALIDATION = "No recent validation that qualifies for a quick deploy"


@route(_PATH, "POST", name="deploy.start")
def start(call: Call) -> Reply:
    """A multipart body: options as JSON (`json` or `entity_content`) and the zip (`file`).

    A JSON body with `validatedDeployRequestId` deploys a validation, as jsforce sends it.
    """
    permissions.require_administrator(call.session_org().store, call.user_id)
    if parse_options_header(call.headers.get("content-type", ""))[0] == "application/json":
        body = call.json()
        if isinstance(body, dict) and "validatedDeployRequestId" in body:
            return start_validated(call)
    options, zip_bytes = _read(call)
    return _started(call, enqueue(call.session_org(), zip_bytes, options, call.user_id))


@route(f"{_PATH}/validatedDeployRequestId", "POST", name="deploy.quick")
def start_validated(call: Call) -> Reply:
    """Deploy a recent validation without its tests; 404 if it does not qualify.

    Source: "Deploy a Recently Validated Component Set Without Tests" in the Metadata API Developer
    Guide. Salesforce's text of the 404 is not known.
    """
    permissions.require_administrator(call.session_org().store, call.user_id)
    body = call.json()
    wanted = str(body.get("validatedDeployRequestId") or "") if isinstance(body, dict) else ""
    deployment = enqueue_validated(call.session_org(), wanted, call.user_id)
    if deployment is None:
        raise ApiError(404, "INVALID_ID_FIELD", f"{NO_VALIDATION}: {wanted}")
    return _started(call, deployment)


def _started(call: Call, deployment: Deployment) -> Reply:
    path = _PATH.replace("<version>", call.version)
    body = {
        "id": deployment.id,
        "validatedDeployRequestId": deployment.validation_id or None,
        "url": f"{call.base_url}{path}/{deployment.id}",
        "deployOptions": deployment.options.to_json(),
        "deployResult": deployment.to_json(with_details=False),
    }
    return Reply(body, 201)


@route(f"{_PATH}/<deploy_id>", "GET", name="deploy.status")
def status(call: Call) -> Reply:
    """The deploy's result so far; `includeDetails=true` adds the components."""
    settle(call.session_org())
    with_details = call.query.get("includeDetails", "").lower() == "true"
    return Reply(_answer(call, _find(call), with_details=with_details))


@route(f"{_PATH}/<deploy_id>", "PATCH", name="deploy.cancel")
def cancel(call: Call) -> Reply:
    """`{"deployResult": {"status": "Canceling"}}` stops a deploy."""
    settle(call.session_org())
    deployment, body = _find(call), call.json()
    wanted = body.get("deployResult") if isinstance(body, dict) else None
    if not isinstance(wanted, dict) or wanted.get("status") != "Canceling":
        raise ApiError(400, "INVALID_INPUT", "deployResult.status must be Canceling")
    if deployment.is_settled:
        text = f"The deployment {deployment.id} is completed and can't be canceled"
        raise ApiError(400, "INVALID_ID_FIELD", text)
    deployment.cancel(call.user_id)
    return Reply(_answer(call, deployment, with_details=False), 202)


def _answer(call: Call, deployment: Deployment, *, with_details: bool) -> dict[str, Any]:
    path = _PATH.replace("<version>", call.version)
    return {
        "id": deployment.id,
        "url": f"{call.base_url}{path}/{deployment.id}?includeDetails={str(with_details).lower()}",
        "deployResult": deployment.to_json(with_details=with_details),
    }


def _find(call: Call) -> Deployment:
    deployments = call.session_org().deployments
    wanted = call.params["deploy_id"]
    for deployment in list(deployments.values()):
        if isinstance(deployment, Deployment) and same_id(deployment.id, wanted):
            return deployment
    raise ApiError(404, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")


def _read(call: Call) -> tuple[DeployOptions, bytes]:
    kind, settings = parse_options_header(call.headers.get("content-type", ""))
    if kind != "multipart/form-data" or "boundary" not in settings:
        text = (
            f"The HTTP entity body is required to be multipart/form-data, not {kind or 'nothing'}"
        )
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", text)
    given: Any = None
    zip_bytes: bytes | None = None
    for name, headers, data in _parts(call.body, settings["boundary"]):
        if name in ("json", "entity_content") or "json" in headers.get("content-type", ""):
            given = parse_body(data)
        elif name == "file" or zip_bytes is None:
            zip_bytes = data
    if zip_bytes is None:
        raise ApiError(400, "MISSING_ARGUMENT", "The zip file is missing: part 'file'")
    return _options(given), zip_bytes


def _options(given: Any) -> DeployOptions:
    options = given.get("deployOptions") if isinstance(given, dict) else None
    if not isinstance(options, dict):
        raise ApiError(400, "MISSING_ARGUMENT", "Required input is missing: deployOptions")
    try:
        return read_options(options)
    except TestsRefused as error:
        raise ApiError(400, error.code, str(error)) from error
    except ValueError as error:
        raise ApiError(400, "JSON_PARSER_ERROR", str(error)) from error


def _parts(body: bytes, boundary: str) -> Iterator[tuple[str, Headers, bytes]]:
    """The parts as bytes: a zip may come without a file name."""
    decoder = MultipartDecoder(boundary.encode())
    decoder.receive_data(body)
    decoder.receive_data(None)
    name, headers, data = "", Headers(), b""
    try:
        while not isinstance(event := decoder.next_event(), Epilogue):
            if isinstance(event, Field | File):
                name, headers, data = event.name, event.headers, b""
            elif isinstance(event, Data):
                data += event.data
                if not event.more_data:
                    yield name, headers, data
    except (ValueError, RequestEntityTooLarge) as error:
        raise ApiError(400, "INVALID_MULTIPART_REQUEST", str(error)) from error
