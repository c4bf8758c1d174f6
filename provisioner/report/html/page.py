"""The page of a run: the result, causes, the picture of the night, times, requests, orgs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provisioner.ledger.base import LIVE
from provisioner.report.html.causes import cause_section, warning_section
from provisioner.report.html.markup import Markup, element
from provisioner.report.html.numbers import pool_section, request_section, time_section
from provisioner.report.html.orgs import Anchors, org_section
from provisioner.report.html.style import policy, style_sheet
from provisioner.report.html.timeline import timeline_section
from provisioner.report.run import retry_lines, verdict
from provisioner.report.timeline import org_lines

if TYPE_CHECKING:
    from provisioner.ledger.base import Org
    from provisioner.report.record import RunRecord

ICON = "data:,"  # none, so that a browser does not request /favicon.ico


def page(record: RunRecord, rows: Sequence[Org], contents: Mapping[str, Any]) -> str:
    """The whole file.

    `rows` are the ledger's; of these, the page lists the orgs of the run and all that are not
    deleted in its pools. `contents` has what orgs contain, by fingerprint.
    """
    orgs = _listed(record, rows)
    lines = org_lines(record)
    anchors = Anchors(org.username for org in orgs)
    sections = {
        "causes": ("Failures", cause_section(record, anchors)),
        "timeline": ("Timeline", timeline_section(record, lines, anchors)),
        "warnings": ("Warnings", warning_section(record)),
        "times": ("Times", time_section(record.times)),
        "requests": ("Requests", request_section(record.summary)),
        "orgs": ("Orgs", org_section(orgs, contents, record, anchors)),
    }
    links = [
        element("a", {"href": f"#{name}"}, title)
        for name, (title, part) in sections.items()
        if part
    ]
    navigation = element("nav", {"aria-label": "Sections"}, links)
    main = element("main", None, [part for _, part in sections.values()])
    body = element("body", None, _header(record, navigation), main)
    return f"<!doctype html>\n{element('html', {'lang': 'en'}, _head(record), body)}\n"


def _head(record: RunRecord) -> Markup:
    csp = {"http-equiv": "Content-Security-Policy", "content": policy()}
    return element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", csp),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "color-scheme", "content": "light dark"}),
        element("link", {"rel": "icon", "href": ICON}),
        element("title", None, f"Scratch orgs, {_date(record)}: {_short(record)}"),
        element("style", None, Markup(style_sheet())),
    )


def _header(record: RunRecord, navigation: Markup) -> Markup:
    run = record.run
    mark, kind = ("✓", "good") if record.summary.exit_code == 0 else ("✗", "bad")
    idle = len(record.idle_since)
    later = f"Later runs with nothing to build: {idle}"
    return element(
        "header",
        None,
        element("h1", None, "Scratch orgs, ", element("span", {"class": "date"}, _date(record))),
        element(
            "p",
            {"class": f"verdict {kind}"},
            element("span", {"class": "mark", "aria-hidden": "true"}, mark),
            element("span", None, _sentence(record)),
        ),
        element("p", {"class": "quiet"}, f"run {run.id} on {run.host}, {_period(record)}"),
        element("p", {"class": "quiet"}, later) if idle else None,
        [element("p", {"class": "quiet"}, line) for line in retry_lines(record.retries)],
        pool_section(record.summary),
        navigation,
    )


def _date(record: RunRecord) -> str:
    return f"{record.run.started_at:%Y-%m-%d}"


def _short(record: RunRecord) -> str:
    summary = record.summary
    return f"{summary.built} of {summary.wanted} built"


def _sentence(record: RunRecord) -> str:
    """The verdict with a capital letter."""
    message = record.summary.verdict() if record.summary.is_finished else verdict(record)
    return message[:1].upper() + message[1:]


def _period(record: RunRecord) -> str:
    run = record.run
    end = f" to {run.finished_at:%H:%M:%S}" if run.finished_at else ""
    return f"{run.started_at:%Y-%m-%d %H:%M:%S}{end} UTC"


def _listed(record: RunRecord, rows: Sequence[Org]) -> list[Org]:
    """The orgs of the run and those that wait in its pools; the failed ones first."""
    own = {event.username for event in record.events}
    pools = {pool.name for pool in record.summary.pools}
    pools |= {org.pool for org in rows if org.username in own}
    found = [
        org for org in rows if org.username in own or (org.pool in pools and org.state in LIVE)
    ]
    return sorted(found, key=lambda org: (org.username not in record.failures, org.pool))
