"""Static resources: one file of any type, or a folder that becomes a zip.

Source: docs/reference/source-format.md#paths-in-the-package.
"""

from __future__ import annotations

from provisioner.archive import Archive
from provisioner.source.component import Component, short_name
from provisioner.source.documents import read_sections, text_of
from provisioner.source.outputs import Output, Outputs, Read
from provisioner.source.problems import Refusal
from provisioner.source.tree import split

_SMALL = 9 << 19  # 4.5 MB
_ARCHIVE_TYPES = ("application/zip", "application/x-zip-compressed", "application/jar")


def static_resource(outputs: Outputs, component: Component) -> None:
    """Add the content, with the suffix of the type, and the meta file. Raises Refusal."""
    kind, content, xml = component.type, component.content, component.xml
    if not xml:
        raise Refusal("ConversionError", content, f"{kind.name} {component.name} has no -meta.xml")
    name = f"{kind.directory}/{short_name(content)}.{kind.suffix}"
    if component.site.tree.is_folder(content):
        _check_type(component, outputs.read)
        files = tuple(component.content_files())
        if not files:
            raise Refusal("NoContentFoundError", xml, f"its folder {content} has no files to zip")
        zip_it = lambda _: zipped(content, files, outputs.read_copy)  # noqa: E731
        outputs.add(name, Output(content, zip_it))
    else:
        outputs.add(name, Output(content))
    outputs.add(f"{kind.directory}/{split(xml)[1]}", Output(xml))


def zipped(folder: str, files: tuple[str, ...], read: Read) -> Archive:
    """A folder's files as a zip, named relative to the folder.

    Compressed with the fastest level that keeps it small enough: an org takes up to 5 MB.
    """
    for level in (1, 6, 9):
        archive = Archive(level)
        for path in sorted(files):
            archive.add(path.removeprefix(f"{folder}/"), read(path))
        if archive.size <= _SMALL:
            break
    return archive


def _check_type(component: Component, read: Read) -> None:
    """Raise Refusal unless the meta file of a zipped folder names an archive as content type."""
    document = read_sections(read(component.xml), component.xml)
    types = [text_of(section) for section in document.sections if section.name == "contentType"]
    if document.root != component.type.name or not types:
        raise Refusal("LibraryError", component.xml, "it has no contentType")
    if types[0] not in _ARCHIVE_TYPES:
        raise Refusal(
            "LibraryError",
            component.xml,
            f"its content is a folder, so contentType must be {_ARCHIVE_TYPES[0]}, not {types[0]}",
        )
