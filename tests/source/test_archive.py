"""A zip that grows in memory, then on the disk, and is read back from either."""

from __future__ import annotations

import io
import random
import zipfile

import pytest

from provisioner.source.archive import Archive
from provisioner.source.spool import Spool


def read_back(archive: Archive) -> dict[str, bytes]:
    buffer = io.BytesIO()
    archive.write_zip(buffer)
    with zipfile.ZipFile(buffer) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def test_what_was_added_comes_back_in_the_order_of_names() -> None:
    noise = random.Random(1).randbytes(300_000)
    wanted = {"z.txt": b"text " * 5000, "a/noise.bin": noise, "m": b"", "\u00fc": b"x" * 9_000_000}
    archive = Archive()
    for name, data in wanted.items():
        archive.add(name, data)
    archive.add_stream("stream", (noise for _ in range(40)))
    assert read_back(archive) == {**wanted, "stream": noise * 40}
    assert [entry.name.decode() for entry in archive.entries] == sorted([*wanted, "stream"])


def test_the_same_files_give_the_same_bytes_in_any_order() -> None:
    files = {f"f{n}": bytes([n]) * n * 100 for n in range(50)}
    zips = []
    for names in (sorted(files), sorted(files, reverse=True)):
        archive = Archive()
        for name in names:
            archive.add(name, files[name])
        zips.append((b"".join(archive.chunks()), archive.digest()))
    assert zips[0] == zips[1]


def test_an_archive_takes_over_what_another_one_holds() -> None:
    archive, other = Archive(), Archive()
    archive.add("a", b"1" * 1000)
    other.share()
    other.add("c", b"3" * 1000)
    other.add("b", b"2" * 1000)
    other.share()
    archive.absorb(other, other.entries)
    assert read_back(archive) == {"a": b"1" * 1000, "b": b"2" * 1000, "c": b"3" * 1000}


def test_a_spool_is_one_row_of_bytes_wherever_they_are() -> None:
    spool = Spool()
    spool.append(b"a" * 10)
    spool.to_disk()
    spool.append(b"b" * 10)
    spool.patch(0, b"A")
    spool.append(b"c" * 10)
    spool.patch(25, b"C")
    found = b""
    while len(found) < len(spool):
        found += spool.read(len(found), 100)
    assert found == b"A" + b"a" * 9 + b"b" * 10 + b"c" * 5 + b"C" + b"c" * 4
    with pytest.raises(EOFError):
        spool.read(30, 1)
