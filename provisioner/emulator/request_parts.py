"""The parts of a request that decide who sends it and what: token, username, body, form."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from io import BytesIO
from urllib.parse import parse_qsl

from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from provisioner.emulator import jwt_bearer
from provisioner.emulator.errors import ApiError
from provisioner.emulator.exchange import MOST_BYTES, Request

_SOAP_SESSION = re.compile(rb"<(?:\w+:)?sessionId\b[^>]*>([^<]*)<")
Form = tuple[Mapping[str, str] | None, Mapping[str, bytes] | None]
"""The values of a form, and the contents of its files, by name."""


def token_of(headers: Mapping[str, str]) -> str:
    """The access token in the headers of a request; "" without one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() in ("bearer", "oauth"):
        return token.strip()
    return headers.get("x-sfdc-session", "")  # of Bulk API 1.0


def soap_token_of(request: Request) -> str:
    """The session in a SOAP body; "" without one."""
    match = _SOAP_SESSION.search(request.body[:20_000]) or _SOAP_SESSION.search(request.body)
    return match[1].decode("utf-8", "replace").strip() if match else ""


def login_of(request: Request) -> str:
    """The username in the assertion of a JWT login; "" where it cannot be read."""
    try:
        form, _ = form_of(request.headers.get("content-type", ""), request.body)
    except ApiError:
        return ""
    return jwt_bearer.user_named((form or {}).get("assertion", ""))


def unpacked(body: bytes) -> bytes:
    """A gzip body, decompressed up to the maximum size of a body."""
    unpacker = zlib.decompressobj(31)
    try:
        content = unpacker.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise ApiError(400, "JSON_PARSER_ERROR", f"the body is not gzip: {error}") from error
    if len(content) > MOST_BYTES:
        raise ApiError(413, "REQUEST_TOO_LARGE", f"The body has more than {MOST_BYTES} bytes")
    if not unpacker.eof:
        raise ApiError(400, "JSON_PARSER_ERROR", "the body is not gzip: it ends too early")
    return content


def form_of(content_type: str, body: bytes) -> Form:
    """The form that a body is; None for a body of another type."""
    kind, options = parse_options_header(content_type)
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)), None
    if kind != "multipart/form-data":
        return None, None
    parser = FormDataParser(max_form_memory_size=None, silent=False)
    try:
        _, form, files = parser.parse(BytesIO(body), kind, len(body), options)
    except ValueError as error:
        raise ApiError(
            400, "JSON_PARSER_ERROR", f"the body is not multipart data: {error}"
        ) from error
    contents = {}
    for name, part in files.items():
        contents[name] = part.stream.read()
        part.close()
    return form.to_dict(), contents
