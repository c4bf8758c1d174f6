"""A ledger on a network file system is refused before it can be destroyed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provisioner.errors import LedgerError
from provisioner.ledger.sqlite import mounts
from provisioner.ledger.sqlite.mounts import file_system_of, refuse_network_file_system


def table_with(folder: Path, kind: str, tmp_path: Path) -> Path:
    """A mountinfo that says `folder` is on a file system of `kind`."""
    device = os.stat(folder).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    table = tmp_path / "mountinfo"
    table.write_text(
        "22 1 0:21 / /proc rw,nosuid shared:5 - proc proc rw\n"
        f"30 1 {number} /a\\040b /mnt/a\\040b rw shared:9 master:1 - {kind} host:/x rw,vers=4\n"
    )
    return table


def test_the_type_is_read_by_device_number(tmp_path: Path) -> None:
    assert file_system_of(tmp_path, table_with(tmp_path, "nfs4", tmp_path)) == "nfs4"


def test_what_is_unknown_is_blank(tmp_path: Path) -> None:
    assert file_system_of(tmp_path / "missing") == ""
    assert file_system_of(tmp_path, tmp_path / "no-table") == ""
    (tmp_path / "odd").write_text("\n - \nnonsense\n")
    assert file_system_of(tmp_path, tmp_path / "odd") == ""


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.sshfs"])
def test_a_network_file_system_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(mounts, "file_system_of", lambda _folder: kind)
    with pytest.raises(LedgerError) as caught:
        refuse_network_file_system(tmp_path)
    assert f"is on a network file system ({kind})" in caught.value.message
    assert caught.value.code == "ledger_on_network"
    assert "local disk" in caught.value.hint


def test_a_shared_folder_of_a_virtual_machine_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mounts, "file_system_of", lambda _folder: "9p")
    refuse_network_file_system(tmp_path)
    assert "shared with another machine (9p)" in caplog.text


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "apfs", ""])
def test_a_local_file_system_passes_in_silence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kind: str,
) -> None:
    monkeypatch.setattr(mounts, "file_system_of", lambda _folder: kind)
    refuse_network_file_system(tmp_path)
    assert caplog.text == ""
