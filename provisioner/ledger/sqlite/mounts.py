"""Tells whether a folder lies on a file system of another machine.

SQLite's locks and shared memory do not reach over a network: two hosts that write one file
destroy it (sqlite.org/wal.html, "all processes must be on the same host computer").
"""

from __future__ import annotations

import os
from pathlib import Path

from provisioner.errors import LedgerError

_NETWORK = frozenset(
    {"nfs", "nfs3", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "ceph", "lustre"}
    | {"gfs2", "ocfs2", "gpfs", "beegfs", "glusterfs", "pvfs2", "orangefs", "davfs"}
    | {"fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.davfs2"}
    | {"fuse.ceph", "fuse.juicefs", "fuse.curlftpfs", "fuse.blobfuse", "fuse.blobfuse2"}
)

_UNRELIABLE = frozenset({"9p", "virtiofs", "vboxsf", "fuse.grpcfuse", "fuse.osxfs", "prl_fs"})
"""Folders that a virtual machine or container shares with its host: sound from one side only."""


def refuse_network_file_system(folder: Path) -> None:
    """Raises LedgerError for a network file system; logs a warning for one that may be shared."""
    kind = file_system_of(folder)
    if kind in _NETWORK:
        raise LedgerError(
            f"the ledger's folder {folder} is on a network file system ({kind}), where SQLite "
            "can damage it",
            code="ledger_on_network",
            hint="move it to a local disk, and write the new path in `ledger:`",
        )
    if kind in _UNRELIABLE:
        import logging

        logging.getLogger(__name__).warning(
            "the ledger's folder %s is shared with another machine (%s): use the ledger from only "
            "one of the two",
            folder,
            kind,
        )


def file_system_of(folder: Path, table: Path = Path("/proc/self/mountinfo")) -> str:
    """The type of the file system that `folder` is on, "" if it is unknown.

    The device number finds it (proc(5), fields 3 and 9 of mountinfo), so that links and bind
    mounts do not mislead.
    """
    try:
        device = os.stat(folder).st_dev
        lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in lines:
        before, _, after = line.partition(" - ")
        if before.split()[2:3] == [number]:
            return after.partition(" ")[0]
    return ""
