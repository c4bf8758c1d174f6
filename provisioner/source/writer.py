"""Writes the files of a package into an archive: copies, and files made from several."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from provisioner.archive import Archive
from provisioner.input_file import DATA
from provisioner.source.component import META
from provisioner.source.outputs import Output
from provisioner.source.problems import Findings
from provisioner.source.replacements import Replacements
from provisioner.source.tree import PIECE, Tree
from provisioner.source.xml_bytes import refuse_entities

_MOST_IN_MEMORY = 4  # pieces; a file with more is never in memory as a whole


class Writer:
    """Reads the files of a project, applies replacements, and writes them."""

    def __init__(self, tree: Tree, replacements: Replacements, findings: Findings) -> None:
        self._tree = tree
        self._replacements = replacements
        self._findings = findings

    def write(self, files: Mapping[str, Output]) -> Archive:
        """Write all files, by their names in the package; each Refusal is added as a problem."""
        archive = Archive()
        for name in sorted(files):
            with self._findings.collect():
                self._add(archive, name, files[name])
        return archive

    def _add(self, archive: Archive, name: str, output: Output) -> None:
        path = output.path
        if output.make:
            made = output.make(self.read)
            if isinstance(made, Archive):
                archive.add_archive(name, made)
            else:
                archive.add(name, made)
            return
        if path.endswith(META):
            data = self._tree.read(path, DATA)
            refuse_entities(data, path)
            archive.add(name, self._replacements.copied(path, data))
            return
        if self._replacements.concerns(path):
            archive.add(name, self.read_copy(path))  # as a whole: a match may be anywhere
            return
        pieces = self._tree.pieces(path)
        data = b"".join(itertools.islice(pieces, _MOST_IN_MEMORY))
        if len(data) == _MOST_IN_MEMORY * PIECE:
            archive.add_pieces(name, itertools.chain([data], pieces))
            return
        archive.add(name, data)

    def read(self, path: str) -> bytes:
        """The content of a file that is parsed. Raises Refusal."""
        return self._replacements.whole(path, self._tree.read(path, DATA))

    def read_copy(self, path: str) -> bytes:
        """The content of a file that is copied. Raises Refusal."""
        return self._replacements.copied(path, self._tree.read(path))
