"""Restores the PEM text of a private key from the forms in which CI systems store it.

Known forms: line ends escaped once or several times (`\\n`), CRLF, spaces for line ends, the whole
file in base64 on one line or wrapped, and the body of a PEM block without its first and last line.
"""

from __future__ import annotations

import base64
import binascii
import re

BEGIN = "-----BEGIN"
_ESCAPED_RETURN = re.compile(r"\\+r")
_ESCAPED_LINE = re.compile(r"\\+n")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{200,}={0,2}")  # the shortest key is longer
_QUOTES = "\"'"


def is_key_text(text: str) -> bool:
    """Whether a text is a key, and not the path of a key file."""
    return BEGIN in text or _decoded(text) is not None


def pem_text(text: str) -> str:
    """The PEM text of the key in `text`; other text is returned unchanged."""
    decoded = None if BEGIN in text else _decoded(text)
    if decoded is not None:
        text = _from_der(decoded) if decoded[:1] == b"0" else decoded.decode("utf-8", "replace")
    if "\\" in text:
        text = _ESCAPED_LINE.sub("\n", _ESCAPED_RETURN.sub("", text)).replace("\\", "")
    return text.replace("\r\n", "\n")


def _decoded(text: str) -> bytes | None:
    """The content of a base64 text, if it is a PEM text or a key in DER; else None."""
    plain = _ESCAPED_LINE.sub("", _ESCAPED_RETURN.sub("", text))
    compact = "".join(plain.strip().strip(_QUOTES).split())
    if not _BASE64.fullmatch(compact):
        return None
    compact = compact.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        content = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except binascii.Error:
        return None
    return content if BEGIN.encode() in content or content[:2] == b"0\x82" else None


def _from_der(content: bytes) -> str:
    """A key in DER as PEM, with the label of its structure."""
    if content[4:5] == b"0":  # it starts with a sequence
        label = "ENCRYPTED PRIVATE KEY"
    else:  # it starts with a version; PKCS#8 has a sequence next
        label = "PRIVATE KEY" if content[7:8] == b"0" else "RSA PRIVATE KEY"
    body = base64.encodebytes(content).decode()
    return f"{BEGIN} {label}-----\n{body}-----END {label}-----\n"
