"""A card for each org: its state, and what it contains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provisioner.ledger.base import State
from provisioner.plain_text import quantity
from provisioner.report.html.markup import Markup, Part, element
from provisioner.report.org_content import SINGLE, org_content

if TYPE_CHECKING:
    from datetime import datetime

    from provisioner.ledger.base import Org
    from provisioner.report.record import RunRecord

_CODES = frozenset({"Source commit", "Fingerprint"})


class Anchors:
    """The ids of the cards, so that other sections refer to them."""

    def __init__(self, usernames: Iterable[str]) -> None:
        self._ids = {name: f"org-{number}" for number, name in enumerate(usernames, 1)}

    def id_of(self, username: str) -> str | None:
        """The id of the content of an org's card; None without a card."""
        return self._ids.get(username)

    def link(self, username: str) -> Markup:
        """The username, as a link to its card if there is one."""
        found = self._ids.get(username)
        if found is None:
            return element("span", None, username)
        return element("a", {"href": f"#{found}"}, username)


def org_section(
    orgs: Sequence[Org], contents: Mapping[str, Any], record: RunRecord, anchors: Anchors
) -> Markup:
    """The cards, closed; a link to one opens it."""
    if not orgs:
        return Markup("")
    cards = [_card(org, contents, record.failures.get(org.username), anchors) for org in orgs]
    title = f"Orgs: {quantity(len(orgs), 'org')} and what they contain"
    return element("section", {"id": "orgs"}, element("h2", None, title), cards)


def _card(org: Org, contents: Mapping[str, Any], failure: str | None, anchors: Anchors) -> Markup:
    state = f"{org.state.replace('_', ' ')}{' (kept)' if org.kept else ''}"
    facts = [
        part
        for name, value in (
            *_facts(org, failure),
            *_contents(org, contents, is_failed=bool(failure)),
        )
        if value
        for part in (element("dt", None, name), element("dd", None, value))
    ]
    return element(
        "details",
        {"class": "card"},
        element(
            "summary",
            None,
            element("span", {"class": "name"}, org.username),
            " ",
            element("span", {"class": f"state {org.state}"}, state),
        ),
        element("dl", {"id": anchors.id_of(org.username)}, facts),
    )


def _facts(org: Org, failure: str | None) -> Iterator[tuple[str, Part]]:
    """What the row of the org says."""
    yield "Failed", element("span", {"class": "bad"}, failure) if failure else None
    if org.state is State.FAILED:
        yield "Error", element("pre", None, org.error)
    yield "Pool", org.pool
    yield "Org id", org.org_id
    yield "Instance", org.instance_url
    yield "Available", _minute(org.available_at)
    yield "Expires", _minute(org.expires_at)
    yield "Held by", org.owner if org.state is State.CLAIMED else ""
    if org.state in (State.AVAILABLE, State.CLAIMED):
        yield "Log in", element("code", None, f"provisioner login {org.username}")


def _contents(
    org: Org, contents: Mapping[str, Any], *, is_failed: bool
) -> Iterator[tuple[str, Part]]:
    """What is in the org."""
    is_complete = not is_failed or org.available_at is not None
    for title, values in org_content(org, contents, is_complete=is_complete):
        if title not in SINGLE:
            yield title, _list(values)
        else:
            yield title, element("code", None, values[0]) if title in _CODES else values[0]


def _list(items: Sequence[str]) -> Markup:
    return element("ul", None, [element("li", None, item) for item in items])


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""
