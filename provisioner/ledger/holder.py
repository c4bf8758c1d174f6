"""Who holds the build lock, and whether that process still exists or is frozen."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from provisioner.errors import BusyError
from provisioner.ledger.base import Run
from provisioner.ledger.rows import time_text


@dataclass(frozen=True)
class Holder:
    """What a build writes into the lock file once it has the lock."""

    run: str
    host: str
    pid: int
    started_at: str
    machine: str  # the host's name by its own account, to compare with ours
    process: str  # when the kernel started the process: pids are used again

    @classmethod
    def of(cls, run: Run) -> Holder:
        """This process, building `run`."""
        started_at = time_text(run.started_at) or ""
        pid = os.getpid()
        return cls(run.id, run.host, pid, started_at, socket.gethostname(), _process(pid)[1])

    @classmethod
    def read(cls, path: Path) -> Holder | None:
        """What the file says; None while a build has taken the lock and not yet written."""
        try:
            return cls(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, descriptor: int) -> None:
        """Put this into the lock file in one write."""
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(self)).encode(), 0)

    def described(self) -> str:
        """`run R on HOST, process P, since 2026-11-24 02:00 UTC`, and what is odd about it."""
        since = self.started_at[:16].replace("T", " ")
        text = f"run {self.run} on {self.host}, process {self.pid}, since {since} UTC"
        return f"{text}; {oddity}" if (oddity := self._oddity()) else text

    def advice(self) -> str:
        """What a person can do now."""
        if self._state() == "T":
            return (
                f"kill -CONT {self.pid} lets it go on; kill -9 {self.pid} ends it, "
                "and the next build takes its orgs over"
            )
        return "wait for it (--wait), or stop it: the next build takes its orgs over"

    @property
    def is_gone(self) -> bool:
        """Is there certainly no such process here any more? False for another machine's."""
        return self._state() == "gone"

    def _oddity(self) -> str:
        state = self._state()
        if state == "T":
            return "that process is frozen"
        if state == "gone":
            return (
                "no such process is to be seen here: it is in another container, or a child "
                "of it keeps the lock"
            )
        return ""

    def _state(self) -> str:
        """`T` frozen, `gone`, or "" for alive, and for what cannot be told."""
        if self.machine != socket.gethostname() or not self.process:
            return ""
        state, started = _process(self.pid)
        if started != self.process:
            return "gone"
        return "T" if state in ("T", "t") else ""


def busy(holder: Holder | None) -> BusyError:
    """Another build has the lock: who, since when, and what to do now."""
    if holder is None:
        return BusyError("another build holds the ledger", hint="wait for it: --wait")
    message = f"another build holds the ledger: {holder.described()}"
    return BusyError(message, hint=holder.advice())


def kernel_of_this_process() -> str:
    """This boot and this namespace of process ids; "" where that is not known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _process(pid: int) -> tuple[str, str]:
    """State letter and start time of a process (proc(5), fields 3 and 22 of stat), or blanks."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", ""
    fields = text.rpartition(")")[2].split()  # the name before it may hold anything
    return fields[0], fields[19]
