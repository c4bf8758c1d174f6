"""The files of a package, compressed once into a temporary file, and written from there.

Written by hand and not by `zipfile`, which costs more a file than all the rest of the work. The
bytes depend on names and contents alone: entries in the order given, one fixed time stamp.
"""

from __future__ import annotations

import hashlib
import itertools
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from provisioner.source.spool import Spool

_CHUNK = 1 << 18
_TINY = 400  # up to this size a file is not compressed: most are meta files, and there are many
_SMALL = 1 << 12  # up to this size a window of that size holds all of a file
_SAMPLED = 1 << 14  # from this size on data is sampled before it is compressed
_SAMPLE = 1 << 12
_STORED, _DEFLATED = 0, 8
_TIME, _DATE = 0, 0x0021  # 1980-01-01, the first day that a zip knows
_UTF8 = 0x0800
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q4sLQL")
_MOST = 0xFFFFFFFF


class Entry(NamedTuple):
    """A file in the archive."""

    name: bytes
    method: int
    crc: int
    stored: int  # size in the archive
    size: int
    offset: int  # in its spool
    digest: bytes  # SHA-256 of the content
    spool: int = 0  # which of the archive's


class Archive:
    """A growing zip."""

    def __init__(self, level: int = 1) -> None:
        self._level = level
        self._spool = Spool()
        self._spools = [self._spool]  # the own one, and those of archives that were absorbed
        self._entries: list[Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """How many bytes it has so far, without the list of its files."""
        return sum(map(len, self._spools))

    @property
    def entries(self) -> list[Entry]:
        """All files, by their names."""
        return sorted(self._entries)

    def digest(self) -> str:
        """SHA-256 over names and contents, in hexadecimal; not over how they are compressed."""
        digest = hashlib.sha256()
        for entry in self.entries:
            digest.update(struct.pack("<L", len(entry.name)) + entry.name + entry.digest)
        return digest.hexdigest()

    def add(self, name: str, data: bytes) -> None:
        """Add a file that is at hand as a whole."""
        method, stored = _packed(data, self._level)
        digest = hashlib.sha256(data).digest()
        entry = Entry(
            name.encode(),
            method,
            zlib.crc32(data),
            len(stored),
            len(data),
            len(self._spool),
            digest,
        )
        self._spool.append(_local_header(entry) + stored)
        self._record(entry)

    def add_stream(self, name: str, chunks: Iterable[bytes]) -> None:
        """Add a file too large to be held in memory. Raises OverflowError above 4 GB."""
        crc = size = 0
        digest = hashlib.sha256()
        chunks = iter(chunks)
        start = next(chunks, b"")
        level = 0 if is_dense(start) else self._level
        compressor = zlib.compressobj(level, zlib.DEFLATED, -15)
        draft = Entry(name.encode(), _DEFLATED, 0, 0, 0, len(self._spool), b"")
        self._spool.append(_local_header(draft))
        for chunk in itertools.chain([start], chunks):
            crc = zlib.crc32(chunk, crc)
            size += len(chunk)
            digest.update(chunk)
            self._spool.append(compressor.compress(chunk))
        self._spool.append(compressor.flush())
        stored = len(self._spool) - draft.offset - _length(draft)
        if max(size, stored) > _MOST:
            raise _too_large()
        entry = draft._replace(crc=crc, size=size, stored=stored, digest=digest.digest())
        self._spool.patch(entry.offset, _local_header(entry))
        self._record(entry)

    def _record(self, entry: Entry) -> None:
        self._entries.append(entry)
        if len(self._spool) > _MOST:
            raise _too_large()

    def share(self) -> None:
        """Before a fork, and in the forked process at the end: hold everything on the disk."""
        self._spool.to_disk()

    def absorb(self, other: Archive, entries: Sequence[Entry]) -> None:
        """Take over what a forked process has added to another archive, as `entries` list it."""
        if entries:
            other._spool.grown(max(entry.offset + _length(entry) for entry in entries))
        self._spools.append(other._spool)
        number = len(self._spools) - 1
        self._entries += [entry._replace(spool=number) for entry in entries]
        if self.size > _MOST:
            raise _too_large()

    def chunks(self) -> Iterator[bytes]:
        """The bytes of the whole zip, piece by piece: files in the order of their names."""
        placed = []
        at = spool = start = end = 0  # of files that lie behind one another
        for entry in self.entries:
            placed.append(entry._replace(offset=at))
            at += _length(entry)
            if (entry.spool, entry.offset) != (spool, end):
                yield from self._spooled(spool, start, end)
                spool, start = entry.spool, entry.offset
            end = entry.offset + _length(entry)
        yield from self._spooled(spool, start, end)
        yield b"".join(map(_central_header, placed))
        yield _end_of_zip(placed, at)

    def write_zip(self, file: BinaryIO) -> None:
        """Write the whole zip to a file that need not be seekable."""
        file.writelines(self.chunks())

    def write_folder(self, folder: Path) -> None:
        """Write the files below a folder, which is made; files that are there are replaced."""
        folder.mkdir(parents=True, exist_ok=True)
        made = {folder}
        for entry in self.entries:
            target = folder / entry.name.decode()
            if target.parent not in made:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.add(target.parent)
            with target.open("wb") as file:
                file.writelines(self._contents(entry))

    def _contents(self, entry: Entry) -> Iterator[bytes]:
        start = entry.offset + _LOCAL.size + len(entry.name)
        stored = self._spooled(entry.spool, start, start + entry.stored)
        if entry.method == _STORED:
            yield from stored
            return
        inflater = zlib.decompressobj(-15)
        for chunk in stored:
            yield inflater.decompress(chunk)
        yield inflater.flush()

    def _spooled(self, spool: int, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            chunk = self._spools[spool].read(start, min(_CHUNK, end - start))
            start += len(chunk)
            yield chunk


def _too_large() -> OverflowError:
    return OverflowError("a package, and each file in it, must be smaller than 4 GB")


def _length(entry: Entry) -> int:
    """How many bytes a file takes in the archive, its header included."""
    return _LOCAL.size + len(entry.name) + entry.stored


def _packed(data: bytes, level: int) -> tuple[int, bytes]:
    """How the data is stored, and as what: not compressed where that would gain nothing."""
    if len(data) <= _TINY or is_dense(data):
        return _STORED, data
    deflated = deflate(data, level)
    return (_DEFLATED, deflated) if len(deflated) < len(data) else (_STORED, data)


def is_dense(data: bytes) -> bool:
    """Whether a large piece of data is compressed already, by a sample out of its middle."""
    if len(data) < _SAMPLED:
        return False
    middle = len(data) // 2
    sample = data[middle : middle + _SAMPLE]
    return len(deflate(sample, 1)) > 0.95 * _SAMPLE


def deflate(data: bytes, level: int) -> bytes:
    """Raw DEFLATE. A small window for a small file: preparing a large one costs ten times more."""
    if len(data) > _SMALL:
        return zlib.compress(data, level, -15)
    compressor = zlib.compressobj(level, zlib.DEFLATED, -12, 5)
    return compressor.compress(data) + compressor.flush()


def _flags(entry: Entry) -> int:
    return 0 if entry.name.isascii() else _UTF8


def _local_header(entry: Entry) -> bytes:
    return (
        _LOCAL.pack(
            b"PK\3\4", 20, _flags(entry), entry.method, _TIME, _DATE,
            entry.crc, entry.stored, entry.size, len(entry.name), 0,
        )
        + entry.name
    )  # fmt: skip


def _central_header(entry: Entry) -> bytes:
    return (
        _CENTRAL.pack(
            b"PK\1\2", 20, 20, _flags(entry), entry.method, _TIME, _DATE,
            entry.crc, entry.stored, entry.size, len(entry.name), 0, 0, 0, 0, 0, entry.offset,
        )
        + entry.name
    )  # fmt: skip


def _end_of_zip(entries: list[Entry], offset: int) -> bytes:
    count = len(entries)
    size = sum(_CENTRAL.size + len(entry.name) for entry in entries)
    record = b""
    if count >= 0xFFFF:
        end = offset + size
        record = _END64.pack(
            b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset, b"PK\6\7", 0, end, 1
        )
    most = min(count, 0xFFFF)
    return record + _END.pack(b"PK\5\6", 0, 0, most, most, size, offset, 0)
