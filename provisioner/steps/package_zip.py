"""Reads the zip of a package that another program has made: is it one, and what is in it.

Nothing is unpacked: of each member the size and the checksum are read, and package.xml is read.
"""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from provisioner.errors import UsageError
from provisioner.input_file import DATA, TEXT, open_input, refuse_large
from provisioner.salesforce.deploy_body import LARGEST_ZIP
from provisioner.steps.package_size import Sizes

MANIFEST = "package.xml"
_PIECE = 1 << 18


class PackageZipError(UsageError):
    """The file is no package that can be deployed."""

    default_code = "package_zip"


@dataclass(frozen=True, eq=False)
class PackageZip:
    """A copy of the zip, with what is known of it."""

    file: IO[bytes] = field(repr=False)
    size: int  # bytes
    sizes: Sizes
    folder: str  # the folder with package.xml, or "" for the root of the zip
    manifest: bytes
    digest: str  # of names and contents, so that a zip that was only made again is equal

    def __post_init__(self) -> None:
        weakref.finalize(self, self.file.close)

    def write_zip(self, file: IO[bytes]) -> None:
        """Write the zip as it is."""
        self.file.seek(0)
        while piece := self.file.read(_PIECE):
            file.write(piece)


def read_package_zip(path: Path) -> PackageZip:
    """The zip at `path`. Raises PackageZipError with the reason."""
    try:
        file = _copied(path)
    except OSError as error:
        raise PackageZipError(f"it cannot be read: {error.strerror}") from None
    try:
        return _read(file)
    except BaseException:
        file.close()
        raise


def _copied(path: Path) -> IO[bytes]:
    """A private copy of the file, which may change during the build. Raises OSError."""
    descriptor = open_input(path)
    try:
        refuse_large(os.fstat(descriptor).st_size, DATA, path)
        copy = tempfile.SpooledTemporaryFile(1 << 20)  # noqa: SIM115 - belongs to the PackageZip
        size = 0
        while piece := os.read(descriptor, _PIECE):
            size += len(piece)
            refuse_large(size, DATA, path)
            copy.write(piece)
        return copy
    finally:
        os.close(descriptor)


def _read(file: IO[bytes]) -> PackageZip:
    size = file.seek(0, 2)
    try:
        with zipfile.ZipFile(file) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            sizes = {one.filename: (one.compress_size, one.file_size) for one in members}
            folder = _folder(sizes)
            is_small = size <= LARGEST_ZIP and sum(one.file_size for one in members) < 1 << 30
            digest = _digest(archive, members) if is_small else ""
            manifest = _manifest(archive, f"{folder}{MANIFEST}")
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError) as error:
        raise PackageZipError(f"it is not a zip, or it is damaged: {error}") from None
    except (NotImplementedError, RuntimeError) as error:  # an encrypted member, among others
        raise PackageZipError(f"it cannot be unpacked: {error}") from None
    return PackageZip(file, size, sizes, folder.rstrip("/"), manifest, digest)


def _folder(sizes: Sizes) -> str:
    """The start of the names of the package's files: "" or `folder/`."""
    if MANIFEST in sizes:
        return ""
    found = sorted(name for name in sizes if name.count("/") == 1 and name.endswith(f"/{MANIFEST}"))
    if not found:
        raise PackageZipError(f"it has no {MANIFEST}, neither at its root nor in a folder there")
    if len(found) > 1:
        names = " and ".join(found[:2])
        raise PackageZipError(f"it has {names}; write one deploy_metadata step for each package")
    folder = found[0].removesuffix(MANIFEST)
    outside = [name for name in sizes if not name.startswith(folder)]
    if outside:
        raise PackageZipError(f"{outside[0]} is not in the folder {folder} of its {MANIFEST}")
    return folder


def _manifest(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        text = member.read(TEXT + 1)
    if len(text) > TEXT:
        raise PackageZipError(f"its {name} has more than {TEXT // 1_000_000} MB")
    return text


def _digest(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> str:
    digest = hashlib.sha256()
    for one in sorted(members, key=lambda member: member.filename):
        content = hashlib.sha256()
        for piece in _pieces(archive, one):
            content.update(piece)
        name = one.filename.encode()
        digest.update(struct.pack("<L", len(name)) + name + content.digest())
    return digest.hexdigest()


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of a member; never more than the zip declares."""
    with archive.open(member) as file:
        while piece := file.read(_PIECE):
            yield piece
