"""Exceptions that reach the interpreter itself, whose own report would quote their texts."""

from __future__ import annotations

import sys
import threading


def keep_values_out_of_reports() -> None:
    """An exception that nobody caught is told like any bug: a crash file, and no value of anything.

    One in a destructor is not told at all: it changes nothing any more.
    """
    sys.excepthook = lambda _kind, error, _trace: _tell(error)
    threading.excepthook = lambda lost: _tell(lost.exc_value)
    sys.unraisablehook = lambda _lost: None


def _tell(error: BaseException | None) -> None:
    from provisioner.crash import described
    from provisioner.output import Output

    if error is not None:  # a thread may be gone before anybody can ask
        Output().warn(described(error))
