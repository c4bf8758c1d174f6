"""Writes the files of a package into an archive: copies, and what is put together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from provisioner.input_file import DATA
from provisioner.source.archive import Archive, Entry
from provisioner.source.component import META
from provisioner.source.outputs import Output
from provisioner.source.problems import Findings, Refusal
from provisioner.source.replacements import Replacements
from provisioner.source.second_process import SecondProcess, Tickets, can_fork
from provisioner.source.tree import PIECE, Tree
from provisioner.source.xml_bytes import refuse_entities

_AT_ONCE = 4  # pieces; a file that has more is never held in memory as a whole
_MANY = 500  # files of a package from which on two processes are faster than one
_TOGETHER = 16  # neighbours that are written in one go
Files = Mapping[str, Output]
Answer = tuple[list[Entry], Findings, set[int]]


class Writer:
    """Reads what is asked for, replaces in it what is to be replaced, and writes it."""

    def __init__(self, tree: Tree, replacements: Replacements, findings: Findings) -> None:
        self._tree = tree
        self._replacements = replacements
        self._findings = findings

    def start(self, files: Files, *, may_fork: bool = False) -> Writing:
        """Begin to write; a second process does so at once if that is allowed and worth it."""
        writing = Writing(self, files)
        if may_fork and len(files) >= _MANY and can_fork():
            writing.fork()
        return writing

    def write(self, files: Files, names: Iterable[str], archive: Archive) -> None:
        """Write some of the files; what cannot be written is a problem of its own."""
        for name in names:
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
        if path.endswith(META):
            data = self._tree.read(path, DATA)
            refuse_entities(data, path)
            archive.add(name, self._replacements.copied(path, data))
            return
        if self._replacements.concerns(path):
            archive.add(name, self.read_copy(path))  # as a whole: what is replaced may lie anywhere
            return
        pieces = self._tree.pieces(path)
        data = b"".join(itertools.islice(pieces, _AT_ONCE))
        if len(data) == _AT_ONCE * PIECE:
            _add_stream(archive, name, path, itertools.chain([data], pieces))
            return
        archive.add(name, data)

    def read(self, path: str) -> bytes:
        """A file that is taken apart. Raises Refusal."""
        return self._replacements.whole(path, self._tree.read(path, DATA))

    def read_copy(self, path: str) -> bytes:
        """A file that is copied. Raises Refusal."""
        return self._replacements.copied(path, self._tree.read(path))

    def answer(self, archive: Archive) -> Answer:
        """What a second process tells the first one of its work."""
        archive.share()
        return archive.entries, self._findings, self._replacements.used

    def learn(self, answer: Answer) -> list[Entry]:
        """Take over what a second process found; the answer is what it wrote."""
        entries, findings, used = answer
        self._findings.add(findings)
        self._replacements.used |= used
        return entries


class Writing:
    """The files of one package on their way, in one process or in two: to the same bytes."""

    def __init__(self, writer: Writer, files: Files) -> None:
        self._writer = writer
        self._files = files
        self._jobs = _jobs(files)
        self._archive, self._other = Archive(), Archive()
        self._tickets: Tickets | None = None
        self._helper: SecondProcess | None = None

    def fork(self) -> None:
        """Let a second process begin."""
        self._other.share()
        self._tickets = tickets = Tickets(len(self._jobs))
        self._helper = SecondProcess(lambda: self._help(tickets))

    def _help(self, tickets: Tickets) -> Answer:
        for number in tickets:
            self._writer.write(self._files, self._jobs[number], self._other)
        return self._writer.answer(self._other)

    def finish(self, last: Mapping[str, bytes]) -> Archive:
        """Write what is left, and `last`; the archive is complete then."""
        done: set[int] = set()
        try:
            for number in self._tickets or range(len(self._jobs)):
                self._writer.write(self._files, self._jobs[number], self._archive)
                done.add(number)
        except BaseException:
            if self._helper:
                self._helper.stop()
            raise
        finally:
            if self._tickets:
                self._tickets.close()
        for name, content in last.items():
            self._archive.add(name, content)
        self._join(done)
        return self._archive

    def _join(self, done: set[int]) -> None:
        """Take over the work of the second process, or do it if it has failed."""
        answer = self._helper.result() if self._helper else None
        if answer is not None:
            self._archive.absorb(self._other, self._writer.learn(answer))
            return
        for number in set(range(len(self._jobs))) - done:
            self._writer.write(self._files, self._jobs[number], self._archive)


def _jobs(files: Files) -> Sequence[Sequence[str]]:
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
