"""CSV as Bulk API 2.0 reads and writes it, where the line ending is a setting of the job.

Python's csv module neither reports the line ending of a record nor refuses a stray quote,
and both decide whether a job fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

DELIMITERS = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


class CsvError(Exception):
    """The text is refused as a whole; the message is the job's errorMessage."""


@dataclass(frozen=True)
class CsvFormat:
    """The format settings of a job, by Salesforce's names."""

    delimiter: str = "COMMA"
    line_ending: str = "LF"


def read(text: str, form: CsvFormat) -> Iterator[list[str]]:
    """The records of a text, header included, without empty lines. Raises CsvError."""
    delimiter, ending = DELIMITERS[form.delimiter], LINE_ENDINGS[form.line_ending]
    mark = re.escape(delimiter)
    quoted, bare = r'"((?:[^"]|"")*)"', rf'([^"{mark}\r\n]*)'
    pattern = re.compile(rf"(?:{quoted}|{bare})({mark}|\r\n|\r|\n|\Z)")
    position, record = 0, []
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            raise CsvError(
                "InvalidBatch : Failed to parse CSV. Found unescaped quote. A value with quote "
                "should be within a quote"
            )
        in_quotes, plain, end = match.groups()
        record.append(plain if in_quotes is None else in_quotes.replace('""', '"'))
        position = match.end()
        if end == delimiter:
            if position < len(text):
                continue
            record.append("")
        elif end not in (ending, ""):
            raise CsvError(
                "ClientInputError : LineEnding is invalid on user data. Current LineEnding "
                f"setting is {form.line_ending}"
            )
        if record != [""] or in_quotes is not None:
            yield record
        record = []


def write(records: Iterable[Sequence[str]], form: CsvFormat) -> str:
    """A text with every value in quotes, as the service writes results."""
    ending = LINE_ENDINGS[form.line_ending]
    return "".join(quoted(record, form) + ending for record in records)


def quoted(record: Sequence[str], form: CsvFormat) -> str:
    """One line with every value in quotes."""
    mark = DELIMITERS[form.delimiter]
    return mark.join('"' + value.replace('"', '""') + '"' for value in record)
