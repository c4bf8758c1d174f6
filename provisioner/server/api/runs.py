"""/v1/runs: the builds, and their reports as `provisioner report` writes them."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.access.visible import visible_record, visible_runs
from provisioner.redaction import redact, redact_all
from provisioner.report.forms import FORMS
from provisioner.report.run import record_document
from provisioner.report.runs import LISTED, runs_document
from provisioner.server.api.schemas import named
from provisioner.server.operation import Operation
from provisioner.server.request import Call


def _runs(call: Call) -> Any:
    return redact_all(runs_document(visible_runs(call.world, call.person, LISTED)))


def _run(call: Call) -> Any:
    return redact_all(record_document(visible_record(call.world, call.person, call.path["run"])))


def _report(call: Call, *, form: str) -> str:
    record = visible_record(call.world, call.person, call.path["run"])
    return redact(FORMS[form](record, call.world.ledger))


_FORMS = (
    ("html", "text/html", "The report of a run as one HTML file."),
    ("junit", "text/xml", "The report of a run as JUnit XML."),
    ("markdown", "text/markdown", "The report of a run as Markdown."),
)

OPERATIONS = (
    Operation("listRuns", "GET", "/runs", "List the last runs.", _runs, named("Runs")),
    Operation("getRun", "GET", "/runs/{run}", "Show one run.", _run, named("Run")),
    *(
        Operation(
            f"getRunAs{form.title()}",
            "GET",
            f"/runs/{{run}}/{form}",
            summary,
            partial(_report, form=form),
            {"type": "string"},
            media=media,
        )
        for form, media, summary in _FORMS
    ),
)
