"""The record of a run in the text format of Prometheus, for the textfile collector.

Source of the format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from provisioner.plain_text import safe_lines

if TYPE_CHECKING:
    from provisioner.ledger.base import Org
    from provisioner.report.record import RunRecord

Labels = Mapping[str, str]
Sample = tuple[Labels, float | int | None]
"""Labels and value; a sample without a value is left out."""


def prometheus(record: RunRecord, orgs: Iterable[Org]) -> str:
    """The metrics of a run, and how many of `orgs` are in which state now."""
    sizes: list[Sample] = [({"pool": p.name}, p.size) for p in record.summary.pools]
    size = metric("pool_size_orgs", "Available orgs wanted, at the end of the build.", sizes)
    return "".join(metric(*each) for each in _run(record)) + size + pool_metrics(orgs)


def pool_metrics(orgs: Iterable[Org]) -> str:
    """How many of `orgs` are in which state now."""
    counts = Counter((org.pool, str(org.state)) for org in orgs)
    now: list[Sample] = [
        ({"pool": pool, "state": state}, count) for (pool, state), count in sorted(counts.items())
    ]
    return metric(
        "pool_orgs", "Orgs of the ledger by pool and state, when this file was written.", now
    )


def _run(record: RunRecord) -> Iterator[tuple[str, str, list[Sample]]]:
    run, summary = record.run, record.summary
    end = run.finished_at.timestamp() if run.finished_at else None
    is_finished = summary.is_finished

    def single(value: float | int | None) -> list[Sample]:
        return [({}, value)]

    start = run.started_at.timestamp()
    yield "build_start_time_seconds", "When the build started, Unix time.", single(start)
    yield "build_end_time_seconds", "When the build ended, Unix time.", single(end)
    yield "build_duration_seconds", "How long the build took.", single(summary.seconds)
    yield "build_exit_code", "Exit code of the build.", single(summary.exit_code)
    for name, text, value in (
        ("wanted", "Orgs that the build was to finish.", summary.wanted),
        ("built", "Orgs that became available.", summary.built),
        ("failed", "Orgs that failed.", summary.failed),
        ("left", "Orgs that are left to the next build.", summary.left),
    ):
        yield f"build_{name}_orgs", text, single(value if is_finished else None)
    yield "build_warnings", "Different warnings of steps.", single(len(record.warnings))
    failures: Counter[str] = Counter()
    for cause in record.causes:
        failures[cause.step] += cause.count
    yield (
        "build_step_failures",
        "Orgs that failed in a step.",
        [({"step": step}, count) for step, count in failures.items()],
    )
    yield (
        "build_requests",
        "Requests of the build to Salesforce.",
        [({"to": to}, count) for to, count in summary.api_calls.items()],
    )
    yield (
        "build_allowance_orgs",
        "Sign-ups that the Dev Hub had left at the start.",
        [({"limit": limit}, count) for limit, count in summary.allowance.items()],
    )
    yield "step_duration_seconds", "Duration of a step in the build.", list(_times(record))


def _times(record: RunRecord) -> Iterator[Sample]:
    for time in record.times:
        for percentile, value in (("50", time.now.p50), ("95", time.now.p95)):
            yield {"pool": time.pool, "step": time.step, "percentile": percentile}, value


def metric(name: str, text: str, samples: Iterable[Sample], *, kind: str = "gauge") -> str:
    """All lines of one metric; none without a sample."""
    full = f"provisioner_{name}"
    lines = [
        f"{full}{_labels(labels)} {_number(value)}\n"
        for labels, value in samples
        if value is not None
    ]
    return "".join([f"# HELP {full} {text}\n", f"# TYPE {full} {kind}\n", *lines] if lines else [])


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    backslash = safe_lines(value).replace("\\", "\\\\")
    return backslash.replace('"', '\\"').replace("\n", "\\n")


def _number(value: float | int) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
