"""A program that runs beside the build: polled, its output kept, never outliving the build."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from provisioner import children
from provisioner.children import Environment

MOST_OUTPUT = 64_000  # bytes; the last ones are kept
_PIECE = 1 << 14
_REST = 0.2  # seconds for output that is still in the pipe when the program has ended


class Supervised:
    """A program and its output. When it is closed or dropped, the program is terminated."""

    def __init__(self, command: Sequence[str], environ: Environment, directory: Path) -> None:
        """Start the program in `directory`. Raises OSError if no process can be started."""
        self._process = children.supervise(command, environ, cwd=directory)
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        self._end = weakref.finalize(self, _close, stdin)
        self._output = _Tail()
        what = (stdout, self._process.wait, self._output)
        self._reader = threading.Thread(target=_read, args=what, name="output", daemon=True)
        self._reader.start()

    def exit_code(self) -> int | None:
        """The exit code of the program; None while it runs."""
        code = self._process.poll()
        if code is not None:
            self._reader.join(_REST)
        return code

    def output(self) -> str:
        """The end of what it has printed so far, stdout and stderr."""
        return self._output.text()

    def close(self) -> None:
        """Terminate the program with its child processes, if it still runs. This does not wait."""
        self._end()


class _Tail:
    """The last bytes of a stream. Safe to use from two threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes = bytearray()
        self._is_cut = False

    def add(self, piece: bytes) -> None:
        with self._lock:
            self._bytes += piece
            self._is_cut |= len(self._bytes) > MOST_OUTPUT
            del self._bytes[:-MOST_OUTPUT]

    def text(self) -> str:
        with self._lock:
            text = self._bytes.decode("utf-8", "replace")
            return text.partition("\n")[2] or text if self._is_cut else text


def _read(stream: IO[bytes], wait: Callable[[], int], output: _Tail) -> None:
    """Read the output to its end, so that the program never waits for a reader."""
    with stream, suppress(OSError, ValueError):
        while piece := os.read(stream.fileno(), _PIECE):
            output.add(piece)
    wait()


def _close(stdin: IO[bytes]) -> None:
    with suppress(OSError):
        stdin.close()
