"""`check --online`: runs the checks of the Dev Hub, and prints a line for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from provisioner.builder.connections import Connections
from provisioner.cli.annotations import check_annotation
from provisioner.doctor.examination import Examination
from provisioner.doctor.result import CheckResult, Result, Status, title, worst
from provisioner.doctor.run import examine
from provisioner.plain_text import quantity
from provisioner.report.facts import facts_document, facts_text

if TYPE_CHECKING:
    from provisioner.cli.invocation import Invocation
    from provisioner.config.model import PoolFile
    from provisioner.errors import ProvisionerError
    from provisioner.output import Colour, Output

_MARKS: dict[Status, tuple[str, str, Colour]] = {
    Status.OK: ("✓", "+", "green"),
    Status.WARNING: ("!", "!", "yellow"),
    Status.PROBLEM: ("✗", "x", "red"),
    Status.SKIPPED: ("!", "!", "yellow"),
}
"""Mark, the same in ASCII, and its colour."""


def check_hub(
    call: Invocation, pool_file: PoolFile, *, for_github: bool, with_facts: bool = True
) -> tuple[dict[str, Any], ProvisionerError | None]:
    """Run all checks, and print a line for each.

    Returns the document for `--json` and the error that determines the exit code.
    """
    results: list[CheckResult] = []
    with Connections(pool_file) as connections:
        examination = Examination(pool_file, connections, datetime.now(UTC))
        for found in examine(examination):
            results.append(found)
            _show(call.output, found)
            if for_github and found.result.status in (Status.PROBLEM, Status.WARNING):
                call.output.workflow_command(check_annotation(title(found.name), found.result))
    if with_facts:
        for line in facts_text(examination.facts):
            call.output.say(line)
    call.output.say(_summary(results, examination.requests))
    return _document(examination, results, with_facts=with_facts), worst(results)


def _show(output: Output, found: CheckResult) -> None:
    """One line, and one for the hint. With --quiet only those that need attention."""
    result = found.result
    if output.quiet and result.status is Status.OK:
        return
    output.item(_mark(output, result), f"{title(found.name)}: {result.message}")
    if result.hint:
        output.line(f"  hint: {result.hint}")


def _mark(output: Output, result: Result) -> str:
    mark, in_ascii, colour = _MARKS[result.status]
    try:
        mark.encode(getattr(output.err, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        mark = in_ascii
    return output.paint(mark, colour)


def _summary(results: Sequence[CheckResult], requests: int) -> str:
    counts = Counter(found.result.status for found in results)
    named = ((Status.PROBLEM, "problem"), (Status.WARNING, "warning"))
    parts = [quantity(counts[status], noun) for status, noun in named if counts[status]]
    if counts[Status.SKIPPED]:
        parts.append(f"{counts[Status.SKIPPED]} not checked")
    found = ", ".join(parts) or "no problems"
    return f"Dev Hub: {found} ({quantity(requests, 'request')} to the Dev Hub)"


def _document(
    examination: Examination, results: Sequence[CheckResult], *, with_facts: bool
) -> dict[str, Any]:
    version = [f for f in results if f.name == "login" and f.result.status is Status.OK]
    limits = examination.limits
    document: dict[str, Any] = {
        "hub": {
            "username": examination.config.dev_hub.username,
            "api_version": examination.connections.hub.client.api_version if version else None,
            "limits": asdict(limits) if limits is not None else None,
        },
        "packages": examination.packages,
        "checks": [found.as_json() for found in results],
        "api_calls": {"hub": examination.requests},
    }
    facts = {"facts": facts_document(examination.facts)} if with_facts else {}
    return document | facts
