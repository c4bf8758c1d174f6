"""The list of runs: one line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from provisioner.plain_text import quantity
from provisioner.report.step_times import spent
from provisioner.report.summary import Summary, read_summary

if TYPE_CHECKING:
    from provisioner.ledger.base import Run

HEADERS = ("run", "started (UTC)", "took", "exit", "built", "failed", "why")
LISTED = 30  # runs


def runs_document(runs: Sequence[Run]) -> dict[str, Any]:
    """The list as JSON."""
    return {"runs": [run_entry(run) for run in runs]}


def run_entry(run: Run) -> dict[str, Any]:
    """One run in short, as JSON."""
    summary = read_summary(run)
    return {
        "run": run.id,
        "host": run.host,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "exit_code": summary.exit_code,
        "error": summary.error or None,
        "wanted": summary.wanted,
        "built": summary.built,
        "failed": summary.failed,
        "causes": [
            {"step": cause.step, "what": cause.what, "count": cause.count}
            for cause in summary.causes
        ],
    }


def runs_rows(runs: Sequence[Run]) -> list[tuple[str, ...]]:
    """A row for each run, for HEADERS."""
    return [_row(run, read_summary(run)) for run in runs]


def _row(run: Run, summary: Summary) -> tuple[str, ...]:
    started = f"{run.started_at:%Y-%m-%d %H:%M}"
    if not summary.is_finished:
        return (run.id, started, "", "", "", "", "no end is recorded")
    took = spent(summary.seconds) if summary.seconds is not None else ""
    code = "" if summary.exit_code is None else str(summary.exit_code)
    if summary.error:
        return (run.id, started, took, code, "", "", summary.error)
    built, failed = f"{summary.built} of {summary.wanted}", str(summary.failed)
    return (run.id, started, took, code, built, failed, _why(summary))


def _why(summary: Summary) -> str:
    if summary.is_idle:
        return "nothing to build"
    if summary.retry and not summary.failed:
        return f"retry of {summary.retry}"
    if summary.causes:
        first, more = summary.causes[0], len(summary.causes) - 1
        others = f"; {quantity(more, 'more cause')}" if more else ""
        return f"{quantity(first.count, 'org')}: {first.what}{others}"
    return summary.stopped_because or summary.limit.replace("_", " ")
