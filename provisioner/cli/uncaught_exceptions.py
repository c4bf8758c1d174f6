"""Replaces the interpreter's report of uncaught exceptions, which would quote their texts."""

from __future__ import annotations

import sys
import threading


def keep_values_out_of_reports() -> None:
    """Report an uncaught exception as any bug: with a crash file that contains no values.

    An exception in a destructor is not reported, because it has no effect.
    """
    sys.excepthook = lambda _kind, error, _trace: _report(error)
    threading.excepthook = lambda lost: _report(lost.exc_value)
    sys.unraisablehook = lambda _lost: None


def _report(error: BaseException | None) -> None:
    from provisioner.crash import described
    from provisioner.output import Output

    if error is not None:  # the thread may have ended already
        Output().warn(described(error))
