"""The style sheet of the HTML report, and its hash for the content security policy."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

COLOURS = 8  # of steps: classes s0 to s7


@cache
def style_sheet() -> str:
    """The text of `style.css`."""
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def policy() -> str:
    """Allows this style sheet and the empty icon; no script, no request, no form."""
    digest = b64encode(sha256(style_sheet().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
