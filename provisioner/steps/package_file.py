"""The zip of a package as a temporary file, from which it is sent to all orgs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import IO

from provisioner.errors import ErrorKind
from provisioner.steps.base import StepFailed


def on_disk(write: Callable[[IO[bytes]], None]) -> IO[bytes]:
    """A file with what `write` writes. It has no name, and only this user could open it.

    So the file ends with this process, also if that is killed.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the body that sends it
    try:
        write(file)
        file.flush()
    except OSError as error:
        file.close()
        raise StepFailed(
            f"the package cannot be written to {tempfile.gettempdir()}: {error.strerror}",
            hint="set TMPDIR to a folder with enough space",
            kind=ErrorKind.CONFIGURATION,
        ) from None
    except BaseException:
        file.close()
        raise
    return file
