"""SOAP 1.1 envelopes: the operation of a request, and answers from plain values."""

from __future__ import annotations

from typing import Any

from provisioner.emulator import api_versions
from provisioner.emulator.envelopes import illegal_session
from provisioner.emulator.errors import SoapFault
from provisioner.emulator.metadata.xml_tree import Element, XmlProblem, parse_uncached
from provisioner.emulator.routing import Call, Reply
from provisioner.emulator.xml_values import element

_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
MAXIMUM_BYTES = 52_428_800  # of a request, base64 included (docs/reference/deploys.md#limits)


def read_operation(call: Call, *, needs_session: bool = True) -> Element:
    """The element in the body of a request's envelope.

    Raises SoapFault: too large, not well-formed, no operation, a version that the path names
    and nobody serves, no session.
    """
    if len(call.body) > MAXIMUM_BYTES:
        text = f"Maximum size of request reached. Maximum size of request is {MAXIMUM_BYTES} bytes."
        raise SoapFault("LIMIT_EXCEEDED", text)
    if call.version not in api_versions.KNOWN:
        raise SoapFault("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    try:
        envelope = parse_uncached(call.body)
    except XmlProblem as problem:
        raise SoapFault(
            "INVALID_XML", f"{problem.message} at {problem.line}:{problem.column}"
        ) from (problem)
    body = envelope.find("Body")
    if envelope.name != "Envelope" or body is None or not body.children:
        raise SoapFault("UNKNOWN_EXCEPTION", "No operation available for request")
    if call.org is None and needs_session:
        raise illegal_session()
    return body.children[0]


def answer(
    namespace: str, operation: str, result: Any, *, header: str = "", has_result: bool = True
) -> Reply:
    """The reply to an operation: `<operationResponse><result>…`."""
    inner = element("result", result) if has_result else ""
    head = f"<soapenv:Header>{header}</soapenv:Header>" if header else ""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{_ENVELOPE}" xmlns="{namespace}" '
        f'xmlns:xsi="{_INSTANCE}">{head}<soapenv:Body><{operation}Response>{inner}'
        f"</{operation}Response></soapenv:Body></soapenv:Envelope>"
    )
    return Reply(text, content_type="text/xml;charset=UTF-8")
