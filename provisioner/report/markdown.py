"""The record of a run as Markdown, for the summary of a CI job.

Every text from outside is in a code span or a code block, where Markdown and HTML mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.plain_text import quantity, safe_lines
from provisioner.report.run import retry_lines, slower, verdict
from provisioner.report.step_times import spent

if TYPE_CHECKING:
    from provisioner.builder.causes import Cause
    from provisioner.report.record import RunRecord

LONGEST = 1_000_000  # bytes; GitHub refuses a summary of more than 1 MiB
MOST_WARNINGS = 30
LONGEST_TEXT = 500  # characters of a warning
_TICKS = re.compile("`+")


def markdown(record: RunRecord) -> str:
    """The text; shortened at the end of a line where it would be too long."""
    lines = "\n".join(_lines(record)).encode()
    if len(lines) <= LONGEST:
        return f"{lines.decode()}\n"
    cut = lines[:LONGEST].decode(errors="ignore").rpartition("\n")[0]
    fence = "\n````````\n"  # in case it ends in a code block
    return f"{cut}{fence}\nshortened: `provisioner report` shows all\n"


def span(text: str) -> str:
    """A text in a code span, also in the cell of a table."""
    line = safe_lines(" ".join(text.split())).replace("|", "\\|") or " "
    ticks = "`" * (_longest_ticks(line) + 1)
    space = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{space}{line}{space}{ticks}"


def block(text: str) -> str:
    """A text in a code block."""
    fence = "`" * max(3, _longest_ticks(text) + 1)
    return f"{fence}text\n{safe_lines(text)}\n{fence}"


def _longest_ticks(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


def _lines(record: RunRecord) -> Iterator[str]:
    yield from _header(record)
    yield from _pools(record)
    for cause in record.causes:
        yield from _cause(cause)
    yield from _times(record)
    yield from _warnings(record)


def _header(record: RunRecord) -> Iterator[str]:
    run, summary = record.run, record.summary
    mark = "✅" if summary.exit_code == 0 else "❌"
    result = f"{summary.built} of {summary.wanted} built, {summary.failed} failed"
    yield f"## {mark} Scratch orgs: {result if summary.is_finished else 'no end is recorded'}"
    yield ""
    code = "" if summary.exit_code is None else f", exit code {summary.exit_code}"
    took = "" if summary.seconds is None else f", {spent(summary.seconds)}"
    yield f"Run {span(run.id)}, started {run.started_at:%Y-%m-%d %H:%M:%S} UTC{took}{code}"
    yield ""
    for line in retry_lines(record.retries):
        yield f"- {span(line)}"
    if record.retries:
        yield ""
    if not summary.is_finished or summary.error or summary.stopped_because:
        yield block(summary.verdict() if summary.is_finished else verdict(record))
        yield ""


def _pools(record: RunRecord) -> Iterator[str]:
    if record.summary.pools:
        yield "| pool | available | wanted |"
        yield "| --- | ---: | ---: |"
        for pool in record.summary.pools:
            yield f"| {span(pool.name)} | {pool.available} | {pool.size} |"
        yield ""


def _cause(cause: Cause) -> Iterator[str]:
    where = f" ({span(cause.location)})" if cause.location else ""
    yield f"### {quantity(cause.count, 'org')} failed at {span(cause.step)}{where}"
    yield ""
    yield block("\n".join([cause.message, *cause.details]))
    yield ""
    if cause.hint:
        yield f"Fix: {span(cause.hint)}"
        yield ""


def _times(record: RunRecord) -> Iterator[str]:
    late = [time for time in record.times if time.is_slower]
    if late:
        yield "### Slower than in earlier runs"
        yield ""
        for time in late:
            note = slower(time.now, time.past) if time.past else ""
            yield f"- {span(f'{time.pool}: {time.step}')} {note}"
        yield ""


def _warnings(record: RunRecord) -> Iterator[str]:
    if not record.warnings:
        return
    yield f"### Warnings: {len(record.warnings)}"
    yield ""
    for warned in record.warnings[:MOST_WARNINGS]:
        failed = "failed, and the org continued: " if warned.is_failure else ""
        text = span(f"{warned.step}: {failed}{warned.message[:LONGEST_TEXT]}")
        yield f"- {text} ({quantity(len(warned.orgs), 'org')})"
    if len(record.warnings) > MOST_WARNINGS:
        yield f"- and {len(record.warnings) - MOST_WARNINGS} more"
    yield ""
