"""Metadata retrieves over SOAP: request components, read the zip. REST has no retrieve.

Source: docs/reference/external-client-apps.md#consumer-key-and-secret.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from provisioner.errors import SalesforceError
from provisioner.salesforce.api_errors import Call, unusable
from provisioner.salesforce.ids import is_id
from provisioner.salesforce.redaction import one_line, redact
from provisioner.salesforce.xml_answer import NotXmlError, first_texts

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

_METADATA = "http://soap.sforce.com/2006/04/metadata"
_LARGEST = 1_000_000  # bytes of a file in the zip; the files that are read have a few thousand
_KEY = re.compile(rb"<consumerKey>\s*([0-9A-Za-z._-]{8,256})\s*</consumerKey>")
_CERTIFICATE = re.compile(rb"<certificate>([^<]{1,20000})</certificate>")


@dataclass(frozen=True)
class AppSettings:
    """What is read of the settings of an app. They also hold a secret, which is not kept."""

    consumer_key: str
    certificate: str = ""  # PEM; "" when the org returns none


def start_retrieve(org: OrgClient, type_name: str, member: str) -> str:
    """Request one component. Returns the id of the retrieve, 09S…. Raises SalesforceError."""
    version = org.api_version
    types = f"<types><members>{escape(member)}</members><name>{type_name}</name></types>"
    answer = _call(
        org,
        "retrieve",
        f"<retrieveRequest><apiVersion>{version}</apiVersion><singlePackage>true</singlePackage>"
        f"<unpackaged>{types}<version>{version}</version></unpackaged></retrieveRequest>",
    )
    found = answer.get("id", "")
    if not is_id(found):
        raise unusable(_named(org, "retrieve"), 200, "it has no id of a retrieve")
    return found


def retrieved_consumer_key(org: OrgClient, retrieve_id: str) -> str | None:
    """The consumer key in the retrieved settings of an app; None while the retrieve runs.

    Raises SalesforceError.
    """
    settings = retrieved_settings(org, retrieve_id)
    return settings.consumer_key if settings else None


def retrieved_settings(org: OrgClient, retrieve_id: str) -> AppSettings | None:
    """The retrieved settings of an app; None while the retrieve runs.

    The zip also holds the app's consumer secret: it stays in memory and is not returned. Raises
    SalesforceError.
    """
    answer = _call(
        org,
        "checkRetrieveStatus",
        f"<asyncProcessId>{escape(retrieve_id)}</asyncProcessId><includeZip>true</includeZip>",
    )
    if answer.get("done") != "true":
        return None
    call = _named(org, "checkRetrieveStatus")
    if answer.get("success") != "true":
        reason = answer.get("errorMessage") or answer.get("problem") or "no reason given"
        raise SalesforceError(
            f"{call}: the retrieve {retrieve_id} failed: {one_line(redact(reason))}",
            error_code=answer.get("errorStatusCode", ""),
        )
    settings = _settings(answer.get("zipFile", ""))
    if settings is None:
        raise unusable(call, 200, "the retrieved settings have no consumer key")
    return settings


def _settings(zip_text: str) -> AppSettings | None:
    try:
        archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(zip_text)))
        files = [one for one in archive.infolist() if one.file_size <= _LARGEST]
        contents = [archive.read(one) for one in files]
    except (ValueError, zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        return None
    for content in contents:
        if key := _KEY.search(content):
            certificate = _CERTIFICATE.search(content)
            text = certificate[1].decode("ascii", "replace").strip() if certificate else ""
            return AppSettings(key[1].decode(), text)
    return None


def _call(org: OrgClient, operation: str, content: str) -> dict[str, str]:
    """The texts of the answer by element. Raises SalesforceError for a fault."""
    call, session = _named(org, operation), org.session
    answer = session.request(
        "POST",
        f"{session.instance_url}/services/Soap/m/{org.api_version}",
        data=_envelope(session.grant.access_token, operation, content).encode(),
        headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
        is_repeatable=True,  # both calls only read
        expected=(500,),  # a fault
    )
    try:
        texts = first_texts(answer.body)
    except NotXmlError:
        raise unusable(call, answer.status, "the answer is not XML") from None
    if "faultcode" in texts:
        raise unusable(call, 500, redact(f"{texts['faultcode']}: {texts.get('faultstring')}"))
    return texts


def _named(org: OrgClient, operation: str) -> Call:
    return Call(org.name, "POST", f"Soap/m {operation}")


def _envelope(token: str, operation: str, content: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<env:Header><SessionHeader xmlns="{_METADATA}"><sessionId>{escape(token)}</sessionId>'
        f'</SessionHeader></env:Header><env:Body><{operation} xmlns="{_METADATA}">{content}'
        f"</{operation}></env:Body></env:Envelope>"
    )
