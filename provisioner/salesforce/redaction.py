"""Takes credentials out of texts that people will read."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CREDENTIALS = re.compile(
    r"00D[0-9A-Za-z]{12,15}![0-9A-Za-z._]+"  # a session id
    r"|eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"  # a JWT: an assertion, or a token of that form
    r"|(?<=Bearer )\S+"
    r"|(?<=[?&](?:sid|otp)=)[^&\s]+"  # a login link
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with everything that looks like a credential, and every one of `secrets`, as `***`."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return _CREDENTIALS.sub("***", text)


def one_line(text: str, longest: int = 500) -> str:
    """`text` on one line, cut when it is longer than `longest`."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[:longest]}…"
