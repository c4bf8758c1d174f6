"""What an org contains, as the build recorded it for the org's fingerprint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provisioner.report.summary import mapping, text, texts

if TYPE_CHECKING:
    from provisioner.ledger.base import Org

SINGLE = frozenset({"Definition", "Source commit", "Snapshot", "Fingerprint"})
"""The titles with one value at most; all others have a list."""
_LISTS = (
    ("Source", "source"),
    ("Permission sets", "permission_sets"),
    ("Data", "data"),
    ("Steps", "steps"),
)


def org_content(
    org: Org, contents: Mapping[str, Any], *, is_complete: bool = True
) -> list[tuple[str, Sequence[str]]]:
    """Titles with their values, those without a value left out.

    `contents` is what builds recorded, by fingerprint. An org that failed before it was available
    is not complete: it has only a part of that, or nothing.
    """
    known = mapping(contents, org.fingerprint)
    return [(title, values) for title, values in _all(org, known, is_complete) if values]


def _all(
    org: Org, known: Mapping[str, Any], is_complete: bool
) -> Iterator[tuple[str, Sequence[str]]]:
    yield "Definition", _one(org.definition or text(known, "definition"))
    known = known if is_complete else {}
    yield "Packages", texts(known, "package_names") or texts(known, "packages")
    yield "Source commit", _one(text(known, "source_commit"))
    for title, key in _LISTS:
        yield title, texts(known, key)
    users = [f"{user.get('persona', '')}: {user.get('username', '')}" for user in org.users]
    yield "Users", users or texts(known, "users")
    yield "Snapshot", _one(org.snapshot)
    yield "Fingerprint", _one(org.fingerprint)


def _one(value: str) -> list[str]:
    return [value] if value else []
