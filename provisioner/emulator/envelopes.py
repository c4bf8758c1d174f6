"""Answers in Salesforce's formats: JSON, errors of REST, OAuth and SOAP, a deleted org's page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from provisioner.emulator.errors import (
    ApiError,
    NotEmulatedError,
    OAuthError,
    PlainError,
    RecordError,
    SoapFault,
)
from provisioner.emulator.routing import Reply
from provisioner.emulator.xml_values import escaped

NOT_FOUND_CODES = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND"})
_CODE_FIRST = frozenset({"NOT_FOUND", "METHOD_NOT_ALLOWED", "PROCESSING_HALTED"})
"""As recorded by CumulusCI and omniphx/forrest#181: what the framework refuses."""

_GONE = (
    "<html><head><title>URL No Longer Exists</title></head><body>This org is gone.</body></html>"
)
OF_THE_PARSER = frozenset({"INVALID_FIELD", "JSON_PARSER_ERROR"})
"""Without `fields`, as recorded by amp-labs/connectors: the body was refused before the record."""

_FAULT_NAMESPACES = {
    "m": "http://soap.sforce.com/2006/04/metadata",
    "s": "http://soap.sforce.com/2006/08/apex",
    "u": "urn:fault.partner.soap.sforce.com",
    "c": "urn:fault.enterprise.soap.sforce.com",
    "T": "urn:fault.tooling.soap.sforce.com",
}
_FAULT_TYPES = {
    "INVALID_LOGIN": "LoginFault",
    "INVALID_ID_FIELD": "InvalidIdFault",
    "INVALID_NEW_PASSWORD": "InvalidNewPasswordFault",
}
"""Of the partner, enterprise and tooling APIs; the others are UnexpectedErrorFault."""
_SESSION = re.compile(r"00D[A-Za-z0-9]{12,15}!\S+|eyJ[\w-]+\.[\w-]+\.[\w-]+")


def encode(body: Any) -> bytes:
    """A reply's body as bytes: JSON unless it is text or bytes already."""
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    is_text = isinstance(body, str)
    text = body if is_text else json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "replace")  # a lone surrogate becomes a ?, as in Java


def rest_error(status: int, code: str, message: str, fields: list[str] | None = None) -> Reply:
    """`[{"message", "errorCode", "fields"}]`, in the order that recorded answers have."""
    entry: dict[str, Any] = {"message": message, "errorCode": code}
    if code in _CODE_FIRST:
        entry = {"errorCode": code, "message": message}
    if fields is not None:
        entry["fields"] = fields
    return Reply([entry], status)


def method_not_allowed(method: str, allowed: Iterable[str]) -> ApiError:
    """405 with the methods in the platform's order (omniphx/forrest#181, restforce#134)."""
    known = {*allowed} - {"HEAD"} | ({"HEAD"} if "GET" in allowed else set())
    order = ("HEAD", "GET", "POST", "PUT", "PATCH", "DELETE")
    listed = ",".join(one for one in order if one in known)
    text = f"HTTP Method '{method}' not allowed. Allowed are {listed}"
    return ApiError(405, "METHOD_NOT_ALLOWED", text)


def unauthorized(authorization: str) -> Reply:
    """401: an ended session, or a header that names none (recorded by rudder-transformer)."""
    scheme, _, token = authorization.partition(" ")
    is_session = scheme.lower() in ("bearer", "oauth") and _SESSION.fullmatch(token.strip())
    if authorization and not is_session:
        reply = rest_error(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
    else:
        reply = rest_error(401, "INVALID_SESSION_ID", "Session expired or invalid")
    return replace(reply, headers={"WWW-Authenticate": "Token"})


def jwt_in_soap() -> SoapFault:
    """The SOAP APIs take no JWT as a session; the code of the fault is not known.

    Source: docs/reference/external-client-apps.md#the-five-types.
    """
    text = "SOAP API does not support JWT-based access tokens. You must disable the "
    text += '"Issue JSON Web Token (JWT)-based access tokens" setting in your Connected App or '
    return SoapFault("INVALID_SESSION_ID", f"{text}External Client App")


def illegal_session() -> SoapFault:
    """The fault of a SOAP call without an active session."""
    text = "Invalid Session ID found in SessionHeader: Illegal Session"
    return SoapFault("INVALID_SESSION_ID", text)


def soap_fault(path: str, code: str, message: str, status: int = 500) -> Reply:
    """A SOAP 1.1 fault in the namespace of the API that the path names."""
    parts = path.split("/")
    api = parts[3] if len(parts) > 3 else ""
    namespace = _FAULT_NAMESPACES.get(api, _FAULT_NAMESPACES["u"])
    own_text = message.removeprefix(f"{code}: ")
    text, instance = _escaped(f"{code}: {own_text}"), ""
    detail = ""
    if namespace.startswith("urn:fault."):
        instance = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        detail = _fault_detail(code, own_text)
    prefix = "" if code == "INVALID_LOGIN" else "sf:"
    return Reply(
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns:sf="{namespace}"{instance}><soapenv:Body><soapenv:Fault><faultcode>{prefix}'
        f"{_escaped(code)}</faultcode><faultstring>{text}</faultstring>{detail}</soapenv:Fault>"
        "</soapenv:Body></soapenv:Envelope>",
        status,
        "text/xml;charset=UTF-8",
    )


def _fault_detail(code: str, message: str) -> str:
    """The detail of the partner, enterprise and tooling APIs, from which clients read the code.

    Source: "API Faults" in the SOAP API Developer Guide; answers of real orgs in the tests of
    simple-salesforce (LoginFault) and CumulusCI (UnexpectedErrorFault).
    """
    kind = _FAULT_TYPES.get(code, "UnexpectedErrorFault")
    return (
        f'<detail><sf:{kind} xsi:type="sf:{kind}"><sf:exceptionCode>{_escaped(code)}'
        f"</sf:exceptionCode><sf:exceptionMessage>{_escaped(message)}</sf:exceptionMessage>"
        f"</sf:{kind}></detail>"
    )


def _escaped(text: str) -> str:
    return escaped(text).replace("'", "&apos;").replace('"', "&quot;")


def deleted_org() -> Reply:
    """The answer of a deleted or expired org: an HTML page with status 420.

    Source: docs/reference/http.md#deleted-orgs.
    """
    return Reply(_GONE, 420, "text/html;charset=UTF-8")


def of_error(error: Exception, path: str) -> Reply | None:
    """The reply for an error of an emulated resource; None for any other exception."""
    if isinstance(error, ApiError):
        return rest_error(error.status, error.code, error.message, error.fields)
    if isinstance(error, RecordError):
        status = 404 if error.code in NOT_FOUND_CODES else 400
        fields = error.fields or (None if error.code in OF_THE_PARSER else [])
        return rest_error(status, error.code, error.message, fields)
    if isinstance(error, OAuthError):
        body = {"error": error.error, "error_description": error.description}
        return Reply(body, error.status)
    if isinstance(error, PlainError):
        return Reply(error.text, error.status, "text/html;charset=UTF-8")
    if isinstance(error, SoapFault):
        return soap_fault(path, error.code, error.message)
    if isinstance(error, NotEmulatedError):
        if path.startswith("/services/Soap"):
            return soap_fault(path, "NOT_EMULATED", f"not emulated: {error}", 501)
        return rest_error(501, "NOT_EMULATED", f"not emulated: {error}")
    return None
