"""Small projects that together cover every rule of the conversion, each named after its rule.

`scripts/compare-source --covering` runs them through the official library, too;
`--record` keeps what that gave in `official.json`, which `test_covering.py` holds us to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.source import Package, package

Files = Mapping[str, str | bytes]
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
D = "force-app/main/default/"
ENVIRON = {"COMPARE_SET": "from the environment", "COMPARE_PATTERN": "x$&y$$z", "COMPARE_ON": "yes"}


@dataclass(frozen=True)
class Covering:
    """One project. `only_we_refuse`: a defect that the official converter lets pass."""

    files: Files
    settings: Mapping[str, object] = field(default_factory=dict)
    only_we_refuse: bool = False
    links: Mapping[str, str] = field(default_factory=dict)


def xml(root: str, inside: str = "", attributes: str = "") -> str:
    """A metadata file as Salesforce writes it."""
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f'{head}<{root} xmlns="{NAMESPACE}"{attributes}>\n    {inside}\n</{root}>\n'


def field_file(name: str, more: str = "") -> str:
    return xml("CustomField", f"<fullName>{name}</fullName><type>Text</type>{more}")


def object_file(more: str = "<label>X</label><pluralLabel>Xs</pluralLabel>") -> str:
    return xml("CustomObject", more)


def apex(name: str, folder: str = D) -> dict[str, str]:
    return {
        f"{folder}classes/{name}.cls": f"public class {name} {{}}\n",
        f"{folder}classes/{name}.cls-meta.xml": xml("ApexClass", "<apiVersion>62.0</apiVersion>"),
    }


def below(folder: str, files: Files) -> dict[str, str | bytes]:
    return {f"{folder}{name}": content for name, content in files.items()}


def in_app(files: Files) -> Covering:
    return Covering(below(D, files))


def write(project: Covering, root: Path) -> Path:
    """Write a project below a folder and give the project's folder."""
    settings = {
        "packageDirectories": [{"path": "force-app", "default": True}],
        "sourceApiVersion": "62.0",
        **project.settings,
    }
    for name, content in {
        "sfdx-project.json": json.dumps(settings, indent=2),
        **project.files,
    }.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    for name, target in project.links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    return root


def converted(root: Path, environ: Mapping[str, str] = ENVIRON) -> Package:
    """Our package of a project, with the deletions at its root."""
    wanted = {name: root / f"destructiveChanges{name}.xml" for name in ("Pre", "Post")}
    before, after = (wanted[name] if wanted[name].exists() else None for name in wanted)
    return package(
        root, api_version="58.0", environ=environ, delete_before=before, delete_after=after
    )


def write_all(root: Path) -> dict[Path, str]:
    """Write all projects; "refused" marks those that only we refuse."""
    from tests.source import covering

    return {
        write(project, root / name): "refused" if project.only_we_refuse else ""
        for name, project in covering.PROJECTS.items()
    }
