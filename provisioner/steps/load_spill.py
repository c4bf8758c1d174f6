"""The ids of a load that are too long for the ledger: in a file, for the next build on this host.

It holds what the state leaves out: how far the load was, and the ids by object. It is written
before each state without ids, and is useless for any other state or other data.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from provisioner.input_file import TEXT, read_input
from provisioner.steps.data_chunks import DataLoad
from provisioner.steps.load_progress import LoadProgress, ids_of, packed_ids


def write_spill(output: Path | None, progress: LoadProgress, load: DataLoad) -> None:
    """Write the ids beside the ledger. Where that fails, only this process knows them."""
    if output is None:
        return
    path = _path(output)
    temporary = path.with_name(f"{path.name}.new")
    text = f"{progress.done}/{load.digest} {','.join(packed_ids(progress, load))}"
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with open(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)


def read_spill(output: Path | None, load: DataLoad, done: int) -> LoadProgress | None:
    """The ids after `done` requests; None when this host does not have them."""
    if output is None:
        return None
    try:
        text = read_input(_path(output), TEXT).decode("ascii")
    except (OSError, UnicodeDecodeError):
        return None
    head, _, ids = text.partition(" ")
    if head != f"{done}/{load.digest}":
        return None
    found = ids_of(tuple(ids.split(",")), load.open_by_object(done))
    return None if found is None else LoadProgress(done, found)


def remove_spill(output: Path | None) -> None:
    """Remove the file, if there is one."""
    if output is not None:
        with suppress(OSError):
            _path(output).unlink(missing_ok=True)


def _path(output: Path) -> Path:
    return output.with_name(f"{output.name}-ids")
