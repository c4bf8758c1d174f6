"""`load_data: { files: … }`: files as ContentVersion, streamed from disk."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.declare.options import Finding
from provisioner.errors import ErrorKind, SalesforceError, UsageError
from provisioner.plain_text import quantity
from provisioner.salesforce.api_errors import TIMED_OUT
from provisioner.salesforce.files import (
    LARGEST,
    MOST_TOGETHER,
    TOGETHER,
    FileVersion,
    file_versions,
    upload_file,
    upload_together,
)
from provisioner.salesforce.streamed import StreamedBody
from provisioner.steps.base import (
    Done,
    Outcome,
    OutcomeUnknown,
    Pending,
    StartAgain,
    StepContext,
    StepFailed,
)
from provisioner.steps.cached_input import CachedInput
from provisioner.steps.components import Need
from provisioner.steps.disk_file import DiskFile, is_unchanged, known_file

SHOWN = 5  # names in an error
TURN = 5.0  # seconds after which a long upload returns the thread to other orgs


@dataclass(frozen=True)
class FilesForm:
    """Uploads files that the org does not have.

    Safe to run twice because it first reads which files the user has uploaded: one with the same
    title, path and MD5 checksum is not uploaded again. After a time-out an upload may still be in
    progress, therefore the org is replaced.
    """

    files: tuple[Path, ...]
    cached: CachedInput

    def check(self, directory: Path) -> Iterable[Finding]:
        """Read all files."""
        for number, problem in self._problems(directory):
            yield Finding(f"files.{number}", problem)

    def needs(self, directory: Path) -> Iterable[Need]:  # noqa: ARG002 - the contract
        """Nothing: ContentVersion is there in each org."""
        return ()

    def start(self, context: StepContext) -> Outcome:
        """Upload what is missing."""
        wanted = self.cached.get("", lambda: self._read(context.directory))
        names = sorted({file.path.name for file in wanted})
        there = set(file_versions(context.org, names))
        missing = [
            (name, file)
            for name, file in zip(self.files, wanted, strict=True)
            if _version(file) not in there
        ]
        since, done = time.monotonic(), len(wanted) - len(missing)
        for batch in _batches(missing):
            if time.monotonic() - since > TURN:
                note = f"{done:,} of {quantity(len(wanted), 'file')}"
                return Pending(StartAgain(), note=note, wait=0.0, is_progress=True)
            self._upload(context, batch)
            done += len(batch)
        return Done(f"uploaded {quantity(len(wanted), 'file')}")

    def poll(self, context: StepContext, _state: StartAgain) -> Outcome:
        """Upload what is still missing."""
        return self.start(context)

    def read_state(self, _text: str) -> StartAgain:
        """Whatever it is, the org shows which files it has."""
        return StartAgain()

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """Name and hash of each file. Raises UsageError with all problems."""
        for file in self.cached.fresh("", lambda: self._read(directory)):
            yield f"{file.path.name}\0{file.digest}".encode()

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """The files."""
        files = self.cached.get("", lambda: self._read(directory))
        for name, file in zip(self.files, files, strict=True):
            yield name.as_posix(), bytes.fromhex(file.digest)

    def _upload(self, context: StepContext, batch: Sequence[tuple[Path, DiskFile]]) -> None:
        """Upload files by one request."""
        for name, file in batch:
            if not is_unchanged(file.path, file.identity):
                raise StepFailed(
                    f"{name}: the file was changed during the build",
                    hint="start the build again: it loads what the file contains now",
                )
        try:
            refused = _sent(context, [file for _, file in batch])
        except SalesforceError as error:
            if error.error_code == TIMED_OUT or error.status == 504:
                were = "was" if len(batch) == 1 else "were"
                names = ", ".join(str(name) for name, _ in batch[:SHOWN])
                text = f"it is unknown whether {names} {were} uploaded: {error.message}"
                raise OutcomeUnknown(text) from None
            refused = [error] * len(batch)
        for (name, _), found in zip(batch, refused, strict=True):
            if found is None:
                continue
            if found.kind is not ErrorKind.CONTENT:
                raise found
            raise StepFailed(f"{name}: {found.message}", hint=found.hint)

    def _problems(self, directory: Path) -> Iterator[tuple[int, str]]:
        seen: dict[tuple[str, str], Path] = {}
        for number, name in enumerate(self.files):
            try:
                found = known_file(directory / name, LARGEST)
            except OSError as error:
                yield number, f"{name} cannot be read: {error.strerror}"
                continue
            if not found.size:
                yield number, f"{name} is empty; Salesforce needs content"
            if len(found.path.name) > 255:
                yield number, f"{name}: the name of a file may have 255 characters"
            other = seen.setdefault((found.path.name, found.digest), name)
            if other != name or self.files.index(name) != number:
                yield number, f"{name} is the same file as {other}; remove one"

    def _read(self, directory: Path) -> tuple[DiskFile, ...]:
        wrong = [problem for _, problem in self._problems(directory)]
        if wrong:
            raise UsageError("\n".join(wrong), code="data_files")
        return tuple(known_file(directory / name, LARGEST) for name in self.files)


def _batches(files: Iterable[tuple[Path, DiskFile]]) -> Iterator[list[tuple[Path, DiskFile]]]:
    """Files that share a request; a large one is alone."""
    batch: list[tuple[Path, DiskFile]] = []
    size = 0
    for name, file in files:
        if batch and (len(batch) == MOST_TOGETHER or size + file.size > TOGETHER):
            yield batch
            batch, size = [], 0
        batch.append((name, file))
        size += file.size
    if batch:
        yield batch


def _sent(context: StepContext, files: Sequence[DiskFile]) -> Sequence[SalesforceError | None]:
    """Why a file was refused, or None, for each. Raises SalesforceError."""
    bodies = [(_version(file), StreamedBody(file.size, file.pieces)) for file in files]
    if len(bodies) > 1:
        return upload_together(context.org, bodies)
    upload_file(context.org, *bodies[0])
    return [None]


def _version(file: DiskFile) -> FileVersion:
    """The file as the org shows it after the upload."""
    return FileVersion(file.path.stem, file.path.name, file.md5)
