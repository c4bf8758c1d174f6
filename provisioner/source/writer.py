"""Writes the files of a package into an archive: copies, and what is put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from provisioner.source.archive import Archive, Entry
from provisioner.source.component import META
from provisioner.source.outputs import Output
from provisioner.source.problems import Findings, Refusal
from provisioner.source.replacements import Replacements
from provisioner.source.second_process import SecondProcess, Tickets, can_fork
from provisioner.source.tree import Tree
from provisioner.source.xml_bytes import refuse_entities

_LARGE = 1 << 20  # a file above this size is never held in memory as a whole
_CHUNK = 1 << 18
_MANY = 500  # files of a package from which on two processes are faster than one
_TOGETHER = 16  # neighbours that are written in one go
Files = Mapping[str, Output]


class Writer:
    """Reads what is asked for, replaces in it what is to be replaced, and writes it."""

    def __init__(self, tree: Tree, replacements: Replacements, findings: Findings) -> None:
        self._tree = tree
        self._replacements = replacements
        self._findings = findings

    def archive(self, files: Files, *, may_fork: bool = False) -> Archive:
        """All files, written by two processes if that is worth it: to the same bytes."""
        jobs = _jobs(files)
        archive, other = Archive(), Archive()
        if not may_fork or len(files) < _MANY or not can_fork():
            self._write(files, jobs, archive)
            return archive
        other.share()
        tickets = Tickets(len(jobs))
        helper = SecondProcess(lambda: self._help(files, jobs, tickets, other))
        done = set()
        try:
            for number in tickets:
                self._write(files, [jobs[number]], archive)
                done.add(number)
        except BaseException:
            helper.stop()
            raise
        finally:
            tickets.close()
        answer = helper.result()
        if answer is None:
            self._write(files, [job for n, job in enumerate(jobs) if n not in done], archive)
        else:
            entries, findings, used = answer
            archive.absorb(other, entries)
            self._findings.add(findings)
            self._replacements.used |= used
        return archive

    def _help(
        self, files: Files, jobs: Sequence[Sequence[str]], tickets: Tickets, archive: Archive
    ) -> tuple[list[Entry], Findings, set[int]]:
        """In the second process: take jobs, and tell the first one what came of them."""
        for number in tickets:
            self._write(files, [jobs[number]], archive)
        archive.flush()
        return archive.entries, self._findings, self._replacements.used

    def _write(self, files: Files, jobs: Sequence[Sequence[str]], archive: Archive) -> None:
        for job in jobs:
            for name in job:
                with self._findings.collect():
                    self._add(archive, name, files[name])

    def _add(self, archive: Archive, name: str, output: Output) -> None:
        path = output.path
        if output.make:
            made = output.make(self.read)
            if isinstance(made, Archive):
                _add_stream(archive, name, path, made.chunks())
            else:
                archive.add(name, made)
            return
        data = self._raw(path, None if self._replacements.concerns(path) else _LARGE)
        if data is None:
            _add_stream(archive, name, path, self._chunks(path))
            return
        if path.endswith(META):
            refuse_entities(data, path)
        archive.add(name, self._replacements.copied(path, data))

    def read(self, path: str) -> bytes:
        """A file that is taken apart. Raises Refusal."""
        return self._replacements.whole(path, self._raw(path, None) or b"")

    def read_copy(self, path: str) -> bytes:
        """A file that is copied. Raises Refusal."""
        return self._replacements.copied(path, self._raw(path, None) or b"")

    def _raw(self, path: str, most: int | None) -> bytes | None:
        try:
            return self._tree.read_up_to(path, most)
        except OSError as error:
            raise Refusal("ConversionError", path, f"it cannot be read: {error.strerror}") from None

    def _chunks(self, path: str) -> Iterator[bytes]:
        with open(self._tree.location(path), "rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _jobs(files: Files) -> list[list[str]]:
    """Names that are written together; what takes longest comes first, each on its own."""
    slow = [[name] for name in sorted(files) if files[name].is_slow]
    names = [name for name in sorted(files) if not files[name].is_slow]
    together = max(_TOGETHER, len(names) // (Tickets.MOST - len(slow)) + 1)
    return [*slow, *(names[at : at + together] for at in range(0, len(names), together))]


def _add_stream(archive: Archive, name: str, path: str, chunks: Iterator[bytes]) -> None:
    try:
        archive.add_stream(name, chunks)
    except OverflowError as error:
        raise Refusal("ConversionError", path, str(error)) from None
