"""Which bodies the REST API reads and sends: JSON, and multipart data where files are sent.

Source: kevinohara80/nforce#74, which quotes the refusal of another media type.
"""

from __future__ import annotations

import re

from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.routing import Call

_REST = re.compile(r"/services/data/v\d+\.\d/(?!jobs/)")
_READ = frozenset({"application/json", "multipart/form-data"})
_XML = frozenset({"application/xml", "text/xml"})


def check(call: Call) -> None:
    """Raise ApiError, 415, for a body that the REST API does not read. (XML is not emulated.)"""
    wanted = call.headers.get("accept", "").partition(",")[0].partition(";")[0].strip().lower()
    if wanted == "application/xml" and _REST.match(call.path):
        raise NotEmulatedError("REST answers in XML")
    if call.method not in ("POST", "PATCH", "PUT") or not call.body or not _REST.match(call.path):
        return
    kind = call.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind in _XML:
        raise NotEmulatedError("REST requests in XML")
    if kind not in _READ:
        text = f"MediaType of '{kind}' is not supported by this resource"
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", text)
