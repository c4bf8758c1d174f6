"""Writes the files of a package into an archive: copies, and what is put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

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
