"""The picture of the night: a bar for each org, with its steps in their colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provisioner.ledger.base import State
from provisioner.plain_text import quantity
from provisioner.report.html.markup import Markup, element
from provisioner.report.html.style import COLOURS
from provisioner.report.step_times import spent

if TYPE_CHECKING:
    from provisioner.report.html.orgs import Anchors
    from provisioner.report.record import RunRecord
    from provisioner.report.timeline import OrgLine, OrgSpan

HEIGHT = "14"  # pixels of a bar
NARROWEST = 0.2  # percent: a short step stays visible
MOST_TICKS = 6
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)


def timeline_section(record: RunRecord, lines: Sequence[OrgLine], anchors: Anchors) -> Markup:
    """The picture with its legend; empty for a run that built nothing."""
    if not lines:
        return Markup("")
    steps = list(dict.fromkeys(span.step for line in lines for span in line.spans))
    length = max([record.summary.seconds or 0.0, *map(_last, lines), 1e-3])
    legend = [
        element("li", None, element("span", {"class": f"swatch {_colour(n)}"}), step)
        for n, step in enumerate(steps)
    ]
    failed = element("li", None, element("span", {"class": "swatch failed"}), "failed in this step")
    rows = [_row(line, steps, length, anchors) for line in lines]
    return element(
        "section",
        {"id": "timeline"},
        element("h2", None, f"Timeline: {quantity(len(lines), 'org')}"),
        element("ul", {"class": "legend"}, legend, failed),
        element(
            "div",
            {
                "class": "timeline",
                "tabindex": "0",
                "role": "region",
                "aria-label": "Timeline of the orgs",
            },
            _axis(length),
            element("ol", None, rows),
        ),
    )


def _axis(length: float) -> Markup:
    """The time since the start of the run."""
    step = next((tick for tick in _TICKS if length / tick <= MOST_TICKS), _TICKS[-1])
    ticks = [number * step for number in range(int(length // step) + 1)]
    texts = [
        element("text", {"x": _percent(at, length), "y": "12"}, f"{spent(at)}" if at else "0")
        for at in ticks
        if at < 0.95 * length
    ]
    return element(
        "div",
        {"class": "axis"},
        element("svg", {"width": "100%", "height": "16", "aria-hidden": "true"}, texts),
    )


def _row(line: OrgLine, steps: Sequence[str], length: float, anchors: Anchors) -> Markup:
    is_failed = line.outcome is State.FAILED
    mark = "✗ " if is_failed else "… " if line.outcome is None else ""
    picture = {"width": "100%", "height": HEIGHT, "role": "img", "aria-label": _described(line)}
    last = len(line.spans) - 1
    bars = [
        _bar(span, steps.index(span.step), length, is_failed=is_failed and number == last)
        for number, span in enumerate(line.spans)
    ]
    return element(
        "li",
        {"class": "failed" if is_failed else None},
        element("span", {"class": "name"}, mark, anchors.link(line.username)),
        element("svg", picture, bars),
    )


def _bar(span: OrgSpan, number: int, length: float, *, is_failed: bool) -> Markup:
    end = length if span.end is None else span.end
    width = max(100 * (end - span.start) / length, NARROWEST)
    attributes = {
        "class": "failed" if is_failed else _colour(number),
        "x": _percent(span.start, length),
        "width": f"{width:.2f}%",
        "height": HEIGHT,
    }
    return element("rect", attributes, element("title", None, _span(span)))


def _described(line: OrgLine) -> str:
    """What the bar shows, for those who do not see it."""
    outcome = str(line.outcome) if line.outcome else "without an outcome"
    return ", ".join([*map(_span, line.spans), outcome])


def _span(span: OrgSpan) -> str:
    return f"{span.step} {spent(span.end - span.start) if span.end is not None else 'no end'}"


def _last(line: OrgLine) -> float:
    return max(span.start if span.end is None else span.end for span in line.spans)


def _colour(number: int) -> str:
    return f"s{number % COLOURS}"


def _percent(at: float, length: float) -> str:
    return f"{100 * at / length:.2f}%"
