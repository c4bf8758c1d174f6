"""Anonymous Apex: over REST, and over the SOAP Apex API what is too long for a URL.

Source: salesforce-facts §6, wire §2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from provisioner.salesforce.envelope import Call, unusable
from provisioner.salesforce.redaction import one_line, redact

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

LONGEST_URL = 12_000  # characters of the encoded script; URLs beyond 16 kB are refused (414)
_APEX = "http://soap.sforce.com/2006/08/apex"


@dataclass(frozen=True)
class ApexResult:
    """What became of a script. It ran as one transaction: an exception has undone all of it."""

    is_compiled: bool
    is_success: bool
    line: int  # of the problem, from 1
    column: int
    problem: str  # why it does not compile
    exception: str  # what it threw
    trace: str


def execute_anonymous(org: OrgClient, script: str) -> ApexResult:
    """Run a script once. Never repeated here: after a lost answer it may have run."""
    encoded = quote(script)
    if len(encoded) > LONGEST_URL:
        return _result(org, _over_soap(org, script))
    path = f"tooling/executeAnonymous/?anonymousBody={encoded}"
    return _result(org, org.call("GET", path, is_repeatable=False))


def _result(org: OrgClient, answer: Any) -> ApexResult:
    if not isinstance(answer, Mapping):  # `null` with 200: an internal error (facts §6)
        raise unusable(Call(org.name, "GET", "tooling/executeAnonymous"), 200, "it tells nothing")
    return ApexResult(
        is_compiled=_truth(answer, "compiled"),
        is_success=_truth(answer, "success"),
        line=int(answer.get("line") or -1),
        column=int(answer.get("column") or -1),
        problem=_text(answer, "compileProblem"),
        exception=_text(answer, "exceptionMessage"),
        trace=_text(answer, "exceptionStackTrace"),
    )


def _truth(answer: Mapping[str, Any], key: str) -> bool:
    return str(answer.get(key)).lower() == "true"


def _text(answer: Mapping[str, Any], key: str) -> str:
    return one_line(redact(str(answer.get(key) or "")))


def _over_soap(org: OrgClient, script: str) -> Mapping[str, Any]:
    """The same result from `executeAnonymous` of the Apex API; a new session, once."""
    answer = _post(org, script)
    if answer.get("faultcode", "").endswith("INVALID_SESSION_ID"):
        org.session.renew(org.session.grant)
        answer = _post(org, script)
    if "faultcode" in answer:
        call = Call(org.name, "POST", "Soap/s executeAnonymous")
        raise unusable(call, 500, f"{answer['faultcode']}: {answer.get('faultstring')}")
    return answer


def _post(org: OrgClient, script: str) -> dict[str, str]:
    """The elements of the answer's result, or of its fault, by name."""
    grant = org.session.grant
    answer = org.session.request(
        "POST",
        f"{grant.instance_url}/services/Soap/s/{org.api_version}/{grant.org_id[:15]}",
        data=_envelope(grant.access_token, script).encode(),
        headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
        expected=(500,),  # a fault
    )
    return _elements(org, answer.status_code, answer.content)


def _elements(org: OrgClient, status: int, content: bytes) -> dict[str, str]:
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        elements = fromstring(content).iter()
    except ParseError:
        call = Call(org.name, "POST", "Soap/s executeAnonymous")
        raise unusable(call, status, "the answer is no XML") from None
    return {str(element.tag).rpartition("}")[2]: element.text or "" for element in elements}


def _envelope(token: str, script: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<env:Header><SessionHeader xmlns="{_APEX}"><sessionId>{escape(token)}</sessionId>'
        f'</SessionHeader></env:Header><env:Body><executeAnonymous xmlns="{_APEX}">'
        f"<apexcode>{escape(script)}</apexcode></executeAnonymous></env:Body></env:Envelope>"
    )
