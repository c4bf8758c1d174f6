"""What has changed in the content of an org, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provisioner.builder.input_changes import Change

MOST_NAMES = 3  # of one change
LONGEST_PATH = 40  # characters; a longer one is shown without its middle


def changes_text(changes: Iterable[Change]) -> str:
    """`source: force-app/…/Visit.cls, steps[1]; definition: features`."""
    return "; ".join(change_text(change) for change in changes)


def change_text(change: Change) -> str:
    """One change: what, its names, the step as pool.yaml counts it."""
    step = f", {change.step}" if change.step else ""
    if change.how:
        name = f" {', '.join(change.names)}" if change.names else ""
        return f"{change.what}{name} {change.how}{step}"
    shown = [_name(name) for name in change.names[:MOST_NAMES]]
    more = len(change.names) - len(shown)
    names = ", ".join([*shown, *([f"{more} more"] if more > 0 else [])])
    return f"{change.what}: {names}{step}" if names else f"{change.what}{step}"


def change_document(change: Change) -> dict[str, Any]:
    """A change as JSON; a name that is gone begins with `-`."""
    return {
        "what": change.what,
        "names": list(change.names),
        "step": change.step or None,
        "how": change.how or "changed",
    }


def _name(name: str) -> str:
    gone = name.startswith("-")
    return f"{short_path(name.removeprefix('-'))} removed" if gone else short_path(name)


def short_path(path: str) -> str:
    """`force-app/…/Visit.cls` for a long path; the first folder and the file are kept."""
    first, _, rest = path.rstrip("/").partition("/")
    if len(path) <= LONGEST_PATH or "/" not in rest:
        return path
    end = "/" if path.endswith("/") else ""
    return f"{first}/…/{rest.rpartition('/')[2]}{end}"
