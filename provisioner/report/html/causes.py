"""The failures of the run by cause, and the warnings of its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.plain_text import quantity
from provisioner.report.html.markup import Markup, element

if TYPE_CHECKING:
    from provisioner.builder.causes import Cause
    from provisioner.report.html.orgs import Anchors
    from provisioner.report.record import RunRecord, Warned


def cause_section(record: RunRecord, anchors: Anchors) -> Markup:
    """A block for each cause; empty without failures."""
    causes = record.causes
    if not causes:
        return Markup("")
    title = f"Failures: {quantity(len(causes), 'cause')}"
    blocks = [_cause(cause, anchors) for cause in causes]
    return element("section", {"id": "causes"}, element("h2", None, title), blocks)


def _cause(cause: Cause, anchors: Anchors) -> Markup:
    where = element("code", {"class": "where"}, cause.location) if cause.location else None
    orgs = [element("li", None, anchors.link(username)) for username in cause.orgs]
    more = cause.count - len(cause.orgs)
    return element(
        "details",
        {"class": "cause", "open": ""},
        element(
            "summary",
            None,
            element("span", {"class": "count"}, str(cause.count)),
            element("span", None, f"{cause.step or 'unknown step'}: ", _first(cause)),
            " ",
            where,
        ),
        element("p", None, cause.message) if cause.message not in cause.what else None,
        element("pre", None, "\n".join(cause.details)) if cause.details else None,
        element("p", {"class": "fix"}, element("strong", None, "Fix: "), cause.hint)
        if cause.hint
        else None,
        element("ul", {"class": "orgs"}, orgs),
        element("p", {"class": "quiet"}, f"and {quantity(more, 'more org')}") if more > 0 else None,
    )


def _first(cause: Cause) -> str:
    return cause.what.removeprefix(f"{cause.step}: ")


def warning_section(record: RunRecord) -> Markup:
    """The warnings, equal ones together; empty without any."""
    if not record.warnings:
        return Markup("")
    items = [_warning(warned) for warned in record.warnings]
    title = f"Warnings: {len(record.warnings)}"
    return element(
        "section",
        {"id": "warnings"},
        element("h2", None, title),
        element("ul", {"class": "warnings"}, items),
    )


def _warning(warned: Warned) -> Markup:
    failed = "failed, and the org continued: " if warned.is_failure else ""
    return element(
        "li",
        None,
        element("strong", None, f"{warned.step}: "),
        f"{failed}{warned.message} ",
        element("span", {"class": "quiet"}, f"({quantity(len(warned.orgs), 'org')})"),
    )
