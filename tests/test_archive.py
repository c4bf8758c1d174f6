"""Zips: what was added comes back, and equal contents give equal bytes."""

from __future__ import annotations

import io
import random
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from provisioner.archive import Archive, zipped

NOISE = random.Random(1).randbytes(300_000)
FILES = {"a/noise.bin": NOISE, "m": b"", "z.txt": b"text " * 5000, "\u00fc": b"x" * 9_000_000}


def archive_of(files: Mapping[str, bytes], level: int = 1) -> Archive:
    archive = Archive(level)
    for name in sorted(files):
        archive.add(name, files[name])
    return archive


def content(archive: Archive) -> bytes:
    buffer = io.BytesIO()
    archive.write_zip(buffer)
    return buffer.getvalue()


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def test_what_was_added_comes_back_in_the_order_of_names() -> None:
    archive = archive_of(FILES)
    archive.add_pieces("\u00fd", (NOISE for _ in range(40)))
    assert list(unzipped(content(archive)).items()) == [*FILES.items(), ("\u00fd", NOISE * 40)]
    assert archive.names == (*FILES, "\u00fd")


def test_a_zip_can_be_read_twice_and_not_extended() -> None:
    archive = archive_of(FILES)
    assert content(archive) == content(archive)
    with pytest.raises(ValueError, match="closed"):
        archive.add("\u00fd", b"")


def test_equal_files_give_equal_bytes_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    before = zipped(FILES)
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    assert zipped(dict(reversed(FILES.items()))) == before


@pytest.mark.parametrize("second", ["a", "b"])
def test_a_name_that_does_not_follow_the_last_one_is_refused(second: str) -> None:
    archive = archive_of({"b": b""})
    with pytest.raises(ValueError, match="must be added once, and before b"):
        archive.add(second, b"")


def test_members_are_compressed_unless_that_gains_nothing() -> None:
    with zipfile.ZipFile(io.BytesIO(zipped({**FILES, "n": b"small"}))) as found:
        methods = {member.filename: member.compress_type for member in found.infolist()}
    compressed = {name for name, method in methods.items() if method == zipfile.ZIP_DEFLATED}
    assert compressed == {"z.txt", "\u00fc"}


def test_no_member_needs_a_reader_that_can_seek() -> None:
    """Readers of streams need sizes before contents, for what is stored without compression."""
    archive = archive_of(FILES)
    archive.add_pieces("\u00fd", (NOISE for _ in range(4)))
    with zipfile.ZipFile(io.BytesIO(content(archive))) as found:
        assert all(not member.flag_bits & 0x08 for member in found.infolist())


def test_a_zip_inside_a_zip_counts_by_its_contents() -> None:
    fast, small = archive_of(FILES, 1), archive_of(FILES, 9)
    outer = [Archive(), Archive()]
    outer[0].add_archive("r.resource", fast)
    outer[1].add_archive("r.resource", small)
    assert content(fast) != content(small)
    assert outer[0].digest() == outer[1].digest()
    assert unzipped(unzipped(content(outer[0]))["r.resource"]) == FILES


def test_a_digest_stays_the_same_from_version_to_version() -> None:
    """It is part of the fingerprints of orgs, which would all be replaced."""
    expected = "129d545d0aafdd531130260ae41a562948262eb3f4fe0f9f95f71f7c53bd7034"
    assert archive_of({"a": b"1", "\u00fc": b"2"}).digest() == expected
    assert archive_of({"a": b"2", "\u00fc": b"2"}).digest() != expected


def test_a_folder_gets_all_members_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("old")
    archive_of(FILES).write_folder(tmp_path)
    for name, data in FILES.items():
        assert (tmp_path / name).read_bytes() == data
