"""Where a SQLite ledger is: the file that its URL names."""

from __future__ import annotations

from pathlib import Path

from provisioner.errors import UsageError


def path_of(url: str, directory: Path) -> Path:
    """The file that a `sqlite:///` URL names: three slashes relative, four absolute."""
    prefix, _, path = url.partition(":///")
    if prefix != "sqlite" or not path or path == ":memory:" or not path.isprintable():
        raise UsageError(
            "ledger: the URL contains no file path",
            hint="write sqlite:///.provisioner/ledger.db (relative to pool.yaml) or "
            "sqlite:////var/lib/provisioner/ledger.db",
        )
    try:
        return directory / Path(path).expanduser()
    except RuntimeError:
        raise UsageError(
            "ledger: the home folder in the URL does not exist",
            hint="write an absolute path: sqlite:////var/lib/provisioner/ledger.db",
        ) from None
