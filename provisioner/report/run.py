"""The record of one run as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from provisioner.builder import packed_inputs
from provisioner.builder.causes import common_form, parsed
from provisioner.plain_text import cell, quantity
from provisioner.report.step_times import spent
from provisioner.report.summary import UNFINISHED, read_summary

if TYPE_CHECKING:
    from provisioner.builder.causes import Cause
    from provisioner.builder.history import Usual
    from provisioner.ledger.base import Event, Run
    from provisioner.report.record import RunRecord

MOST_NAMES = 3  # usernames of a cause or warning
MOST_DETAILS = 5  # lines of a cause
MOST_REASONS = 10  # of deletions
_HEADERS = ("", "p50", "p95", "earlier p50", "p95")


def run_document(run: Run, events: Sequence[Event]) -> dict[str, Any]:
    """The record as JSON."""
    return {
        "run": run.id,
        "host": run.host,
        "pid": run.pid,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "summary": {key: value for key, value in run.summary.items() if key != packed_inputs.KEY},
        "events": [event_document(event) for event in events],
    }


def record_document(record: RunRecord) -> dict[str, Any]:
    """The record as JSON, with what is derived from it."""
    return {
        **run_document(record.run, record.events),
        "verdict": verdict(record),
        "causes": [cause.document() for cause in record.causes],
        "times": [
            {
                "pool": time.pool,
                "step": time.step,
                "p50": time.now.p50,
                "p95": time.now.p95,
                "earlier": None
                if time.past is None
                else {"p50": time.past.p50, "p95": time.past.p95, "count": time.past.count},
                "slower": time.is_slower,
            }
            for time in record.times
        ],
        "warnings": [
            {
                "step": warned.step,
                "message": warned.message,
                "orgs": list(warned.orgs),
                "step_failed": warned.is_failure,
            }
            for warned in record.warnings
        ],
        "idle_runs": [run.id for run in record.idle_since],
        "retries": [run.id for run in record.retries],
    }


def event_document(event: Event) -> dict[str, Any]:
    """One event as JSON."""
    return {
        "at": event.at,
        "username": event.username,
        "from": event.from_state,
        "to": event.to_state,
        "note": event.note,
    }


def verdict(record: RunRecord) -> str:
    """How the run ended, in one sentence: when, with which exit code, how many orgs, why."""
    finished = record.run.finished_at
    if finished is None:
        available, failed = len(record.available), len(record.failures)
        return f"{UNFINISHED}; so far {available} available, {failed} failed"
    return f"finished {finished:%H:%M:%S} with {record.summary.verdict()}"


def run_text(record: RunRecord) -> list[str]:
    """The record as text: the verdict first, then what is behind it."""
    run = record.run
    return [
        f"run {run.id} on {run.host}, started {run.started_at:%Y-%m-%d %H:%M:%S} UTC",
        verdict(record),
        *_later(record.idle_since),
        *retry_lines(record.retries),
        *(f"{p.name}: {p.available} of {p.size} available" for p in record.summary.pools),
        *_section("Causes of the failures", _causes(record)),
        *_section("Warnings", _warnings(record)),
        *_section("Deleted", _deleted(record)),
        *_section("Time for each step", _times(record)),
        *_section("Requests", _requests(record)),
    ]


def events_text(events: Sequence[Event], *, with_username: bool = True) -> list[str]:
    """A line for each event: time, org, new state, note."""
    lines = []
    for event in events:
        note = f"  {event.note}" if event.note else ""
        state = event.to_state if event.to_state != event.from_state else "note"
        who = f"  {event.username}" if with_username else ""
        lines.append(f"{event.at:%H:%M:%S}{who}  {state}{note}")
    return lines


def cause_lines(cause: Cause) -> Iterator[str]:
    """A cause: how many orgs, the step and its line in pool.yaml, what is wrong, what to do."""
    where = f" ({cause.location})" if cause.location else ""
    yield f"{quantity(cause.count, 'org')} failed at {cause.step}{where}: {cause.message}"
    yield from (f"    {line}" for line in cause.details[:MOST_DETAILS])
    if len(cause.details) > MOST_DETAILS:
        yield f"    … and {quantity(len(cause.details) - MOST_DETAILS, 'more line')}"
    if cause.hint:
        yield f"    fix: {cause.hint}"
    if cause.orgs:
        yield f"    in {_names(cause.orgs, cause.count)}"


def slower(now: Usual, past: Usual) -> str:
    """`slower: 4m10s instead of 2m`."""
    return f"slower: {spent(now.p50)} instead of {spent(past.p50)}"


def _section(title: str, lines: Iterator[str]) -> list[str]:
    found = [f"  {line}" for line in lines]
    return ["", f"{title}:", *found] if found else []


def _later(runs: Sequence[Run]) -> Iterator[str]:
    if runs:
        yield f"{quantity(len(runs), 'later run')} had nothing to build, the last {runs[0].id}"


def retry_lines(runs: Sequence[Run]) -> Iterator[str]:
    """A line for each org that was retried since, the first one first."""
    for run in reversed(runs):
        summary = read_summary(run)
        result = "is available" if summary.exit_code == 0 else summary.verdict()
        yield f"retried in run {run.id}: {summary.retry}: {result}"


def _causes(record: RunRecord) -> Iterator[str]:
    for cause in record.causes:
        yield from cause_lines(cause)
    more = record.summary.failed - sum(cause.count for cause in record.causes)
    if record.causes and more > 0:
        yield f"{quantity(more, 'org')} by further causes"


def _warnings(record: RunRecord) -> Iterator[str]:
    for warned in record.warnings:
        failed = "failed, and the org continued: " if warned.is_failure else ""
        orgs = quantity(len(warned.orgs), "org")
        yield f"{warned.step}: {failed}{cell(warned.message)} ({orgs})"


def _deleted(record: RunRecord) -> Iterator[str]:
    """The orgs that were deleted, equal reasons together."""
    found: dict[str, list[tuple[str, str]]] = {}
    for username, reason in record.summary.deleted:
        first_line = reason.partition("\n")[0]
        found.setdefault(common_form(first_line), []).append((username, first_line))
    for same in list(found.values())[:MOST_REASONS]:
        names = [username for username, _ in same]
        reason = parsed(same[0][1]).what
        yield f"{quantity(len(same), 'org')}: {cell(reason)}"
        yield f"    {_names(names, len(names))}"
    if len(found) > MOST_REASONS:
        yield f"and orgs for {quantity(len(found) - MOST_REASONS, 'further reason')}"


def _times(record: RunRecord) -> Iterator[str]:
    if not record.times:
        return
    rows: list[tuple[str, ...]] = []
    for time in record.times:
        past = time.past
        earlier = (spent(past.p50), spent(past.p95)) if past else ("", "")
        mark = slower(time.now, past) if past and time.is_slower else ""
        step = f"{time.pool}: {time.step}"
        rows.append((step, spent(time.now.p50), spent(time.now.p95), *earlier, mark))
    table: list[tuple[str, ...]] = [(*_HEADERS, ""), *rows]
    if not any(time.past for time in record.times):
        table = [(*row[:3], "") for row in table]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        name, *values, mark = map(cell, row)
        right = "  ".join(v.rjust(w) for v, w in zip(values, widths[1:-1], strict=True))
        yield f"{name.ljust(widths[0])}  {right}  {mark}".rstrip()


def _requests(record: RunRecord) -> Iterator[str]:
    summary = record.summary
    if summary.api_calls:
        hub, org = (summary.api_calls.get(kind, 0) for kind in ("hub", "org"))
        yield f"{quantity(hub, 'request')} to the Dev Hub, {org:,} to scratch orgs"
    if summary.allowance:
        daily, active = (summary.allowance.get(kind, 0) for kind in ("daily", "active"))
        yield f"sign-ups that the Dev Hub had left for the run: {daily:,} today, {active:,} active"


def _names(orgs: Sequence[str], count: int) -> str:
    shown = ", ".join(orgs[:MOST_NAMES])
    more = max(count, len(orgs)) - min(len(orgs), MOST_NAMES)
    return f"{shown} and {more:,} more" if more > 0 else shown
