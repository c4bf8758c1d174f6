"""Records the end of a run that an error stops, so that `report` shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from provisioner.errors import Interrupted, LedgerError, ProvisionerError

if TYPE_CHECKING:
    from provisioner.builder.reporter import Reporter
    from provisioner.ledger.base import Ledger, Run

_LONGEST = 1000  # characters of a message in the ledger


@contextmanager
def failure_recorded(
    ledger: Ledger, run: Run, reporter: Reporter, retry: str = ""
) -> Iterator[None]:
    """When the block raises, record the end of `run`, its exit code and the message.

    `retry` is the username of the org that the run continues; "" for a build.

    After a LedgerError nothing is recorded: the ledger cannot be written.
    """
    try:
        yield
    except LedgerError:
        raise
    except BaseException as error:
        with suppress(ProvisionerError):  # the error of the build counts
            summary = {**_summary(error, reporter), "retry": retry}
            ledger.finish_run(replace(run, summary=summary))
        raise


def _summary(error: BaseException, reporter: Reporter) -> dict[str, Any]:
    if isinstance(error, KeyboardInterrupt):
        return {"exit_code": Interrupted.exit_code, "error": "interrupted"}
    if not isinstance(error, ProvisionerError):
        name = type(error).__name__
        return {"exit_code": ProvisionerError.exit_code, "error": f"a bug in provisioner ({name})"}
    first_line = error.message.partition("\n")[0]
    return {"exit_code": error.exit_code, "error": reporter.redacted(first_line)[:_LONGEST]}
