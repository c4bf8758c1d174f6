"""Texts of Salesforce for messages: without credentials, and on one line."""

from __future__ import annotations

from provisioner.redaction import redact

__all__ = ["one_line", "redact"]


def one_line(text: str, longest: int = 500) -> str:
    """`text` on one line, cut to `longest` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[:longest]}…"
