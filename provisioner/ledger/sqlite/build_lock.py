"""One builder at a time on one host: an OS lock on a file beside the ledger.

The kernel releases the lock when its holder ends, however it ends, so that no code has to guess
from times whether a build is alive (docs/reference/ledger-engine.md). A frozen build keeps it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

from provisioner.errors import LedgerError
from provisioner.ledger.base import Run
from provisioner.ledger.holder import Holder, busy
from provisioner.ledger.sqlite.file import is_full, make_file, no_room

_POLL_EVERY = 0.5  # seconds, with jitter


class BuildLock:
    """The lock file holds who has it. It is never removed: a name removed can be made anew,
    and then two builds would hold two files of that name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None) -> None:
        """Take the lock for `run`. Raises BusyError when another build has it and not `wait`."""
        reported = ""
        while not self._try():
            refusal = busy(Holder.read(self.path))
            if not wait:
                raise refusal
            if on_wait is not None and refusal.message != reported:
                on_wait(refusal.message)
            reported = refusal.message
            time.sleep(_POLL_EVERY * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
        assert self._descriptor is not None
        try:
            Holder.of(run).write(self._descriptor)
        except OSError as error:
            self.release()
            raise self._unusable(error) from None

    def release(self) -> None:
        """Give the lock back; releasing twice does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.ftruncate(descriptor, 0)
            os.close(descriptor)

    def verify(self) -> None:
        """Raises LedgerError when the lock file is gone: another build could hold a new one."""
        assert self._descriptor is not None
        if not self._is_at_path(self._descriptor):
            raise LedgerError(
                f"the build's lock file {self.path} was deleted while the build ran; "
                "nothing more is written",
                code="ledger_gone",
                hint="run `provisioner build` again to resume",
            )

    def _try(self) -> bool:
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._is_at_path(descriptor):
                self._descriptor, descriptor = descriptor, -1
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR):
                raise self._unusable(error) from None
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        return self._descriptor is not None

    def _open(self) -> int:
        try:
            # Python opens close-on-exec: no child of a build can keep its lock.
            return make_file(self.path)
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> LedgerError:
        if is_full(error):
            return no_room(f"the build's lock file {self.path}")
        return LedgerError(
            f"the build's lock file {self.path} cannot be used: {error.strerror}",
            code="ledger_read_only",
            hint="the user of the build needs write access to the ledger's folder, which must be "
            "on a local disk",
        )

    def _is_at_path(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        except OSError:
            return False
