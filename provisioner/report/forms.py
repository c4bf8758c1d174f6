"""The forms in which `report` writes the record of a run to a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from provisioner.report.manifest import contents_by_fingerprint

if TYPE_CHECKING:
    from provisioner.ledger.base import Ledger
    from provisioner.report.record import RunRecord


def _html(record: RunRecord, ledger: Ledger) -> str:
    from provisioner.report.html.page import page

    live = ledger.orgs()
    deleted = {event.username for event in record.events} - {org.username for org in live}
    rows = live + ledger.find(sorted(deleted))
    return page(record, rows, contents_by_fingerprint(record.runs))


def _junit(record: RunRecord, _: Ledger) -> str:
    from provisioner.report.junit import junit

    return junit(record)


def _prometheus(record: RunRecord, ledger: Ledger) -> str:
    from provisioner.report.prometheus import prometheus

    return prometheus(record, ledger.orgs())


def _markdown(record: RunRecord, _: Ledger) -> str:
    from provisioner.report.markdown import markdown

    return markdown(record)


FORMS: Mapping[str, Callable[[RunRecord, Ledger], str]] = {
    "html": _html,
    "junit": _junit,
    "prometheus": _prometheus,
    "markdown": _markdown,
}
"""Name of the option → the text of the file."""
