"""SOAP 1.1 envelopes: the operation of a request, and answers from plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from provisioner.emulator import api_versions
from provisioner.emulator.errors import SoapFault
from provisioner.emulator.metadata.xml_tree import Element, XmlProblem, parse_uncached
from provisioner.emulator.routing import Call, Reply

_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
MAXIMUM_BYTES = 52_428_800  # of a request, base64 included (docs/reference/deploys.md#limits)
INVALID_SESSION = "Invalid Session ID found in SessionHeader: Illegal Session"


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
        raise SoapFault("INVALID_SESSION_ID", INVALID_SESSION)
    return body.children[0]


def answer(
    namespace: str, operation: str, result: Any, *, header: str = "", has_result: bool = True
) -> Reply:
    """The reply to an operation: `<operationResponse><result>…`."""
    inner = _element("result", result) if has_result else ""
    head = f"<soapenv:Header>{header}</soapenv:Header>" if header else ""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{_ENVELOPE}" xmlns="{namespace}" '
        f'xmlns:xsi="{_INSTANCE}">{head}<soapenv:Body><{operation}Response>{inner}'
        f"</{operation}Response></soapenv:Body></soapenv:Envelope>"
    )
    return Reply(text, content_type="text/xml;charset=UTF-8")


@dataclass(frozen=True)
class Raw:
    """The content of an element as XML, and its `xsi:type`."""

    xml: str
    type: str = ""


def _element(name: str, value: Any) -> str:
    """A value as elements; lists repeat the element, nulls are `xsi:nil`."""
    if isinstance(value, Raw):
        kind = f' xsi:type="{value.type}"' if value.type else ""
        return f"<{name}{kind}>{value.xml}</{name}>" if value.xml else f'<{name} xsi:nil="true"/>'
    if isinstance(value, list | tuple):
        return "".join(_element(name, one) for one in value)
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    return f"<{name}>{_content(value)}</{name}>"


def _content(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(_element(key, one) for key, one in value.items())
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(_printable(str(value)))


def _printable(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return "".join(char for char in text if char >= " " or char in "\t\n\r")


def without_nulls(value: Any) -> Any:
    """A value without its null entries: the Metadata API leaves them out."""
    if isinstance(value, Mapping):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in value]
    return value
