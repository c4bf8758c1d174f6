"""The rows of an SFDMU script as jobs for one org: records are matched by their external ids.

Before each job the org is asked which records it has, so a job that is made again after a kill
has what is still missing.
"""

from __future__ import annotations

import csv
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

from provisioner.errors import SalesforceError
from provisioner.salesforce.bulk import MOST_BYTES, JobSettings
from provisioner.salesforce.describe import fields_of
from provisioner.salesforce.org import OrgClient
from provisioner.salesforce.reads import answers
from provisioner.salesforce.streamed import StreamedBody
from provisioner.steps.base import StepFailed
from provisioner.steps.bulk_load import Portion
from provisioner.steps.sfdmu_plan import Fields, links_of, stages
from provisioner.steps.sfdmu_rows import KnownRecords, StageRows
from provisioner.steps.sfdmu_script import SfdmuScript
from provisioner.steps.sfdmu_selection import selected

_PIECE = 1 << 16


class SfdmuSource:
    """All jobs of a script. Raises StepFailed for objects and fields that the org does not have."""

    def __init__(self, script: SfdmuScript, org: OrgClient, name: str) -> None:
        self._name = name
        self._known = KnownRecords(org)
        self._fields = _described(org, script)
        objects = tuple(selected(each, self._fields[each.name]) for each in script.objects)
        self._script = script = replace(script, objects=objects)
        links = {
            each.name: links_of(each, self._fields[each.name], script) for each in script.objects
        }
        self._stages = stages(script, links)
        self.count = len(self._stages)
        self.rows = 0
        parts = [each.file.digest for each in script.objects if each.file is not None]
        digest = hashlib.sha256(script.content + "\0".join(parts).encode())
        self.digest = digest.hexdigest()[:8]

    def name(self, number: int) -> str:
        """The CSV file of a job."""
        return f"{self._stages[number].target.name}.csv" if self._stages else self._name

    def settings(self, number: int) -> JobSettings:
        """Insert or update, by id."""
        stage = self._stages[number]
        operation = "insert" if stage.action == "insert" else "update"
        return JobSettings(stage.target.name, operation)

    def portion(self, number: int, org: OrgClient) -> Portion | None:  # noqa: ARG002 - its own
        """The rows that the org needs. Raises StepFailed for lookups without a record."""
        stage = self._stages[number]
        rows = StageRows(stage, self._script, self._fields[stage.target.name], self._known)
        with ExitStack() as stack:
            file = stack.enter_context(closing(TemporaryFile()))
            count = _written(rows, file)
            if not count:
                return None
            self._known.forget()
            if file.size > MOST_BYTES:
                text = f"{self.name(number)}: its rows have more than 100 MB with their ids"
                raise StepFailed(text)
            body = StreamedBody(file.size, file.pieces)
            return Portion(self.settings(number), count, body, stack.pop_all().close)


def _written(rows: StageRows, file: TemporaryFile) -> int:
    """Write header and rows. Returns the number of rows."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(rows.header())
    count = 0
    for row in rows.rows():
        writer.writerow(row)
        count += 1
    rows.refuse_missing()
    return count


def _described(org: OrgClient, script: SfdmuScript) -> dict[str, Fields]:
    """The fields of the objects of a script. Raises StepFailed for one that the org has not."""
    names = [each.name for each in script.objects]
    found: dict[str, Any] = dict(zip(names, answers(org, map(fields_of, names)), strict=True))
    for name, fields in found.items():
        if isinstance(fields, SalesforceError):
            if fields.status != 404:
                raise fields
            raise StepFailed(f"the org has no object {name}", details=[fields.message])
    return found


class TemporaryFile:
    """Rows on disk until their job has them; in memory while they are few."""

    def __init__(self) -> None:
        self.size = 0
        self._file = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 - see above

    def write(self, text: str) -> None:
        """Append a text."""
        self.size += self._file.write(text.encode())

    def pieces(self) -> Iterator[bytes]:
        """The content."""
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece

    def close(self) -> None:
        """Remove it."""
        self._file.close()
