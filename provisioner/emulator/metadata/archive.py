"""A deploy zip, read entry by entry and never written to disk, within the platform's limits."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping

MAXIMUM_FILES = 10_000
MAXIMUM_ZIP_BYTES = 39_000_000
MAXIMUM_UNZIPPED_BYTES = 600 * 1024 * 1024
"""Limits of a deploy (docs/reference/deploys.md#limits)."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files by path."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return stream.getvalue()


class ArchiveProblem(Exception):  # noqa: N818 - it becomes a deploy result, not a failure of ours
    """The zip as a whole is refused; `code` and `message` are in the deploy result."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Archive:
    """The files of a deploy zip by their path, directory entries left out.

    Data that is not a zip has no entries, as for the platform's streaming reader: the deploy
    then ends with "No package.xml found". Of two entries with the same name the later one is used.

    Raises:
        ArchiveProblem: over a limit (LIMIT_EXCEEDED); the texts of these were not seen.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) > MAXIMUM_ZIP_BYTES:
            raise ArchiveProblem(
                "LIMIT_EXCEEDED", f"Maximum size of zip file is {MAXIMUM_ZIP_BYTES} bytes"
            )
        self._zip: zipfile.ZipFile | None = None
        self._entries: dict[str, zipfile.ZipInfo] = {}
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
            return
        self._index(self._zip)

    def _index(self, archive: zipfile.ZipFile) -> None:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > MAXIMUM_FILES:
            raise ArchiveProblem(
                "LIMIT_EXCEEDED", f"Maximum number of files in a deploy is {MAXIMUM_FILES}"
            )
        if sum(entry.file_size for entry in entries) > MAXIMUM_UNZIPPED_BYTES:
            raise ArchiveProblem(
                "LIMIT_EXCEEDED",
                f"Maximum size of unzipped files is {MAXIMUM_UNZIPPED_BYTES} bytes",
            )
        self._entries = {entry.filename: entry for entry in entries}

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, path: str) -> bool:
        return path in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def size(self, path: str) -> int:
        """The uncompressed size of a file in bytes."""
        return self._entries[path].file_size

    def checksum(self, path: str) -> int:
        """The CRC-32 of a file, as its entry declares it; 0 for one that is not there."""
        entry = self._entries.get(path)
        return 0 if entry is None else entry.CRC

    def read(self, path: str) -> bytes:
        """The bytes of a file, never more than its entry declares.

        Raises:
            ArchiveProblem: the entry is damaged, encrypted or packed by an unknown method.
        """
        assert self._zip is not None
        try:
            return self._zip.read(self._entries[path])
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise ArchiveProblem("UNKNOWN_EXCEPTION", f"invalid entry {path}: {error}") from error
        except (NotImplementedError, RuntimeError) as error:  # method or encryption of the entry
            raise ArchiveProblem("UNKNOWN_EXCEPTION", f"invalid entry {path}: {error}") from error

    def close(self) -> None:
        """Free the memory of the zip."""
        if self._zip is not None:
            self._zip.close()
