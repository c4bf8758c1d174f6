"""Reads a folder in metadata format, which becomes a package unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioner.input_file import TEXT
from provisioner.source import deletions
from provisioner.source.conversion import Parts
from provisioner.source.deletions import Deletions
from provisioner.source.manifest import FILE, Members
from provisioner.source.manifest_reader import Manifest, read_manifest
from provisioner.source.origins import Origins
from provisioner.source.outputs import Output, fixed
from provisioner.source.problems import Findings
from provisioner.source.project import LineFinder
from provisioner.source.registry import load
from provisioner.source.replacements import Replacements
from provisioner.source.tree import Tree, join
from provisioner.source.writer import Writer


def read(
    tree: Tree, findings: Findings, wanted: Mapping[str, Deletions], api_version: str
) -> Parts:
    """The manifest, its members, and all files of the folder. Raises Refusal.

    `wanted` are manifests of deletions by their names in the package, which must be unused.
    """
    text = tree.read(FILE, TEXT)
    listed = read_manifest(text, FILE)
    files = {path: Output(path) for path in _files(tree, findings, "")}
    removed = {name: found.members(load(), findings) for name, found in wanted.items()}
    for name, content in deletions.files(removed, listed.version or api_version):
        if name in files:
            message = f"the folder already has a {name}; remove that file or the option"
            findings.refuse("", wanted[name].path, message)
        files[name] = fixed(content)
    nothing = Replacements((), tree, {}, findings, LineFinder(""))
    archive = Writer(tree, nothing, findings).write(files)
    return Parts(text, _members(listed), archive, removed, Origins(files))


def _members(listed: Manifest) -> Members:
    found: dict[str, tuple[str, ...]] = {}
    for types in listed.types:
        names = tuple(member.name for member in types.members)
        found[types.name] = found.get(types.name, ()) + names
    return found


def _files(tree: Tree, findings: Findings, folder: str) -> Iterator[str]:
    listed = tree.folder(folder)
    for name in listed.names:
        path = join(folder, name)
        if name in listed.unreadable:
            findings.refuse("unreadable", path, listed.unreadable[name])
        elif name in listed.folders:
            yield from _files(tree, findings, path)
        else:
            yield path
