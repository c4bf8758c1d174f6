"""Converts a project into the parts of its package: components, members, files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.archive import Archive
from provisioner.source import deletions, manifest, project
from provisioner.source.component import Site
from provisioner.source.deletions import Deletions
from provisioner.source.ignore import nearest
from provisioner.source.manifest import Members
from provisioner.source.members import ComponentSet
from provisioner.source.origins import Origins
from provisioner.source.outputs import Outputs, fixed
from provisioner.source.problems import Findings, WarningKind
from provisioner.source.replacements import Replacements
from provisioner.source.resolve import Resolver
from provisioner.source.transform import transform
from provisioner.source.tree import Tree
from provisioner.source.writer import Writer


@dataclass(frozen=True)
class Request:
    """The options of a conversion."""

    api_version: str
    prefer_project_version: bool = True
    package_dirs: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    hidden: Collection[str] = ()  # variables of `environ` that contain secrets
    deletions: Mapping[str, Deletions] = field(default_factory=dict)  # by names in the package


@dataclass(frozen=True)
class Parts:
    """The parts of a package."""

    manifest: bytes
    members: Members
    archive: Archive
    deletions: Mapping[str, Members]  # by the name of the manifest in the package
    origins: Origins


def convert(tree: Tree, findings: Findings, request: Request) -> Parts:
    """Convert the project in a folder; problems are added to `findings`. Raises Refusal."""
    source = project.read(tree, findings, request.package_dirs)
    replacements = Replacements(
        source.replacements, tree, request.environ, findings, source.lines, request.hidden
    )
    components = _components(tree, findings, source)
    writer = Writer(tree, replacements, findings)
    outputs = _outputs(components, findings, writer)
    files = outputs.files()
    own_version = source.api_version if request.prefer_project_version else ""
    api_version = own_version or request.api_version
    removed = {
        name: found.members(source.registry, findings) for name, found in request.deletions.items()
    }
    for name, content in deletions.files(removed, api_version):
        files[name] = fixed(content)
    members = manifest.members_of(components, source.registry, findings)
    text = manifest.manifest(members, api_version)
    archive = writer.write({**files, manifest.FILE: fixed(text)})
    replacements.warn_of_unused()
    if not members and not any(removed.values()):
        findings.warn(WarningKind.NO_COMPONENTS, project.FILE, "no component was found")
    return Parts(text, members, archive, removed, Origins(files, outputs.joints))


def _components(tree: Tree, findings: Findings, source: project.Project) -> ComponentSet:
    components = ComponentSet()
    for directory in source.directories:
        path, ignore = nearest(tree, directory)
        if ignore.backslash_line:
            findings.warn(
                WarningKind.BACKSLASH,
                path,
                "a backslash does not separate folders",
                ignore.backslash_line,
            )
        site = Site(source.registry, tree, ignore, findings)
        for component in Resolver(site).components(directory):
            components.add(component)
    return components


def _outputs(components: ComponentSet, findings: Findings, writer: Writer) -> Outputs:
    outputs = Outputs(findings, writer.read, writer.read_copy)
    for component in components:
        if not component.type.is_addressable:
            findings.warn(
                WarningKind.LOST_CHILDREN,
                component.location,
                f"left out: the {component.type.name} is outside its parent's folder",
            )
            continue
        with findings.collect():
            transform(outputs, component)
    return outputs
