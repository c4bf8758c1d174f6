"""Anonymous Apex: over REST, or over the SOAP Apex API when the script is too long for a URL.

Sources: docs/reference/data.md#anonymous-apex, docs/reference/clients.md#salesforce-cli.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from provisioner.salesforce.api_errors import Call, unusable
from provisioner.salesforce.fields import LONGEST_AREA, Row, flag, integer, optional_text, row
from provisioner.salesforce.redaction import one_line, redact
from provisioner.salesforce.retry_malformed import checked

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

LONGEST_URL = 12_000  # characters of the encoded script; Salesforce refuses URLs over 16 kB (414)
_SOAP = "Soap/s executeAnonymous"
_APEX = "http://soap.sforce.com/2006/08/apex"


@dataclass(frozen=True)
class ApexResult:
    """The result of a script. It runs as one transaction: an exception rolls back everything."""

    is_compiled: bool
    is_success: bool
    line: int  # of the compile problem, from 1
    column: int
    problem: str  # the compile problem
    exception: str  # the exception that the script threw
    trace: str


def execute_anonymous(org: OrgClient, script: str) -> ApexResult:
    """Run a script once. It is not retried here: after a lost answer it may have run."""
    encoded = quote(script)
    if len(encoded) > LONGEST_URL:
        answer = _over_soap(org, script)
        return checked(Call(org.name, "POST", _SOAP), lambda: _result(answer))
    path = f"tooling/executeAnonymous/?anonymousBody={encoded}"
    return org.send("GET", path, _result, is_repeatable=False)


def _result(answer: Any) -> ApexResult:
    """Raises MalformedAnswerError, also for `null`, which means an internal error.

    Source: docs/reference/data.md#anonymous-apex.
    """
    result = row(answer)
    return ApexResult(
        is_compiled=flag(result, "compiled"),
        is_success=flag(result, "success"),
        line=_number(result, "line"),
        column=_number(result, "column"),
        problem=_text(result, "compileProblem"),
        exception=_text(result, "exceptionMessage"),
        trace=_text(result, "exceptionStackTrace"),
    )


def _number(answer: Row, key: str) -> int:
    """A number, which SOAP writes as a text; -1 without one."""
    value = answer.get(key)
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value):
        return int(value)
    return integer(answer, key, least=-1) if value else -1


def _text(answer: Row, key: str) -> str:
    return one_line(redact(optional_text(answer, key, longest=LONGEST_AREA)))


def _over_soap(org: OrgClient, script: str) -> Mapping[str, Any]:
    """The result from `executeAnonymous` of the Apex API; an ended session is renewed once."""
    answer = _post(org, script)
    if answer.get("faultcode", "").endswith("INVALID_SESSION_ID"):
        org.session.renew(org.session.grant)
        answer = _post(org, script)
    if "faultcode" in answer:
        call = Call(org.name, "POST", _SOAP)
        raise unusable(call, 500, f"{answer['faultcode']}: {answer.get('faultstring')}")
    return answer


def _post(org: OrgClient, script: str) -> dict[str, str]:
    """The elements of the result, or of the fault, by name."""
    grant = org.session.grant
    answer = org.session.request(
        "POST",
        f"{grant.instance_url}/services/Soap/s/{org.api_version}/{grant.org_id[:15]}",
        data=_envelope(grant.access_token, script).encode(),
        headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
        expected=(500,),  # a fault
    )
    return _elements(org, answer.status, answer.body)


def _elements(org: OrgClient, status: int, content: bytes) -> dict[str, str]:
    from provisioner.salesforce.xml_answer import NotXmlError, first_texts

    try:
        return first_texts(content)
    except NotXmlError:
        call = Call(org.name, "POST", _SOAP)
        raise unusable(call, status, "the answer is not XML") from None


def _envelope(token: str, script: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<env:Header><SessionHeader xmlns="{_APEX}"><sessionId>{escape(token)}</sessionId>'
        f'</SessionHeader></env:Header><env:Body><executeAnonymous xmlns="{_APEX}">'
        f"<apexcode>{escape(script)}</apexcode></executeAnonymous></env:Body></env:Envelope>"
    )
