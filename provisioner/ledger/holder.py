"""The process that holds the build lock: whether it still exists, and whether it is stopped."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from provisioner.errors import BusyError
from provisioner.ledger.base import Run
from provisioner.ledger.rows import time_text

_WAIT = "wait for it with --wait"


@dataclass(frozen=True)
class Holder:
    """The content of the lock file."""

    run: str
    host: str
    pid: int
    started_at: str
    machine: str  # the host name that the host itself reports; compared with ours
    process: str  # start time by the kernel: process ids are reused

    @classmethod
    def of(cls, run: Run) -> Holder:
        """This process, building `run`."""
        started_at = time_text(run.started_at) or ""
        pid = os.getpid()
        return cls(run.id, run.host, pid, started_at, socket.gethostname(), _process(pid)[1])

    @classmethod
    def read(cls, path: Path) -> Holder | None:
        """The content of the file; None while the holder has not written it yet."""
        try:
            return cls(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, descriptor: int) -> None:
        """Write this into the lock file, in one write."""
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(self)).encode(), 0)

    def described(self) -> str:
        """`run R on HOST, process P, since 2026-11-24 02:00 UTC`, and a remark on the process."""
        since = self.started_at[:16].replace("T", " ")
        text = f"run {self.run} on {self.host}, process {self.pid}, since {since} UTC"
        return f"{text}; {remark}" if (remark := self._remark()) else text

    def advice(self) -> str:
        """What to do now."""
        if self._state() == "T":
            return (
                f"resume it: kill -CONT {self.pid}; or end it: kill -9 {self.pid}. "
                "After that, the next build resumes its orgs"
            )
        return f"{_WAIT}; or stop it: the next build resumes its orgs"

    @property
    def is_gone(self) -> bool:
        """Whether the process has certainly ended. False for a process of another machine."""
        return self._state() == "gone"

    def _remark(self) -> str:
        state = self._state()
        if state == "T":
            return "that process is stopped (SIGSTOP)"
        if state == "gone":
            return (
                "that process does not exist here: it runs in another container, or a child "
                "process of it still holds the lock"
            )
        return ""

    def _state(self) -> str:
        """`T` for stopped, `gone`, or "" for running and for unknown."""
        if self.machine != socket.gethostname() or not self.process:
            return ""
        state, started = _process(self.pid)
        if started != self.process or state in ("Z", "X"):  # ended, its parent has not noticed
            return "gone"
        return "T" if state in ("T", "t") else ""


def busy(holder: Holder | None, pool: str = "") -> BusyError:
    """The error that another build holds `pool`, or the ledger: which, since when, what to do."""
    what = f"another build holds the pool {pool}" if pool else "another build is running"
    hint = _WAIT if holder is None else holder.advice()
    if pool:
        hint += "; builds of other pools can run now: provisioner build POOL"
    return BusyError(f"{what}: {holder.described()}" if holder else what, hint=hint)


def shared(holders: Sequence[Holder]) -> BusyError:
    """The error that builds of some pools are running, and the whole ledger is wanted."""
    builds = list(dict.fromkeys(holder.described() for holder in holders))
    if len(builds) < 2:
        return busy(next(iter(holders), None))
    message = f"{len(builds)} builds are running: {'; '.join(builds)}"
    return BusyError(message, hint="try again when they have ended")


def kernel_of_this_process() -> str:
    """The id of this boot and of this namespace of process ids; "" when unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _process(pid: int) -> tuple[str, str]:
    """State letter and start time of a process (proc(5), fields 3 and 22 of stat), or two ""."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", ""
    fields = text.rpartition(")")[2].split()  # the process name before it may contain any character
    return fields[0], fields[19]
