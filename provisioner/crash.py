"""What is kept of an error that is our own bug: where it happened, and no value of anything."""

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
SPEAKING = (
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
"""Errors whose text names types and attributes. That of others may quote a token or a key."""


REPORT = "please report this with that file; it contains code locations and no values"


def record(error: BaseException) -> ProvisionerError:
    """Write the traceback to a file of mode 0600; the answer names it."""
    return ProvisionerError(f"this is {described(error)}", hint=REPORT)


def described(error: BaseException) -> str:
    """Write the traceback to a file of mode 0600; what happened, and which file that is."""
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
        said = f": {current}" if isinstance(current, SPEAKING) else ""
        yield f"\n{type(current).__module__}.{type(current).__qualname__}{said}"
        yield "".join(traceback.format_tb(current.__traceback__)).rstrip()
        current = current.__cause__ or current.__context__


def _write(text: str) -> Path:
    """Beside the ledger where its usual folder exists, else in the folder for temporary files."""
    folder = STATE_FOLDER if os.access(STATE_FOLDER, os.W_OK) else Path(tempfile.gettempdir())
    prefix = f"provisioner-{datetime.now(UTC):%Y%m%dT%H%M%S}-"
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=".txt", dir=folder)  # mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{visible(redact(text))}\n")
    return Path(name)
