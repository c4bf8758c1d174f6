"""The content card of an org: what it was built from and what it contains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.report.summary import mapping, text, texts

if TYPE_CHECKING:
    from provisioner.ledger.base import Org

_LISTS = (
    ("Source", "source"),
    ("Permission sets", "permission_sets"),
    ("Data", "data"),
    ("Steps", "steps"),
)


def content_card(org: Org, contents: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Titles and values. `contents` is what builds recorded, by fingerprint."""
    known = mapping(contents, org.fingerprint)
    return [(title, values) for title, values in _facts(org, known) if values]


def _facts(org: Org, known: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    yield "Definition", _one(org.definition or text(known, "definition"))
    yield "Snapshot", _one(org.snapshot)
    yield "Packages", texts(known, "package_names") or texts(known, "packages")
    yield "Source commit", _one(text(known, "source_commit"))
    for title, key in _LISTS:
        yield title, texts(known, key)
    users = [f"{user.get('persona', '')}: {user.get('username', '')}" for user in org.users]
    yield "Users", users or texts(known, "users")
    yield "Fingerprint", _one(org.fingerprint)


def _one(value: str) -> list[str]:
    return [value] if value else []
