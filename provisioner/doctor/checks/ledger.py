"""The ledger can be reached, has a version that this program knows, and can be written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.doctor.result import Result, not_checked, ok, problem, warning
from provisioner.errors import LedgerError
from provisioner.ledger import open_ledger
from provisioner.ledger.sqlite.file import is_writable
from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.doctor.examination import Examination
    from provisioner.ledger.base import Ledger, Org

_NOBODY = "check"  # no waiting claim has this id


def examine(examination: Examination) -> Iterator[Result]:
    """Open it, read its rows, and begin a write that changes nothing. Raises LedgerError.

    A file that does not exist is not created.
    """
    config = examination.config
    if config.ledger == "devhub" and "login" in examination.failed:
        yield not_checked("login")
        return
    path = _file(examination)
    if path is not None and not path.exists():
        yield _of_new_file(path)
        return
    with closing(open_ledger(config.ledger, config.directory, config.dev_hub)) as ledger:
        if config.ledger == "devhub":
            yield _on_dev_hub(examination, ledger)
        else:
            examination.facts = ledger.facts(config.facts_subject)
            examination.rows = ledger.orgs()
            ledger.leave(_NOBODY)
            where = path or _database(ledger)
            yield ok(f"{where}: can be read and written; {_counted(examination.rows)}")
        for row in ledger.broken(examination.rows or ()):
            yield warning(str(row), "run `provisioner build`, which repairs it")


def _file(examination: Examination) -> Path | None:
    """The file of a SQLite ledger."""
    from provisioner.ledger.sqlite.address import path_of

    config = examination.config
    if not config.ledger.startswith("sqlite:"):
        return None
    return path_of(config.ledger, config.directory)


def _database(ledger: Ledger) -> str:
    """The address of a database, without a password."""
    from provisioner.ledger.postgresql.ledger import PostgresqlLedger

    assert isinstance(ledger, PostgresqlLedger)
    return ledger.address.name


def _of_new_file(path: Path) -> Result:
    folder = next(parent for parent in path.parents if parent.exists())
    if folder.is_dir() and is_writable(folder):
        return ok(f"{path} does not exist yet; the first build creates it")
    return problem(
        LedgerError(
            f"{path} does not exist, and this user cannot create it in {folder}",
            code="ledger_read_only",
            hint="let this user write to that folder, or write another path in `ledger:`",
        )
    )


def _on_dev_hub(examination: Examination, ledger: Ledger) -> Result:
    """Read the lock of builds, which only builders can, and the rows. Nothing is written."""
    from provisioner.ledger.devhub.build_lock import find
    from provisioner.ledger.devhub.ledger import DevhubLedger

    assert isinstance(ledger, DevhubLedger)
    try:
        find(ledger.session)
        examination.rows = ledger.orgs()
        examination.facts = ledger.facts(examination.config.facts_subject)
    finally:
        examination.other_requests += sum(ledger.api_calls.values())
    return ok(f"ledger on the Dev Hub: {_counted(examination.rows)}")


def _counted(rows: list[Org] | tuple[Org, ...]) -> str:
    """`3 scratch orgs (2 available, 1 claimed)`."""
    counts = Counter(row.state.value.replace("_", " ") for row in rows)
    parts = ", ".join(f"{count} {state}" for state, count in counts.items())
    return quantity(len(rows), "scratch org") + (f" ({parts})" if parts else "")
