"""Bulk API 1.0: a job with any number of batches, each processed by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from provisioner.emulator.bulk.csv_text import CsvError, CsvFormat
from provisioner.emulator.bulk.ingest import CHUNK, IngestJob
from provisioner.emulator.bulk.query import QueryJob
from provisioner.emulator.bulk.rows import NULL, columns, values_of
from provisioner.emulator.dml import given
from provisioner.emulator.errors import NotEmulatedError, RecordError
from provisioner.emulator.json_body import read_json
from provisioner.emulator.metadata.xml_tree import Element, XmlProblem, parse
from provisioner.emulator.objects.schema import ObjectType

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

MOST_RECORDS = 10_000  # of one batch
QUERIES = frozenset({"query", "queryAll"})
STATES = {
    "UploadComplete": "Queued",
    "InProgress": "InProgress",
    "JobComplete": "Completed",
    "Failed": "Failed",
    "Aborted": "NotProcessed",
}
"""States of a Bulk API 2.0 job → those of a batch."""

Outcome = tuple[str, bool, RecordError | None]
"""Id of the record ("" if there is none), whether it was created, why it was refused."""
_Record = Mapping[str, Any] | RecordError  # its values, or what is wrong with them


@dataclass(eq=False)
class IngestBatch(IngestJob):
    """The records of one batch; `outcomes` are in their order."""

    content_type: str = "CSV"
    content: bytes = b""
    outcomes: list[Outcome] = field(default_factory=list)

    def work(self) -> str | None:
        """Process all records; returns the stateMessage of a batch that is refused as a whole."""
        object_type = self.org.store.object_type(self.object_name)
        try:
            records = list(self._records(object_type))
        except (CsvError, ValueError, XmlProblem) as error:
            text = str(error)
            return text if text.startswith("InvalidBatch") else f"InvalidBatch : {text}"
        except NotEmulatedError as error:
            return f"not emulated: {error}"
        if len(records) > MOST_RECORDS:
            return f"InvalidBatch : Number of records is more than {MOST_RECORDS}"
        if self.operation == "delete" and not all(map(_is_only_id, records)):
            return "InvalidBatch : Delete batch must contain only ids"
        remaining = iter(records)
        while chunk := list(islice(remaining, CHUNK)):
            keys = Counter(self._key(one) for one in chunk)
            self.outcomes += [self._outcome(object_type, one, keys) for one in chunk]
        self.processed = len(self.outcomes)
        return None

    @property
    def refused(self) -> int:
        """How many records were refused."""
        return sum(error is not None for _, _, error in self.outcomes)

    def _key(self, record: _Record) -> str:
        """The value of the external id, as it is compared."""
        value = None if isinstance(record, RecordError) else given(record, self.key_name or "")
        return str(value or "").lower()

    def _outcome(self, object_type: ObjectType, record: _Record, keys: Counter[str]) -> Outcome:
        if isinstance(record, RecordError):
            return "", False, record
        record_id = str(given(record, "Id") or "")
        try:
            return *self.save(object_type, dict(record), keys), None
        except RecordError as error:
            return record_id, False, error

    def _records(self, object_type: ObjectType) -> Iterator[_Record]:
        """The records of the content. Raises CsvError, ValueError, XmlProblem."""
        if self.content_type == "JSON":
            values = read_json(self.content)
            if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
                raise ValueError("The batch must be a list of records")
            return iter(values)
        if self.content_type == "XML":
            return self._of_xml(object_type)
        return self._of_csv(object_type)

    def _of_csv(self, object_type: ObjectType) -> Iterator[_Record]:
        self.text = self.content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
        self.parse()
        setters = columns(self.org.store, object_type, self.header)
        for row in self.rows:
            try:
                yield values_of(row, self.header, setters)
            except RecordError as error:
                yield error

    def _of_xml(self, object_type: ObjectType) -> Iterator[_Record]:
        """`<Name>x</Name>`, `<Name xsi:nil="true"/>`, `<Owner><sObject><Key__c>…`."""
        for element in parse(self.content).every("sObject"):
            cells = [_cell(child) for child in element.children]
            header = [name for name, _ in cells]
            setters = columns(self.org.store, object_type, header)
            try:
                yield values_of([text for _, text in cells], header, setters)
            except RecordError as error:
                yield error


def _cell(element: Element) -> tuple[str, str]:
    """An element of a record as the name of a column and its value."""
    parent = element.find("sObject")
    keys = [child for child in parent.children if child.name != "type"] if parent else []
    if keys:
        return f"{element.name}.{keys[0].name}", keys[0].text
    is_null = element.attributes.get("xsi:nil", "").lower() == "true"
    return element.name, NULL if is_null else element.text


def _is_only_id(record: _Record) -> bool:
    return isinstance(record, RecordError) or {name.lower() for name in record} == {"id"}


Batch = IngestBatch | QueryJob


@dataclass(eq=False)
class BulkJob:
    """A job: its settings and its batches. Closing it only ends the adding of batches."""

    id: str
    org: EmulatedOrg
    user_id: str
    operation: str
    object_name: str
    version: str
    content_type: str
    created: str
    key_name: str | None = None
    concurrency: str = "Parallel"
    chunk_size: int | None = None  # records of a batch with PK chunking
    state: str = "Open"
    modified: str = ""
    batches: dict[str, Batch] = field(default_factory=dict)

    def add_ingest(self, batch_id: str, content: bytes, created: str) -> IngestBatch:
        """Add a batch of records; its processing starts."""
        batch = IngestBatch(
            id=batch_id,
            org=self.org,
            user_id=self.user_id,
            operation=self.operation,
            object_name=self.object_name,
            version=self.version,
            form=CsvFormat(),
            created=created,
            key_name=self.key_name,
            content_type=self.content_type,
            content=content,
        )
        self.batches[batch_id] = batch
        batch.close()
        return batch

    def abort(self) -> None:
        """Stop the job: batches that are still queued are not processed."""
        self.state = "Aborted"
        for batch in list(self.batches.values()):
            if batch.state == "UploadComplete":
                batch.abort()
