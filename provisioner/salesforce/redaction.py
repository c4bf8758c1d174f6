"""What Salesforce says, for people: without credentials, and on one line."""

from __future__ import annotations

from provisioner.redaction import redact

__all__ = ["one_line", "redact"]


def one_line(text: str, longest: int = 500) -> str:
    """`text` on one line, cut when it is longer than `longest`."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[:longest]}…"
