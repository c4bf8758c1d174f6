"""The locks of a build on one host: OS locks on files beside the ledger.

A build locks the ledger's file, which it shares with builds of other pools, and a file for each of
its pools. A command that needs the whole ledger does not share the first one. Neither does a build
of an earlier version, which has no files for pools: so it excludes all others, and they exclude it.

The kernel releases the locks when their holder ends, however it ends, so that no code has to guess
from times whether a build is alive (docs/reference/ledger-engine.md). A frozen build keeps them.
"""

from __future__ import annotations

import hashlib
import random
import string
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from provisioner.errors import BusyError
from provisioner.ledger.base import Run
from provisioner.ledger.holder import Holder, busy, shared
from provisioner.ledger.sqlite.lock_file import LockFile

_POLL_EVERY = 0.5  # seconds, with jitter
_TRIES = 3  # before a lock counts as held: `unlocked` holds it for an instant
_TRY_EVERY = 0.02  # seconds
_SAFE = frozenset(f"{string.ascii_lowercase}{string.digits}-".encode())
_LONGEST = 120  # characters of a pool in the name of a file


class BuildLock:
    """The locks of one build of `pools`; without pools, the lock of the whole ledger."""

    def __init__(self, ledger: Path, pools: Collection[str] | None) -> None:
        self.pools = None if pools is None else frozenset(pools)
        self._base = base = _of_ledger(ledger)
        self._ledger = LockFile(base)
        self._pools = [LockFile(_of_pool(base, pool), pool) for pool in sorted(self.pools or ())]

    def acquire(self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None) -> None:
        """Take all locks for `run`, or none. Raises BusyError if one is held, and not `wait`.

        One who waits holds none of them meanwhile, so that no two can wait for each other.
        """
        reported, tries = "", 0
        while (held := self._try()) is not None:
            tries += 1
            if tries < _TRIES:
                time.sleep(_TRY_EVERY)
                continue
            refusal = self._refusal(held)
            if not wait:
                raise refusal
            if on_wait is not None and refusal.message != reported:
                on_wait(refusal.message)
            reported = refusal.message
            time.sleep(_POLL_EVERY * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
        try:
            self._name(run)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give the locks back; releasing twice does nothing."""
        for file in (*self._pools, self._ledger):
            file.release()

    def verify(self) -> None:
        """Raises LedgerError when a lock file is gone: another build could hold a new one."""
        for file in (self._ledger, *self._pools):
            file.verify()

    def _try(self) -> LockFile | None:
        """Take all; or give back those that were taken, and return the one that is held."""
        for file in (self._ledger, *self._pools):
            if not file.acquire(is_shared=file is self._ledger and self.pools is not None):
                self.release()
                return file
        return None

    def _name(self, run: Run) -> None:
        """Write who has the locks; nobody has the ledger's alone while builds share it."""
        holder = Holder.of(run)
        self._ledger.write(holder if self.pools is None else None)
        for file in self._pools:
            file.write(holder)

    def _refusal(self, held: LockFile) -> BusyError:
        if held is not self._ledger:
            return busy(Holder.read(held.path), held.pool)
        if (holder := Holder.read(self._base)) is not None:
            return busy(holder)
        files = sorted(self._base.parent.glob(f"{self._base.name}.*"))
        found = [Holder.read(path) for path in files if not LockFile(path).is_free()]
        return shared([holder for holder in found if holder is not None])


def unlocked(ledger: Path, pools: Iterable[str]) -> set[str]:
    """Those of `pools` whose locks are free; none while the whole ledger is locked."""
    base = _of_ledger(ledger)
    if not LockFile(base).is_free(is_shared=True):
        return set()
    return {pool for pool in pools if LockFile(_of_pool(base, pool)).is_free()}


def _of_ledger(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + ".build-lock")


def _of_pool(base: Path, pool: str) -> Path:
    """The lock file of a pool: no two have the same, also where names of files ignore case."""
    content = pool.encode("utf-8", "surrogatepass")  # the name in a broken row may be anything
    safe = "".join(chr(byte) if byte in _SAFE else f"%{byte:02x}" for byte in content)
    if len(safe) > _LONGEST:
        safe = f"%{hashlib.sha256(content).hexdigest()}"
    return base.with_name(f"{base.name}.{safe}")
