"""Scripts of package.json: `npm run NAME` in a document stands for the commands of the script."""

from __future__ import annotations

import re
from collections.abc import Mapping

from provisioner.draft.project import Project

_RUN = re.compile(r"\b(?:npm run(?:-script)?|yarn(?: run)?|pnpm(?: run)?)[ \t]+([\w:.-]+)")
_DEEPEST = 3
_LONGEST = 1_000  # characters of a script
_MOST = 200  # scripts that are inserted into a text, at each depth


def with_scripts(text: str, project: Project) -> str:
    """The text with the commands of each script in place of its name; the lines stay the same."""
    scripts = _scripts(project)
    for _ in range(_DEEPEST if scripts else 0):
        text = _RUN.sub(lambda match: scripts.get(match[1], match[0]), text, count=_MOST)
    return text


def _scripts(project: Project) -> Mapping[str, str]:
    """The scripts of one line, by name."""
    content = project.peek_json("package.json")
    found = content.get("scripts") if isinstance(content, Mapping) else None
    if not isinstance(found, Mapping):
        return {}
    return {
        str(name): script
        for name, script in found.items()
        if isinstance(script, str) and "\n" not in script and len(script) <= _LONGEST
    }
