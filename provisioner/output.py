"""The output of the program: results on stdout, messages and progress on stderr.

Only this module and `provisioner.cli` print. With `--json`, stdout gets one JSON document and
nothing else.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal, TextIO

from provisioner.errors import UsageError
from provisioner.plain_text import cell, shown, visible
from provisioner.redaction import distinctive, redact, redact_all

if TYPE_CHECKING:
    from rich.console import Console

Colour = Literal["red", "green", "yellow", "cyan", "bold", "dim"]

_CODES: Mapping[Colour, str] = {
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "bold": "1",
    "dim": "2",
}
_UNSAFE_IN_JSON = re.compile(
    r"(\\ud[89ab]..\\ud[c-f]..|\\[^u]|\\u(?!d[89a-f])..)|\\ud[89a-f]..|\x7f|##"
)


_NO_MARKS: Mapping[str, Colour] = {}

closed_streams: set[str] = set()
"""Those of `stdin`, `stdout`, `stderr` that were closed when this process started."""


class Output:
    """The two streams of one invocation, and its options for output."""

    def __init__(
        self,
        *,
        as_json: bool = False,
        quiet: bool = False,
        color: bool = True,
        environ: Mapping[str, str] | None = None,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.has_result = False  # a JSON document has been printed; a second one is not allowed
        self._wants_color = color
        self._environ = os.environ if environ is None else environ
        self._out = out
        self._err = err
        self._secrets: frozenset[str] = frozenset()

    def hide(self, secrets: Iterable[str]) -> None:
        """Remove these texts from everything that is written from now on, as a last protection."""
        self._secrets |= distinctive(secrets)

    @property
    def out(self) -> TextIO:
        """The stream of results, or the null device if it was closed."""
        return self._out or sys.stdout or _null_device()

    @property
    def err(self) -> TextIO:
        """The stream of messages, or the null device if it was closed."""
        return self._err or sys.stderr or _null_device()

    @property
    def has_reader(self) -> bool:
        """Whether the result can be read: stdout was not closed at the start."""
        return self._out is not None or "stdout" not in closed_streams

    def refuse_without_reader(self) -> None:
        """Raise UsageError if the result could not be read."""
        if not self.has_reader:
            raise UsageError(
                "stdout is closed, so the result could not be printed; nothing was done",
                code="output",
                hint="redirect stdout, for example: > FILE",
            )

    def result(
        self,
        text: str | Sequence[str],
        document: Any,
        *,
        with_credential: bool = False,
        marks: Mapping[str, Colour] = _NO_MARKS,
    ) -> None:
        """Print the result of a command: `document` with `--json`, else `text`.

        Each item of a sequence is a line. A line end within an item comes from outside: the rest is
        marked as a continuation. Only with `with_credential`, when the user has asked for it, may
        the result contain a token or a login link. `marks` are the colours of the first words of
        lines, for a terminal.
        """
        if self.as_json:
            self.json(document, with_credential=with_credential)
        elif text:
            lines = [text] if isinstance(text, str) else text
            safe = lines if with_credential else map(self.redacted, lines)
            self._write(self.out, "\n".join(self._marked(shown(line), marks) for line in safe))

    def drawn(self, lines: Sequence[str]) -> None:
        """Print lines of a result that may have colours of ours: texts in them are `shown` ones."""
        self._write(self.out, "\n".join(map(self.redacted, lines)))

    def text(self, text: str) -> None:
        """Print a file as it is, for a program that reads it: no part of it is escaped here."""
        self._write(self.out, self.redacted(text).removesuffix("\n"))

    def json(self, document: Any, *, indent: int | None = 2, with_credential: bool = False) -> None:
        """Print the one JSON document of this invocation, also without `--json`."""
        if self.has_result:
            raise AssertionError("a second JSON document on stdout")
        text = json.dumps(document, indent=indent, default=_plain)
        if not with_credential and redact(text, map(_json_text, self._secrets)) != text:
            redacted = redact_all(document, self._secrets)  # slower: each text separately
            text = json.dumps(redacted, indent=indent, default=_plain)
        self.has_result = True
        self._write(self.out, _UNSAFE_IN_JSON.sub(_in_json, text))

    def workflow_command(self, text: str, *, on: TextIO | None = None) -> None:
        """Print a workflow command of GitHub Actions; its values must be escaped.

        The runner reads both streams; the default is stdout.
        """
        self._write(on or self.out, visible(self.redacted(text)))

    def say(self, text: str = "") -> None:
        """Print a message: what happens, or what to do next. Prints nothing with `--quiet`."""
        if not self.quiet:
            self._message(text)

    def warn(self, text: str) -> None:
        """Print a warning, also with `--quiet`."""
        self._message(text, f"{self.paint('warning:', 'yellow')} ")

    def error(self, text: str, *, hint: str = "") -> None:
        """Print an error: what failed, and what to do now."""
        self._message(text, f"{self.paint('error:', 'red')} ")
        if hint:
            self.hint(hint)

    def hint(self, text: str) -> None:
        """Print what to do now."""
        self._message(text, f"{self.paint('hint:', 'cyan')} ")

    def item(self, mark: str, text: str) -> None:
        """Print a line after a mark, which may have a colour; also with `--quiet`."""
        self._message(text, f"{mark} ")

    def line(self, text: str) -> None:
        """Print a line on stderr, also with `--quiet`: a problem, for example."""
        self._message(text)

    def paint(self, text: str, colour: Colour, *, on: TextIO | None = None) -> str:
        """`text` in a colour if the stream (by default stderr) shows colours."""
        if not self.shows_color(on or self.err):
            return text
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"

    def shows_color(self, stream: TextIO) -> bool:
        """Whether a stream shows colours: it is a terminal, without `--no-color` or NO_COLOR."""
        if not self._wants_color or self._environ.get("NO_COLOR"):
            return False
        return self._environ.get("TERM") != "dumb" and stream.isatty()

    @property
    def width(self) -> int | None:
        """The number of columns of the terminal that results are printed on; None for others."""
        if self.as_json or not self.out.isatty():
            return None
        return shutil.get_terminal_size().columns

    @property
    def is_live(self) -> bool:
        """Whether a live display may be used: stderr is a terminal, without `--quiet`."""
        return not self.quiet and self._environ.get("TERM") != "dumb" and self.err.isatty()

    def console(self) -> Console:
        """A rich console on stderr, for live displays. Importing rich takes 0.1 s."""
        from rich.console import Console

        color = self.shows_color(self.err)
        stream: Any = _Lenient(self.err)
        return Console(file=stream, no_color=not color, highlight=False, quiet=self.quiet)

    def _marked(self, line: str, marks: Mapping[str, Colour]) -> str:
        """The line with its first word in a colour, if `marks` has one for it."""
        mark = line.split(maxsplit=1)[0] if marks and line.strip() else ""
        if mark not in marks:
            return line
        return line.replace(mark, self.paint(mark, marks[mark], on=self.out), 1)

    def _message(self, text: str, mark: str = "") -> None:
        """Write a text to stderr after `mark`. A build continues if stderr cannot be written."""
        try:
            self._write(self.err, mark + shown(self.redacted(text)))
        except (OSError, UsageError, ValueError):
            if self._err is None:
                redirect_to_null(sys.stderr)

    def redacted(self, text: str) -> str:
        """`text` without credentials and the secrets of this invocation."""
        return redact(text, self._secrets)

    def _write(self, stream: TextIO, text: str) -> None:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        shown = text.encode(encoding, "backslashreplace").decode(encoding)
        try:
            stream.write(f"{shown}\n")
            stream.flush()
        except BrokenPipeError:
            raise  # the reader has closed the stream, which is not an error
        except OSError as error:
            raise UsageError(
                f"the output cannot be written: {error.strerror}", code="output"
            ) from None


class _Lenient:
    """A stream that ignores errors of writing, because its reader may close it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text` if possible; returns its length in any case."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush if possible."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@cache
def _null_device() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def redirect_to_null(stream: TextIO) -> None:
    """Redirect a stream, with the rest of its buffer, to the null device."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, stream.fileno())
    except (OSError, ValueError):  # not a stream of the process, for example in tests
        return
    finally:
        os.close(nothing)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table whose columns are as wide as their widest cell; none without rows."""
    lines = [tuple(map(cell, row)) for row in rows]
    if not lines:
        return []
    everything = [tuple(headers), *lines]
    widths = [max(map(len, column)) for column in zip(*everything, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in everything
    ]


def _json_text(text: str) -> str:
    """A text as it is written in a JSON document, without the quotes."""
    return json.dumps(text)[1:-1]


def _in_json(match: re.Match[str]) -> str:
    """The escape of characters that JSON allows but terminals, strict parsers or CI do not."""
    if match[1]:
        return match[1]
    return {"\x7f": "\\u007f", "##": "#\\u0023"}.get(match[0], "\\ufffd")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
