"""An OS lock on one file, in which its holder writes who it is."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from provisioner.errors import LedgerError
from provisioner.ledger.holder import Holder
from provisioner.ledger.sqlite.file import is_full, make_file, no_room

_HELD = frozenset({errno.EWOULDBLOCK, errno.EACCES, errno.EINTR})


class LockFile:
    """It is never removed: a name removed can be made anew, and then two builds would hold two
    files of that name."""

    def __init__(self, path: Path, pool: str = "") -> None:
        self.path = path
        self.pool = pool
        self._descriptor: int | None = None

    def acquire(self, *, is_shared: bool) -> bool:
        """Take the lock; False when another holds it. Raises LedgerError."""
        descriptor = self._open()
        try:
            kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            if self._is_at_path(descriptor):
                self._descriptor, descriptor = descriptor, -1
        except OSError as error:
            if error.errno not in _HELD:
                raise self._unusable(error) from None
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        return self._descriptor is not None

    def is_free(self, *, is_shared: bool = False) -> bool:
        """Whether `acquire` would take it now. It is held for an instant."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        except OSError as error:
            raise self._unusable(error) from None
        try:
            kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _HELD:
                raise self._unusable(error) from None
            return False
        finally:
            os.close(descriptor)
        return True

    def write(self, holder: Holder | None) -> None:
        """Write who holds the lock; with None, remove what an earlier holder has written."""
        assert self._descriptor is not None
        try:
            if holder is None:
                os.ftruncate(self._descriptor, 0)
            else:
                holder.write(self._descriptor)
        except OSError as error:
            raise self._unusable(error) from None

    def release(self) -> None:
        """Give the lock back; releasing twice does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.ftruncate(descriptor, 0)
            os.close(descriptor)

    def verify(self) -> None:
        """Raises LedgerError when the file is gone: another build could hold a new one."""
        assert self._descriptor is not None
        if not self._is_at_path(self._descriptor):
            raise LedgerError(
                f"the build's lock file {self.path} was deleted while the build ran; "
                "nothing more is written",
                code="ledger_gone",
                hint="run `provisioner build` again to resume",
            )

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
