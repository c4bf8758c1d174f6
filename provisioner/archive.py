"""Zip files with equal bytes for equal contents: members sorted by name, with a fixed date."""

from __future__ import annotations

import hashlib
import io
import itertools
import shutil
import struct
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import IO

_IN_MEMORY = 8 << 20  # bytes; a larger zip is on the disk
_PIECE = 1 << 18
_TINY = 400  # bytes; compressing less saves nothing, and most metadata files are this small
_SAMPLED = 1 << 14  # bytes; larger data is sampled, because images and zips do not get smaller
_SAMPLE = 1 << 12
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest date in a zip
_UNIX = 3  # the system of the file modes, on every platform
_MODE = 0o644 << 16


class Archive:
    """A zip in a temporary file: add its members in the order of their names, then write it."""

    def __init__(self, level: int = 1) -> None:
        """`level` of compression, from 1 (fast) to 9 (small)."""
        self._level = level
        self._digests: dict[str, bytes] = {}
        self._digest = hashlib.sha256()
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - see _close
        self._zip = zipfile.ZipFile(self._file, "w")
        weakref.finalize(self, _close, self._zip, self._file)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all members, sorted."""
        return tuple(self._digests)

    @property
    def size(self) -> int:
        """Size of the zip so far, in bytes; its list of members is written last."""
        return self._file.seek(0, 2)

    @property
    def sizes(self) -> Mapping[str, tuple[int, int]]:
        """The size of each member in the zip and uncompressed, in bytes."""
        return {one.filename: (one.compress_size, one.file_size) for one in self._zip.infolist()}

    @property
    def digests(self) -> Mapping[str, bytes]:
        """SHA-256 of each member's content; of a zip, of the names and contents in it."""
        return self._digests

    def digest(self) -> str:
        """SHA-256 of names and contents, in hexadecimal; it does not depend on the compression."""
        return self._digest.hexdigest()

    def add(self, name: str, data: bytes) -> None:
        """Add a member. Raises ValueError unless its name follows all others."""
        self._zip.writestr(self._member(name, data), data, compresslevel=self._level)
        self._record(name, hashlib.sha256(data).digest())

    def add_pieces(self, name: str, pieces: Iterable[bytes]) -> None:
        """Add a member that is too large for memory. Raises ValueError as `add` does."""
        pieces = iter(pieces)
        start = next(pieces, b"")
        digest = hashlib.sha256()
        with self._zip.open(self._member(name, start), "w") as member:
            for piece in itertools.chain([start], pieces):
                digest.update(piece)
                member.write(piece)
        self._record(name, digest.digest())

    def add_archive(self, name: str, archive: Archive) -> None:
        """Add a zip as a member and close it. The digest covers the names and contents in it."""
        archive._zip.close()
        member = self._member(name, b"")
        member.file_size = archive.size
        with self._zip.open(member, "w") as file:
            archive.write_zip(file)
        self._record(name, archive._digest.digest())

    def close(self) -> None:
        """Complete the zip. Then nothing can be added."""
        self._zip.close()

    def write_zip(self, file: IO[bytes]) -> None:
        """Write the zip to a file, which need not be seekable. Then nothing can be added."""
        self._zip.close()
        self._file.seek(0)
        shutil.copyfileobj(self._file, file, _PIECE)

    def read(self, name: str) -> bytes:
        """The content of a small member. Then nothing can be added. Raises KeyError."""
        self._zip.close()
        with zipfile.ZipFile(self._file) as archive:
            return archive.read(name)

    def with_members(self, members: Mapping[str, bytes]) -> Archive:
        """A copy in which these members have other contents."""
        self._zip.close()
        copy = Archive(self._level)
        with zipfile.ZipFile(self._file) as archive:
            for name in self._digests:
                if name in members:
                    copy.add(name, members[name])
                    continue
                with archive.open(name) as member:
                    copy.add_pieces(name, iter(partial(member.read, _PIECE), b""))
        return copy

    def write_folder(self, folder: Path) -> None:
        """Write the members as files to a folder, which is created; existing files are replaced."""
        self._zip.close()
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(self._file) as archive:
            archive.extractall(folder)

    def _member(self, name: str, start: bytes) -> zipfile.ZipInfo:
        if (last := next(reversed(self._digests), "")) and name <= last:
            raise ValueError(f"{name} must be added once, and before {last}")
        member = zipfile.ZipInfo(name, _DATE)
        member.create_system = _UNIX
        member.external_attr = _MODE
        member.compress_type = _method(start)
        return member

    def _record(self, name: str, digest: bytes) -> None:
        encoded = name.encode()
        self._digests[name] = digest
        self._digest.update(struct.pack("<L", len(encoded)) + encoded + digest)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A small zip of files, given by their names."""
    archive = Archive()
    for name in sorted(files):
        archive.add(name, files[name])
    content = io.BytesIO()
    archive.write_zip(content)
    return content.getvalue()


def is_dense(data: bytes) -> bool:
    """Whether a large piece of data is already compressed, judged by a sample from its middle."""
    middle = len(data) // 2
    sample = data[middle : middle + _SAMPLE]
    return len(data) >= _SAMPLED and len(zlib.compress(sample, 1)) > 0.95 * _SAMPLE


def _method(start: bytes) -> int:
    """How a member is stored, by its content or the start of it."""
    return zipfile.ZIP_STORED if len(start) <= _TINY or is_dense(start) else zipfile.ZIP_DEFLATED


def _close(archive: zipfile.ZipFile, file: IO[bytes]) -> None:
    archive.close()
    file.close()
