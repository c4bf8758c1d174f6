"""The text of a private key as CI systems hand it on, back to the PEM text that it was.

Seen in the field: line ends escaped once or several times (`\\n`), CRLF, blanks for line ends, the
whole file in base64 on one line or wrapped, and the body of a PEM block without its two lines.
"""

from __future__ import annotations

import base64
import binascii
import re

BEGIN = "-----BEGIN"
_ESCAPED_RETURN = re.compile(r"\\+r")
_ESCAPED_LINE = re.compile(r"\\+n")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{200,}={0,2}")  # the shortest key has more characters
_QUOTES = "\"'"


def is_key_text(text: str) -> bool:
    """Whether a text is a key itself, and not the path of one."""
    return BEGIN in text or _decoded(text) is not None


def pem_text(text: str) -> str:
    """The PEM text in `text`; whatever is no key comes back as it is."""
    decoded = None if BEGIN in text else _decoded(text)
    if decoded is not None:
        text = _from_der(decoded) if decoded[:1] == b"0" else decoded.decode("utf-8", "replace")
    if "\\" in text:
        text = _ESCAPED_LINE.sub("\n", _ESCAPED_RETURN.sub("", text)).replace("\\", "")
    return text.replace("\r\n", "\n")


def _decoded(text: str) -> bytes | None:
    """What a base64 text holds, if that is a PEM text or a key in DER."""
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
    """A key in DER as PEM, under the label of its structure."""
    if content[4:5] == b"0":  # a sequence comes first
        label = "ENCRYPTED PRIVATE KEY"
    else:  # a version; then the modulus in PKCS#1, a sequence in PKCS#8
        label = "PRIVATE KEY" if content[7:8] == b"0" else "RSA PRIVATE KEY"
    body = base64.encodebytes(content).decode()
    return f"{BEGIN} {label}-----\n{body}-----END {label}-----\n"
