"""What people and scripts see: results on stdout, all other talk on stderr.

Beside `provisioner.cli` this is the only place that prints. Under `--json` stdout carries one
JSON document and nothing else.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal, TextIO

from provisioner.errors import UsageError
from provisioner.plain_text import cell, shown
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
_ODD_IN_JSON = re.compile(
    r"(\\ud[89ab]..\\ud[c-f]..|\\[^u]|\\u(?!d[89a-f])..)|\\ud[89a-f]..|\x7f|##"
)


closed_streams: set[str] = set()
"""`stdin`, `stdout`, `stderr`: those that were closed when this process began."""


class Output:
    """The two streams of one invocation, and how it wants to be spoken to."""

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
        self.has_result = False  # a JSON document has been printed; there must be no second one
        self._wants_color = color
        self._environ = os.environ if environ is None else environ
        self._out = out
        self._err = err
        self._secrets: frozenset[str] = frozenset()

    def hide(self, secrets: Iterable[str]) -> None:
        """From now on nothing that is written holds one of these: the last net below all others."""
        self._secrets |= distinctive(secrets)

    @property
    def out(self) -> TextIO:
        """The stream of results; where a daemon closed it, one that leads nowhere."""
        return self._out or sys.stdout or _nowhere()

    @property
    def err(self) -> TextIO:
        """The stream of talk; where a daemon closed it, one that leads nowhere."""
        return self._err or sys.stderr or _nowhere()

    @property
    def has_reader(self) -> bool:
        """Whether anybody may learn the result: stdout was not closed from the start."""
        return self._out is not None or "stdout" not in closed_streams

    def refuse_without_reader(self) -> None:
        """Raises UsageError where nobody would learn the result."""
        if not self.has_reader:
            raise UsageError(
                "stdout is closed, so the result could not be printed; nothing was done",
                code="output",
                hint="redirect stdout, for example: > FILE",
            )

    def result(
        self, text: str | Sequence[str], document: Any, *, with_credential: bool = False
    ) -> None:
        """The result of a command: `document` under `--json`, else `text` for people.

        Of a sequence each item is a line. A line end within a text is not one of ours: what
        follows it is marked as the text's continuation. Only with `with_credential` may the
        result hold a token or a link that logs in: a user has asked for it.
        """
        if self.as_json:
            self.json(document, with_credential=with_credential)
        elif text:
            lines = [text] if isinstance(text, str) else text
            told = lines if with_credential else map(self._redacted, lines)
            self._write(self.out, "\n".join(map(shown, told)))

    def json(self, document: Any, *, indent: int | None = 2, with_credential: bool = False) -> None:
        """The one JSON document of this invocation, also without `--json`."""
        if self.has_result:
            raise AssertionError("a second JSON document on stdout")
        text = json.dumps(document, indent=indent, default=_plain)
        if not with_credential and redact(text, map(_json_text, self._secrets)) != text:
            told = redact_all(document, self._secrets)  # text by text: that costs more
            text = json.dumps(told, indent=indent, default=_plain)
        self.has_result = True
        self._write(self.out, _ODD_IN_JSON.sub(_in_json, text))

    def say(self, text: str = "") -> None:
        """Talk: what happens, and what to do next. Silent under `--quiet`."""
        if not self.quiet:
            self._talk(text)

    def warn(self, text: str) -> None:
        """Something doubtful, which `--quiet` does not hide."""
        self._talk(text, f"{self.paint('warning:', 'yellow')} ")

    def error(self, text: str, *, hint: str = "") -> None:
        """What failed, and what to do now."""
        self._talk(text, f"{self.paint('error:', 'red')} ")
        if hint:
            self.hint(hint)

    def hint(self, text: str) -> None:
        """What to do now."""
        self._talk(text, f"{self.paint('hint:', 'cyan')} ")

    def line(self, text: str) -> None:
        """A line on stderr that `--quiet` does not hide: a problem, a prompt's answer."""
        self._talk(text)

    def paint(self, text: str, colour: Colour, *, on: TextIO | None = None) -> str:
        """`text` in a colour, where the stream (by default stderr) shows colours."""
        if not self.shows_color(on or self.err):
            return text
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"

    def shows_color(self, stream: TextIO) -> bool:
        """Only on a terminal, and where neither `--no-color` nor NO_COLOR forbids it."""
        if not self._wants_color or self._environ.get("NO_COLOR"):
            return False
        return self._environ.get("TERM") != "dumb" and stream.isatty()

    @property
    def is_live(self) -> bool:
        """May talk on stderr redraw itself? Only on a terminal, and not under `--quiet`."""
        return not self.quiet and self._environ.get("TERM") != "dumb" and self.err.isatty()

    def console(self) -> Console:
        """A rich console on stderr, for live displays. Importing rich takes 0.1 s."""
        from rich.console import Console

        color = self.shows_color(self.err)
        stream: Any = _Unheard(self.err)
        return Console(file=stream, no_color=not color, highlight=False, quiet=self.quiet)

    def _talk(self, text: str, mark: str = "") -> None:
        """A text on stderr, after a mark of ours. A night does not end for want of a reader."""
        try:
            self._write(self.err, mark + shown(self._redacted(text)))
        except (OSError, UsageError, ValueError):
            if self._err is None:
                lead_nowhere(sys.stderr)

    def _redacted(self, text: str) -> str:
        return redact(text, self._secrets)

    def _write(self, stream: TextIO, text: str) -> None:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        shown = text.encode(encoding, "backslashreplace").decode(encoding)
        try:
            stream.write(f"{shown}\n")
            stream.flush()
        except BrokenPipeError:
            raise  # nobody reads any more; that is no error of anybody
        except OSError as error:
            raise UsageError(
                f"the output cannot be written: {error.strerror}", code="output"
            ) from None


class _Unheard:
    """A stream whose reader may go away: what cannot be written then goes nowhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """How much was taken, which is always all of it."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Send what waits, if anybody takes it."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@cache
def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def lead_nowhere(stream: TextIO) -> None:
    """Let what is left in the stream's buffer, and all that follows, go nowhere."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, stream.fileno())
    except (OSError, ValueError):  # not a stream of the process, but a test's
        return
    finally:
        os.close(nothing)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns for people, each as wide as its widest cell: lines; none when there are no rows."""
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
    """A text as it stands within a JSON document."""
    return json.dumps(text)[1:-1]


def _in_json(match: re.Match[str]) -> str:
    """What JSON allows, and a terminal, a strict parser or a CI system does not take well."""
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
    raise TypeError(f"{type(value).__name__} is not for --json")
