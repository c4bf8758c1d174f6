"""A CSV file for the Bulk API: its format, its rows, its problems, and portions of it for jobs.

The file is read row by row, so that its size costs no memory. The header consists of API names,
which contain no delimiter: the first other character of the header is the delimiter. Source:
docs/reference/data.md#ingest-jobs.
"""

from __future__ import annotations

import csv
import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from provisioner.input_file import open_stream
from provisioner.salesforce.bulk import DELIMITERS, MOST_BYTES
from provisioner.steps import disk_file
from provisioner.steps.disk_file import Identity, identity, is_unchanged

MOST_PROBLEMS = 20  # of one file
_MARK = b"\xef\xbb\xbf"
COLUMN = re.compile(r"[A-Za-z]\w*(?:(?::[A-Za-z]\w*)?\.[A-Za-z]\w*)?")
ANY_COLUMN = re.compile(r"[\w.:$ ]+")
"""The columns of files that are read selectively."""

_NAME_CHARACTERS = re.compile(r'[\w.:$"\s]')
_LONGEST_LINE = 2_000_000  # bytes; a record has at most 400,000 characters


class CsvProblem(ValueError):  # noqa: N818 - one line of a list of problems
    """The problems of a CSV file: one text each, beginning with its line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Slice:
    """A part of the rows of a file, small enough for one job: bytes `start` to `end`."""

    start: int
    end: int
    rows: int


@dataclass(frozen=True)
class CsvFile:
    """A CSV file without problems, as it was when it was read."""

    path: Path
    columns: tuple[str, ...]
    header: bytes  # as it is sent, with its line ending
    delimiter: str
    line_ending: bytes
    slices: tuple[Slice, ...]
    digest: str  # of the content, hexadecimal
    identity: Identity

    @property
    def rows(self) -> int:
        """The number of rows without the header."""
        return sum(part.rows for part in self.slices)

    def pieces(self, part: Slice) -> Iterator[bytes]:
        """Header and rows of a slice. Raises OSError when the file has changed since."""
        yield self.header
        yield from disk_file.pieces(self.path, self.identity, part.start, part.end)

    def size(self, part: Slice) -> int:
        """The bytes of a slice with its header."""
        return len(self.header) + part.end - part.start


def read_csv(path: Path, columns: re.Pattern[str] = COLUMN) -> CsvFile:
    """Read a whole CSV file once. Raises CsvProblem with all its problems, and OSError."""
    with open_stream(path) as file:
        return _Reading(path, file, columns).result()


_KNOWN: dict[tuple[Path, re.Pattern[str]], CsvFile] = {}
_LOCK = threading.Lock()


def known_csv(path: Path, columns: re.Pattern[str] = COLUMN) -> CsvFile:
    """Like `read_csv`; a file that this process has read is read again only after a change."""
    with _LOCK:
        known = _KNOWN.get((path, columns))
        if known is None or not is_unchanged(path, known.identity):
            known = _KNOWN[path, columns] = read_csv(path, columns)
        return known


class _Reading:
    """One pass over a file."""

    def __init__(self, path: Path, file: BinaryIO, columns: re.Pattern[str]) -> None:
        self._path = path
        self._file = file
        self._columns = columns
        self._digest = hashlib.sha256()
        self._problems: list[str] = []
        self._position = 0  # bytes that csv has consumed
        self._line = 0
        self._last = b""  # the last line that csv has consumed
        self._ending = b"\n"

    def result(self) -> CsvFile:
        known = identity(self._file)
        first = self._file.readline(_LONGEST_LINE)
        self._file.seek(0)
        head = first.removeprefix(_MARK)
        self._ending = b"\r\n" if head.endswith(b"\r\n") else b"\n"
        delimiter = self._delimiter(head)
        reader = csv.reader(self._lines(), delimiter=delimiter, strict=True)
        columns: tuple[str, ...] = ()
        slices: tuple[Slice, ...] = ()
        header = b""
        try:
            columns = tuple(next(reader, []))
            self._check_header(columns)
            header = head.rstrip(b"\r\n") + self._ending
            slices = tuple(self._slices(reader, len(columns), len(header)))
        except csv.Error as error:
            self._report(f"the file is not valid CSV: {error}", self._line)
        is_complete = self._columns is COLUMN
        if is_complete and not self._problems and not sum(part.rows for part in slices):
            self._report("the file has no rows below its header", 1)
        if self._problems:
            raise CsvProblem(self._problems)
        return CsvFile(
            self._path, columns, header, delimiter, self._ending, slices,
            self._digest.hexdigest(), known,
        )  # fmt: skip

    def _report(self, message: str, line: int) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(f"{line}: {message}")

    def _lines(self) -> Iterator[str]:
        """The lines for csv; each is counted when csv asks for it."""
        while raw := self._file.readline(_LONGEST_LINE):
            if len(raw) == _LONGEST_LINE:
                raise csv.Error("a line has more than 2 MB")
            self._digest.update(raw)
            self._position += len(raw)
            self._line += 1
            self._last = raw
            line = raw.removeprefix(_MARK) if self._line == 1 else raw
            try:
                yield line.decode()
            except UnicodeDecodeError:
                raise csv.Error("it is not UTF-8 text") from None

    def _delimiter(self, head: bytes) -> str:
        """Of the header; a comma where it has one column."""
        text = head.decode("utf-8", "replace")
        strange = _NAME_CHARACTERS.sub("", text.rstrip().replace("\t", "\0"))
        found = strange[:1].replace("\0", "\t")
        if not found or found in DELIMITERS:
            return found or ","
        known = " ".join(mark for mark in DELIMITERS if mark != "\t")
        self._report(f"the header may have API names between {known} or tabs, not {found!r}", 1)
        return ","

    def _check_header(self, columns: tuple[str, ...]) -> None:
        if not columns:
            self._report("the first line must be a header with the names of the fields", 1)
        seen: set[str] = set()
        for name in columns:
            if not self._columns.fullmatch(name):
                shown = name[:60] or "an empty name"
                self._report(
                    f"the column {shown!r} is not a field; write Field__c, Relation__r.Field__c, "
                    "or Relation:Object.Field__c",
                    1,
                )
            if name.lower() in seen:
                self._report(f"the column {name} is there twice", 1)
            seen.add(name.lower())

    def _slices(self, reader: Iterator[list[str]], width: int, header: int) -> Iterator[Slice]:
        """Runs of rows, each at most as large as a job may be; a row is never divided."""
        start = end = self._position
        rows = 0
        for row in reader:
            before, end = end, self._position
            self._check_row(row, width)
            if rows and end - start + header > MOST_BYTES:
                yield Slice(start, before, rows)
                start, rows = before, 0
            rows += 1 if row else 0
        if rows:
            yield Slice(start, end, rows)

    def _check_row(self, row: list[str], width: int) -> None:
        if row and len(row) != width:
            self._report(f"the row has {len(row)} values; the header has {width}", self._line)
        ending = b"\r\n" if self._last.endswith(b"\r\n") else self._last[-1:]
        if ending in (b"\n", b"\r\n") and ending != self._ending:
            names = {b"\n": "LF", b"\r\n": "CRLF"}
            self._report(
                f"the line ends with {names[ending]}, the header with {names[self._ending]}; "
                "convert the file to one of them",
                self._line,
            )
