"""A table for a terminal of any width that cuts nothing: what does not fit goes below its row."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from provisioner.plain_text import cell, shown

GAP, INDENT = "  ", "    "


def fitted(
    headers: Sequence[str], rows: Sequence[Sequence[str]], width: int | None
) -> list[list[str]]:
    """The lines of the header and of each row, at most `width` characters where words allow it.

    The first columns are in a table as far as they fit, at least the first one, which is never cut.
    Each other field that is not empty is on a line of its own below the row, after its header.
    Without a width (a file, a pipe), all columns are in the table.
    """
    everything = [[cell(text) for text in row] for row in (headers, *rows)]
    widths = [max(map(len, column)) for column in zip(*everything, strict=True)]
    kept = len(widths) if width is None else _columns_that_fit(widths, width)
    blocks = []
    for index, row in enumerate(everything):
        line = GAP.join(text.ljust(size) for text, size in zip(row[:kept], widths, strict=False))
        below = zip(headers[kept:], row[kept:], strict=True) if index else ()
        fields = [_wrapped(name, text, width or 0) for name, text in below if text]
        lines = [line.rstrip(), *(line for lines in fields for line in lines)]
        blocks.append([shown(line) for line in lines])
    return blocks


def _columns_that_fit(widths: Sequence[int], width: int) -> int:
    """How many of the first columns fit, without empty ones between: at least one."""
    used = 0
    for index, size in enumerate(widths):
        used += size + (len(GAP) if index else 0)
        if used > width:
            return max(index, 1)
    return len(widths)


def _wrapped(name: str, text: str, width: int) -> list[str]:
    """The lines of one field; a word that is longer than a line is not broken."""
    wrapper = textwrap.TextWrapper(
        width=max(width, len(INDENT) + 12),
        initial_indent=INDENT,
        subsequent_indent=f"{INDENT}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapper.wrap(f"{name}: {text}")
