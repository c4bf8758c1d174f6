"""An ingest job: the rows of its CSV inserted, updated, upserted or deleted one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from provisioner.emulator.bulk.csv_text import (
    DELIMITERS,
    LINE_ENDINGS,
    CsvError,
    quoted,
    read,
    write,
)
from provisioner.emulator.bulk.jobs import Job
from provisioner.emulator.bulk.rows import Column, columns, values_of
from provisioner.emulator.dml import Dml, given
from provisioner.emulator.errors import RecordError
from provisioner.emulator.objects.schema import ObjectType

CHUNK = 200
"""Rows in one transaction on the platform: an external id may occur once in it."""


def error_text(error: RecordError) -> str:
    """An error of a row as results show it."""
    return f"{error.code}:{error.message}:{','.join(error.fields)} --"


@dataclass(eq=False)
class IngestJob(Job):
    """`results` are distinguished by their content: ids or errors."""

    key_name: str | None = None
    text: str | None = None  # the CSV; None until it is uploaded
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    succeeded: list[tuple[str, bool, list[str]]] = field(default_factory=list)  # id, created
    failed: list[tuple[str, str, list[str]]] = field(default_factory=list)  # id, error

    def work(self) -> str | None:
        """Process all rows; returns the errorMessage when the data as a whole is refused."""
        object_type = self.org.store.object_type(self.object_name)
        try:
            self.parse()
            setters = columns(self.org.store, object_type, self.header)
            if self.operation == "delete" and [one.lower() for one in self.header] != ["id"]:
                return "InvalidBatch : Delete batch must contain only ids"
        except CsvError as error:
            return str(error)
        remaining = iter(self.rows)
        while chunk := list(islice(remaining, CHUNK)):
            self._ingest_chunk(object_type, chunk, setters)
        return None

    def parse(self) -> None:
        """Read header and rows from the uploaded text, once. Raises CsvError."""
        if not self.header and self.text:
            header, *rows = read(self.text, self.form)
            self.header, self.rows = header, rows

    def _ingest_chunk(
        self, object_type: ObjectType, chunk: list[list[str]], setters: Sequence[Column]
    ) -> None:
        keys = self._keys(chunk)
        for row in chunk:
            record_id = ""
            try:
                values = values_of(row, self.header, setters)
                record_id = str(given(values, "Id") or "")
                record_id, created = self.save(object_type, values, keys)
                self.succeeded.append((record_id, created, row))
            except RecordError as error:
                self.failed.append((record_id, error_text(error), row))
            self.processed += 1

    def _keys(self, chunk: list[list[str]]) -> Counter[str]:
        wanted = (self.key_name or "").lower()
        index = next((i for i, name in enumerate(self.header) if name.lower() == wanted), None)
        if index is None:
            return Counter()
        return Counter(row[index].lower() for row in chunk if len(row) > index)

    def save(
        self, object_type: ObjectType, values: dict[str, Any], keys: Counter[str]
    ) -> tuple[str, bool]:
        """Do the operation of the job with one record; its id, and whether it was created.

        `keys` counts the values of the external id in this transaction. Raises RecordError.
        """
        dml = Dml(self.org.store, self.user_id)
        if self.operation == "insert":
            return dml.insert(object_type.name, values), True
        if self.operation == "update":
            return dml.update(object_type.name, values), False
        if self.operation == "delete":
            record_id = given(values, "Id")
            if not record_id:
                raise RecordError("MISSING_ARGUMENT", "Id not specified in a delete call")
            return dml.delete(record_id), False
        key_name = str(self.key_name)
        value = str(given(values, key_name) or "")
        if value and keys[value.lower()] > 1:
            raise RecordError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}")
        return dml.upsert(object_type.name, key_name, values)

    # --- results --------------------------------------------------------------------------

    def successful_results(self) -> str:
        """`sf__Id`, `sf__Created` and the row as it was sent."""
        lines = [[one, str(new).lower(), *row] for one, new, row in self.succeeded]
        return self._head("sf__Id", "sf__Created") + self._csv(lines)

    def failed_results(self) -> str:
        """`sf__Id`, `sf__Error` and the row as it was sent, under the columns of the header.

        A row with more values than columns is cut: the Salesforce CLI reads these results with a
        parser that refuses rows of another length (plugin-data, `bulk/results.nut.ts`).
        """
        width = len(self.header)
        lines = [[one, error, *self._fitted(row, width)] for one, error, row in self.failed]
        return self._head("sf__Id", "sf__Error") + self._csv(lines)

    def unprocessed_records(self) -> str:
        """The rows that were not processed: the job was aborted, or failed as a whole."""
        try:
            self.parse()
        except CsvError:
            return self.text or ""
        return self._head() + self._csv(self.rows[self.processed :]) if self.header else ""

    def _head(self, *added: str) -> str:
        """The names of the service in quotes, then the header as it was sent.

        Source: results that amp-labs/connectors and others recorded.
        """
        sent = (self.text or "").lstrip("\ufeff\r\n").splitlines()
        names = [quoted(added, self.form)] if added else []
        return (
            DELIMITERS[self.form.delimiter].join([*names, *sent[:1]])
            + LINE_ENDINGS[self.form.line_ending]
        )

    def _fitted(self, row: list[str], width: int) -> list[str]:
        return [*row, *[""] * (width - len(row))][:width]

    def _csv(self, records: list[list[str]]) -> str:
        return write(records, self.form)
