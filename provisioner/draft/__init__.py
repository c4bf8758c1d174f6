"""Drafts a pool.yaml: from what a project has and documents, and from files of other tools.

`found/` finds things in a project, `commands/` reads what its documents do, `imports/` reads files
of other tools. `assemble` joins them, `checking` checks the result, and `render` writes it.
"""

from provisioner.draft.compose import Target, composed
from provisioner.draft.model import Draft
from provisioner.draft.project import has_project
from provisioner.draft.summary import left_out_lines, summary

__all__ = ["Draft", "Target", "composed", "has_project", "left_out_lines", "summary"]
