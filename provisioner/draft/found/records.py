"""Names files of records that no plan and no export.json lists: init cannot say what they are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.draft.model import Step
from provisioner.draft.project import Project

_FOLDERS = re.compile(r"(?:.*/)?(?:data|datasets?|sample-?data)/.*", re.IGNORECASE)
_CSV = "records in CSV; write load_data: {{ csv: {file}, object: … }} to load them"
_RECORDS = "records without a plan; list the file in a plan to load them"


def find(project: Project) -> Iterator[Step]:
    """No steps: the files are left out, each with what would load it."""
    scripts = {posixpath.dirname(f) for f in project.files if f.endswith("export.json")}
    for file in project.others(".csv"):
        if _FOLDERS.fullmatch(file) and posixpath.dirname(file) not in scripts:
            project.leave_out(file, _CSV.format(file=file))
    planned = set(_planned(project))
    for file in project.others(".json"):
        if (
            _FOLDERS.fullmatch(file)
            and file not in planned
            and _is_records(project.peek_json(file))
        ):
            project.leave_out(file, _RECORDS)
    return iter(())


def _planned(project: Project) -> Iterator[str]:
    """The files that plans list."""
    for file in project.others(".json"):
        content = project.peek_json(file) if "plan" in file.lower() else None
        for part in content if isinstance(content, list) else ():
            names = part.get("files") if isinstance(part, Mapping) else None
            for name in names if isinstance(names, list) else ():
                yield posixpath.normpath(posixpath.join(posixpath.dirname(file), str(name)))


def _is_records(content: Any) -> bool:
    records = content.get("records") if isinstance(content, Mapping) else None
    first = records[0] if isinstance(records, list) and records else None
    return isinstance(first, Mapping) and "attributes" in first
