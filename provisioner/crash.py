"""Writes a report of a bug in provisioner: the traceback with code locations, without values."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import provisioner
from provisioner.errors import ProvisionerError
from provisioner.plain_text import visible
from provisioner.redaction import redact

STATE_FOLDER = Path(".provisioner")
WITH_TEXT = (
    AssertionError,
    AttributeError,
    ImportError,
    IndexError,
    NameError,
    NotImplementedError,
    RecursionError,
    TypeError,
    UnboundLocalError,
)
"""Errors whose text is reported: it names types and attributes. Other texts may quote a secret."""


REPORT = "please report this bug and attach the file; it contains code locations and no values"


def record(error: BaseException) -> ProvisionerError:
    """Write the traceback to a file of mode 0600. Returns the error, whose message names it."""
    return ProvisionerError(described(error), hint=REPORT)


def described(error: BaseException) -> str:
    """Write the traceback to a file of mode 0600. Returns a text with the error and the file."""
    try:
        path = _write("\n".join(_lines(error)))
    except OSError as failure:
        where = f"the traceback could not be written: {failure.strerror}"
    else:
        where = f"the traceback is in {path}"
    return f"a bug in provisioner ({type(error).__name__}); {where}"


def _lines(error: BaseException) -> Iterator[str]:
    yield f"provisioner {provisioner.__version__}, Python {platform.python_version()}, "
    yield f"{sys.platform}, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        text = f": {current}" if isinstance(current, WITH_TEXT) else ""
        yield f"\n{type(current).__module__}.{type(current).__qualname__}{text}"
        yield "".join(traceback.format_tb(current.__traceback__)).rstrip()
        current = current.__cause__ or current.__context__


def _write(text: str) -> Path:
    """Write a file to `.provisioner` if that folder exists, else to the temporary folder."""
    folder = STATE_FOLDER if os.access(STATE_FOLDER, os.W_OK) else Path(tempfile.gettempdir())
    prefix = f"provisioner-{datetime.now(UTC):%Y%m%dT%H%M%S}-"
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=".txt", dir=folder)  # mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{visible(redact(text))}\n")
    return Path(name)
